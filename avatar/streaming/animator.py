"""The streaming model as an animator: slots, seeds, partner motion that may be unknown, layers over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.config import AnimatorConfig
from avatar.device import device_named
from avatar.inputs import motion_frame, sound_frame
from avatar.motion import COLUMNS, clip
from avatar.slots import OneSlot, check_count, check_slot, check_step
from avatar.streaming.ahead import HeardAhead
from avatar.streaming.chance import Chance
from avatar.streaming.checkpoint import CheckpointError, load
from avatar.streaming.finish import BEFORE, Finish
from avatar.streaming.model import StreamingDualTalk
from avatar.streaming.stepper import Stepper

LOUD = 10 ** (-5.5)  # mean square, -55 dBFS: sound that a mouth opens for
OFTEN = 2.0  # gain of every gesture's probability: some nine nods a minute on development prompts


@dataclass(frozen=True, slots=True)
class Style:
    """How one agent moves, changeable at any frame.

    ``valence`` -1 sad or angry .. 1 glad; ``intensity`` is the gain of head, expression and gestures, 0 is
    still; ``floor``: whether the agent and the user hold it, None where it isn't known; ``identity`` (61,)
    is added to every frame.
    """

    valence: float = 0.0
    intensity: float = 1.0
    floor: tuple[bool, bool] | None = None
    identity: FloatArray | None = None


class StreamingSlots:
    """A fixed number of faces, one call of the model a frame for all of them."""

    def __init__(self, model: StreamingDualTalk, stepper: Stepper, config: AnimatorConfig) -> None:
        slots = stepper.slots
        self.slots = slots
        self.look_ahead = model.config.agent_look_ahead
        self._config = config
        self._chance = Chance(slots, model.config.rests, deterministic=config.deterministic)
        self._device = model.synthesis_module.predictor.weight.device
        self._stepper = stepper
        self.styles = [Style(intensity=config.intensity) for _ in range(slots)]
        self._finish: list[Finish] = []
        self._ahead: list[HeardAhead] = []
        for slot in range(slots):
            self._finish.append(Finish(config, slot))
            self._ahead.append(HeardAhead())
            self._chance.reset(slot, slot + config.seed)

    def reset(self, slot: int, seed: int) -> None:
        """Clear one slot for a newcomer without touching the others.

        Raises ``MotionError`` for a slot that isn't there.
        """
        check_slot(slot, self.slots)
        self._stepper.reset(slot)
        self._chance.reset(slot, seed + self._config.seed)
        self._finish[slot] = Finish(self._config, seed)
        self._ahead[slot] = HeardAhead()
        self.styles[slot] = Style(intensity=self._config.intensity)

    def step(
        self,
        mask: NDArray[np.bool_],
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """See ``SlotBank.step``; raises ``MotionError`` before any state has changed."""
        check_step(self.slots, self.look_ahead, mask, agent_pcm, user_pcm, user_motion, agent_ahead)
        running = [int(slot) for slot in np.flatnonzero(mask)]
        agent, user = np.zeros((2, self.slots, FRAME_SAMPLES), np.float32)
        ahead = np.full((self.slots, self.look_ahead, FRAME_SAMPLES), np.nan, np.float32)
        theirs, known = np.zeros((self.slots, COLUMNS), np.float32), np.zeros(self.slots, np.bool_)
        for slot in running:
            agent[slot], user[slot] = (
                sound_frame(agent_pcm[slot], "agent"),
                sound_frame(user_pcm[slot], "user"),
            )
            if agent_ahead is not None:
                ahead[slot] = _known(agent_ahead[slot])
            if user_motion is not None and not np.isnan(user_motion[slot]).all():
                theirs[slot], known[slot] = motion_frame(user_motion[slot]), True
        newest, fresh = self._hear(running, agent, ahead)
        self._chance.running = np.asarray(mask)
        made = self._stepper.step(
            self._there(np.asarray(mask)),
            self._there(fresh),
            self._there(newest),
            self._there(user),
            self._there(theirs),
            self._there(known),
            self._there(self._style()),
            self._chance,
        )
        motion = made.float().cpu().numpy()
        out = np.zeros((self.slots, COLUMNS), np.float32)
        for slot in running:
            soon = any(_loud(frame) for frame in ahead[slot, :BEFORE])
            style = self.styles[slot]
            out[slot] = self._finish[slot].step(motion[slot], agent[slot], soon, user[slot], style.intensity)
            if style.identity is not None:
                out[slot] = clip(out[slot] + style.identity)
        return out

    def _hear(
        self, running: list[int], agent: FloatArray, ahead: FloatArray
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Hear all but the last of what is new of the agents' sound; that one, and who has any."""
        queues = {slot: self._ahead[slot].new_frames(agent[slot], ahead[slot]) for slot in running}
        for turn in range(max((len(queue) for queue in queues.values()), default=0) - 1):
            pcm, who = self._together(
                {s: queue[turn] for s, queue in queues.items() if len(queue) - 1 > turn}
            )
            self._stepper.hear_ahead(self._there(who), self._there(pcm))
        return self._together({slot: queue[-1] for slot, queue in queues.items() if queue})

    def _together(self, frames: dict[int, FloatArray]) -> tuple[FloatArray, NDArray[np.bool_]]:
        pcm, who = np.zeros((self.slots, FRAME_SAMPLES), np.float32), np.zeros(self.slots, np.bool_)
        for slot, frame in frames.items():
            pcm[slot], who[slot] = frame, True
        return pcm, who

    def _there(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)

    def _style(self) -> FloatArray:
        style = np.zeros((self.slots, 4), np.float32)
        for slot, wanted in enumerate(self.styles):
            style[slot, 0] = wanted.valence
            if wanted.floor is not None:
                style[slot, 1:] = (*wanted.floor, 1)
            self._chance.rate[slot] = OFTEN * min(wanted.intensity, 1.0)
        return style


def _known(ahead: FloatArray) -> FloatArray:
    """The rows of ``ahead`` (frames, 640) before the first that isn't known; the rest stays NaN."""
    checked = np.full(np.shape(ahead), np.nan, np.float32)
    for into, frame in zip(checked, ahead, strict=True):
        if np.isnan(frame).all():
            break
        into[:] = sound_frame(frame, "agent, ahead of time:")
    return checked


def _loud(frame: FloatArray) -> bool:
    return float(np.dot(frame, frame)) / len(frame) > LOUD  # never of what isn't known


class StreamingFace(OneSlot):
    """One face, whose style may change while it moves."""

    def __init__(self, bank: StreamingSlots, seed: int) -> None:
        super().__init__(bank, seed)
        self._styles = bank.styles

    @property
    def style(self) -> Style:
        """How it moves from the next frame on."""
        return self._styles[0]

    @style.setter
    def style(self, style: Style) -> None:
        self._styles[0] = style


class StreamingAnimator:
    """Animates any number of faces with trained weights: the package's, or ``config.checkpoint``'s."""

    name = "streaming"

    def __init__(self, config: AnimatorConfig | None = None) -> None:
        """Raises ``CheckpointError`` for weights that can't move a face live, and ``DeviceError``."""
        self.config = config or AnimatorConfig(name="streaming")
        device = device_named(self.config.device)
        self.model = load(self.config.checkpoint, motion="arkit-61")
        self.look_ahead = self.model.config.agent_look_ahead
        if self.model.config.user_look_ahead:
            raise CheckpointError(
                f"the weights hear the user {self.model.config.user_look_ahead} frames ahead, which no live "
                "face can; train them with user_look_ahead: 0, or judge them with visavis evaluate"
            )
        if device.type != "cpu":  # half precision pays on a GPU only
            self.model.to(device).in_precision(torch.float16)

    @contextmanager
    def stream(self, seed: int = 0) -> Iterator[StreamingFace]:
        """Open one face; the same seed and input give the same motion."""
        with self.open_slots(1) as bank:
            yield StreamingFace(bank, seed)

    @contextmanager
    def open_slots(self, slots: int) -> Iterator[StreamingSlots]:
        """Open a bank of slots for serving many sessions with one call a tick; slot n starts with seed n."""
        check_count(slots)
        with self.model.streaming(slots) as stepper:
            yield StreamingSlots(self.model, stepper, self.config)
