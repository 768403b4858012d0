"""Every system on every conversation: scores of each clip, and their means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.evaluation.conversations import Conversation
from avatar.evaluation.parts import EvaluationError
from avatar.evaluation.score import ClipScorer, Scores
from avatar.evaluation.systems import TURN, System

Progress = Callable[[str, str], None]  # clip, system: called before each prediction


@dataclass(frozen=True, slots=True)
class Row:
    """One system's scores on one clip."""

    clip: str
    system: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Example:
    """One clip's motions, for pictures: truth (T, 56) and each system's prediction (T, 56) by label."""

    clip: str
    truth: FloatArray
    predictions: dict[str, FloatArray]


@dataclass(slots=True)
class Evaluation:
    """What was found: ``rows`` clip by clip, ``systems`` in order, the first clip as an ``example``."""

    systems: list[str]
    rows: list[Row] = field(default_factory=list)
    example: Example | None = None

    @property
    def clips(self) -> list[str]:
        """Names of the clips, in order."""
        return list(dict.fromkeys(row.clip for row in self.rows))

    def values(self, system: str, metric: str, part: str) -> list[float]:
        """A metric's value of each clip; clips on which it says nothing (NaN) are left out."""
        found = [
            row.scores[metric][part] for row in self.rows if row.system == system and metric in row.scores
        ]
        return [value for value in found if np.isfinite(value)]

    def mean(self, system: str, metric: str, part: str) -> float | None:
        """Mean over clips, as the papers average; None where no clip has the metric."""
        values = self.values(system, metric, part)
        return float(np.mean(values)) if values else None


def evaluate(
    conversations: Iterable[Conversation],
    systems: Sequence[System],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Score each system on each conversation, cut to whole seconds so that all turns are equally long.

    Raises ``EvaluationError`` where two systems share a label, there is no conversation, or one is shorter
    than a second.
    """
    labels = [system.label for system in systems]
    if len(set(labels)) != len(labels):
        raise EvaluationError(f"two systems share a label: {', '.join(labels)}")
    found = Evaluation(labels)
    for conversation in conversations:
        clip = whole_seconds(conversation)
        scorer = ClipScorer(clip.agent_motion, clip.user_motion, seed)
        predictions: dict[str, FloatArray] = {}
        for system in systems:
            if progress is not None:
                progress(clip.name, system.label)
            predictions[system.label] = system.predict(clip)
            found.rows.append(Row(clip.name, system.label, scorer.score(predictions[system.label])))
        if found.example is None:
            found.example = Example(clip.name, clip.agent_motion, predictions)
    if not found.rows:
        raise EvaluationError("there is no conversation to evaluate on")
    return found


def whole_seconds(conversation: Conversation) -> Conversation:
    """The conversation without the frames after its last whole second."""
    frames = conversation.frames // TURN * TURN
    if not frames:
        raise EvaluationError(
            f"{conversation.name}: {conversation.frames} frames are shorter than a second ({TURN} frames)"
        )
    theirs = conversation.user_motion
    return Conversation(
        conversation.name,
        conversation.agent_pcm[: frames * FRAME_SAMPLES],
        conversation.user_pcm[: frames * FRAME_SAMPLES],
        conversation.agent_motion[:frames],
        None if theirs is None else theirs[:frames],
    )
