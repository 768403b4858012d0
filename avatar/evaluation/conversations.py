"""A recorded conversation whose truth is known, as an evaluation takes it."""

from __future__ import annotations

from dataclasses import dataclass

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.evaluation.parts import FLAME_COLUMNS, EvaluationError


@dataclass(frozen=True, eq=False)
class Conversation:
    """Two sides of one recording over the same T frames of 40 ms.

    ``agent_pcm`` and ``user_pcm`` are float32 (640 T,) at 16 kHz, -1..1; ``agent_motion`` (the truth) and
    ``user_motion`` (None where it isn't known) are float32 FLAME-56 (T, 56): expression, jaw, neck. Raises
    ``EvaluationError`` for other shapes.
    """

    name: str
    agent_pcm: FloatArray
    user_pcm: FloatArray
    agent_motion: FloatArray
    user_motion: FloatArray | None = None

    def __post_init__(self) -> None:
        due = (self.frames, FLAME_COLUMNS)
        for whose, motion in (("agent", self.agent_motion), ("user", self.user_motion)):
            if motion is not None and motion.shape != due:
                raise EvaluationError(f"{self.name}: {whose} motion has shape {motion.shape}; {due} is due")
        samples = self.frames * FRAME_SAMPLES
        for whose, pcm in (("agent", self.agent_pcm), ("user", self.user_pcm)):
            if pcm.shape != (samples,):
                raise EvaluationError(f"{self.name}: {whose} sound is {pcm.shape}; ({samples},) is due")

    @property
    def frames(self) -> int:
        """Length in frames of 40 ms."""
        return len(self.agent_motion)
