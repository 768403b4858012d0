"""One animator through all of the material: its rows, and the motion they were measured on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from avatar.animate import animate
from avatar.animator import Animator, FloatArray
from avatar.evaluation.quality.listening import listening_rows
from avatar.evaluation.quality.material import Material
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.recorded import RecordedClip, recorded_rows
from avatar.evaluation.quality.responsiveness import responsiveness_rows
from avatar.evaluation.quality.row import Row
from avatar.evaluation.quality.script import Script, converse, recite
from avatar.evaluation.quality.speaking import material_rows
from avatar.evaluation.quality.switches import switch_rows

Progress = Callable[[str, int, int], None]  # what, frames done, frames in all


class QualityOptions(BaseModel):
    """How much is measured, and from which seeds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes: float = Field(default=12.0, gt=0, description="Length of the conversation, minutes.")
    seed: int = Field(default=0, ge=0, description="Seed of the faces and of the shifts in time.")
    conversation_seed: int = Field(default=7, ge=0, description="Seed of the conversation's turns.")
    clip_runs: int = Field(
        default=3, ge=1, description="Seeds with which the recorded clip is answered, averaged, runs."
    )


@dataclass(frozen=True, eq=False)
class Measured:
    """One animator's ``rows``, and its performances for a closer look; ``frames`` were animated in all."""

    name: str
    rows: tuple[Row, ...]
    recital: Performance = field(repr=False)
    conversation: Performance = field(repr=False)
    frames: int


def evaluate(
    name: str,
    animator: Animator,
    material: Material,
    options: QualityOptions | None = None,
    progress: Progress | None = None,
) -> Measured:
    """Animate the material and measure every row.

    Each voice is one stream that says all its utterances; the conversation alternates between two sides made
    of the human prompts. The partner's motion is unknown throughout. Raises ``QualityError`` if the prompts
    are too short for a conversation.
    """
    options = options or QualityOptions()
    talk = converse(material.human, options.minutes, options.conversation_seed)
    stage = _Stage(animator, options.seed, progress)
    recital = stage.perform("human prompts", recite(material.human), "human prompts")
    held_out = [
        stage.perform(voice, recite(said), f"voice {voice}") for voice, said in material.synthetic.items()
    ]
    conversation = stage.perform("conversation", talk, "conversation")
    rows = material_rows(recital, held_out)
    rows += listening_rows(conversation)
    rows += responsiveness_rows(conversation, options.seed)
    rows += switch_rows(conversation)
    if material.clip is not None:
        motions = stage.answer(material.clip, options.clip_runs)
        rows += recorded_rows(material.clip, motions, material.flame_map)
    return Measured(name, tuple(rows), recital, conversation, stage.frames)


class _Stage:
    """Lets one animator perform, and counts frames."""

    def __init__(self, animator: Animator, seed: int, progress: Progress | None) -> None:
        self.frames = 0
        self._animator = animator
        self._seed = seed
        self._progress = progress

    def perform(self, voice: str, script: Script, what: str) -> Performance:
        """The agent's motion for a script."""
        return Performance(voice, script, self._animate(script.agent_pcm, script.user_pcm, self._seed, what))

    def answer(self, clip: RecordedClip, runs: int) -> list[FloatArray]:
        """The agent's motion for the clip's two voices, from several seeds."""
        return [
            self._animate(clip.agent_pcm, clip.user_pcm, self._seed + run, "recorded clip")
            for run in range(runs)
        ]

    def _animate(self, agent: FloatArray, user: FloatArray, seed: int, what: str) -> FloatArray:
        progress = self._progress
        told = None if progress is None else lambda done, of: progress(what, done, of)
        motion = animate(self._animator, agent, user, seed=seed, progress=told)
        self.frames += len(motion)
        return np.asarray(motion, dtype=np.float32)
