"""What can be evaluated: a DualTalk model turn by turn, any animator, and the baselines beside them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from avatar.animate import animate
from avatar.animator import FRAME_RATE, FRAME_SAMPLES, Animator, FloatArray
from avatar.evaluation.conversations import Conversation
from avatar.evaluation.parts import EvaluationError
from avatar.retarget import FlameMotion, FlameRetargeting

if TYPE_CHECKING:
    import torch
    from torch import nn

TURN = FRAME_RATE  # frames: the paper's progressive context predicts one second at a time


class System(Protocol):
    """Anything that gives the agent's motion of a conversation."""

    label: str

    def predict(self, conversation: Conversation) -> FloatArray:
        """The agent's FLAME-56 motion, float32 (T, 56)."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """Frames ``start..end`` that a model sees, of which ``due..end`` are its prediction."""

    start: int
    due: int
    end: int


def turns(frames: int, context: int) -> list[Turn]:
    """The paper's progressive context: each whole second with up to ``context`` seconds before it.

    Raises ``EvaluationError`` where there isn't one whole second, or for negative context.
    """
    if context < 0:
        raise EvaluationError(f"{context} s of context; 0 or more are due")
    if frames < TURN:
        raise EvaluationError(f"{frames} frames hold no turn of one second ({TURN} frames)")
    starts = range(0, frames - TURN + 1, TURN)
    return [Turn(max(0, start - context * TURN), start, start + TURN) for start in starts]


class ContextModel:
    """A model called as ``model(agent_audio, user_audio, user_motion)``, one turn of a second at a time.

    Each second is predicted from itself and ``context`` seconds before it (n = 0, 1, 3, 7 in the paper). A
    model with an attribute ``look_ahead`` is also given so many frames of sound after it, silence at the end.
    ``batch`` turns of equal length are predicted in one call on ``device``; ``precision`` is the type that
    ``torch.autocast`` computes in, None for the model's own.
    """

    def __init__(
        self,
        model: nn.Module,
        context: int,
        *,
        name: str = "dualtalk",
        batch: int = 8,
        device: str = "cpu",
        precision: torch.dtype | None = None,
    ) -> None:
        self.label = f"{name}, {context} s"
        self.context = context
        self._model = model.to(device).eval()
        self._batch = batch
        self._device = device
        self._precision = precision

    def predict(self, conversation: Conversation) -> FloatArray:
        """See ``System``; T must be whole seconds.

        Raises ``EvaluationError`` where the user's motion is unknown, or the model gives another shape.
        """
        if conversation.user_motion is None:
            raise EvaluationError(
                f"{conversation.name}: the partner's motion isn't known, and this model can't do without it; "
                "evaluate an animator, or give the missing npz"
            )
        alike: dict[tuple[int, int], list[Turn]] = defaultdict(list)
        for turn in turns(conversation.frames, self.context):
            alike[turn.due - turn.start, turn.end - turn.start].append(turn)
        motion = np.empty_like(conversation.agent_motion)
        for group in alike.values():
            for first in range(0, len(group), self._batch):
                self._predict(conversation, group[first : first + self._batch], motion)
        return motion

    def _predict(self, conversation: Conversation, group: list[Turn], into: FloatArray) -> None:
        import torch

        assert conversation.user_motion is not None

        ahead = getattr(self._model, "look_ahead", 0)

        def sound(pcm: FloatArray) -> torch.Tensor:
            longer = np.pad(pcm, (0, ahead * FRAME_SAMPLES)) if ahead else pcm
            cut = [longer[turn.start * FRAME_SAMPLES : (turn.end + ahead) * FRAME_SAMPLES] for turn in group]
            return torch.from_numpy(np.stack(cut)).to(self._device)

        theirs = np.stack([conversation.user_motion[turn.start : turn.end] for turn in group])
        half = self._precision is not None
        kind = torch.device(self._device).type  # autocast takes cuda, not cuda:1
        with torch.inference_mode(), torch.autocast(kind, self._precision, enabled=half):
            predicted = self._model(
                sound(conversation.agent_pcm),
                sound(conversation.user_pcm),
                torch.from_numpy(theirs).to(self._device),
            )
        values = predicted.float().cpu().numpy()
        if values.shape != theirs.shape:
            raise EvaluationError(f"the model gave motion of shape {values.shape}; {theirs.shape} is due")
        for turn, prediction in zip(group, values, strict=True):
            into[turn.due : turn.end] = prediction[turn.due - turn.start :]


class AnimatorSystem:
    """Any animator, live as it would run: its ARKit motion brought to FLAME by the user's map.

    The partner's motion is brought to ARKit for it, unless ``partner_motion`` is off. An animator has all
    of the past as context, and no more of the future than it takes.
    """

    def __init__(
        self,
        animator: Animator,
        retargeting: FlameRetargeting,
        *,
        partner_motion: bool = True,
        seed: int = 0,
    ) -> None:
        self.label = animator.name if partner_motion else f"{animator.name}, sound alone"
        self._animator = animator
        self._retargeting = retargeting
        self._partner_motion = partner_motion
        self._seed = seed

    def predict(self, conversation: Conversation) -> FloatArray:
        """See ``System``."""
        theirs = conversation.user_motion
        motion = animate(
            self._animator,
            conversation.agent_pcm,
            conversation.user_pcm,
            None if theirs is None or not self._partner_motion else self._retargeting.to_arkit(flame(theirs)),
            seed=self._seed,
        )
        return self._retargeting.to_flame(motion).flame56


class FrozenMean:
    """The trap in these measures: a face frozen at the clip's own true mean, which no system could know."""

    label = "frozen mean"

    def predict(self, conversation: Conversation) -> FloatArray:
        """See ``System``."""
        truth = conversation.agent_motion
        return np.tile(truth.mean(axis=0, dtype=np.float64).astype(np.float32), (len(truth), 1))


class GroundTruth:
    """The truth against itself: what diversity, variance and SID would be right."""

    label = "truth"

    def predict(self, conversation: Conversation) -> FloatArray:
        """See ``System``."""
        return conversation.agent_motion


def flame(motion: FloatArray) -> FlameMotion:
    """FLAME-56 columns (T, 56) as their three parts."""
    return FlameMotion(motion[:, :50], motion[:, 50:53], motion[:, 53:])
