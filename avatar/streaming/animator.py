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
from avatar.inputs import motion_frame, sound_frame
from avatar.motion import COLUMNS, MotionError, clip
from avatar.streaming.ahead import HeardAhead
from avatar.streaming.chance import Chance
from avatar.streaming.checkpoint import CheckpointError, load
from avatar.streaming.finish import BEFORE, Finish
from avatar.streaming.model import StreamingDualTalk

NOD_FRAMES = 30  # that a nod, the first kind of gesture, lasts
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

    def __init__(self, model: StreamingDualTalk, config: AnimatorConfig, slots: int) -> None:
        if slots < 1:
            raise MotionError(f"a bank needs at least 1 slot, not {slots}")
        self.slots = slots
        self.look_ahead = model.config.agent_look_ahead
        self._config = config
        self._chance = Chance(slots, model.config.rests, deterministic=config.deterministic)
        self._device = model.synthesis_module.predictor.weight.device
        self._opened = model.streaming(slots)
        self._stepper = self._opened.__enter__()
        self._no_ahead = np.full((self.look_ahead, FRAME_SAMPLES), np.nan, np.float32)
        self.styles = [Style(intensity=config.intensity) for _ in range(slots)]
        self._finish: list[Finish] = []
        self._ahead: list[HeardAhead] = []
        for slot in range(slots):
            self._finish.append(Finish(config, slot))
            self._ahead.append(HeardAhead())
            self._chance.reset(slot, slot + config.seed)

    def shut(self) -> None:
        """Let the model go."""
        self._opened.__exit__(None, None, None)

    def reset(self, slot: int, seed: int) -> None:
        """Clear one slot for a newcomer without touching the others.

        Raises ``MotionError`` for a slot that isn't there.
        """
        if not 0 <= slot < self.slots:
            raise MotionError(f"there is no slot {slot}; the bank has 0..{self.slots - 1}")
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
        """See ``SlotBank.step``."""
        self._check(mask, agent_pcm, user_pcm, user_motion, agent_ahead)
        running = np.flatnonzero(mask)
        for row in running:  # before any state has changed
            sound_frame(agent_pcm[row], "agent"), sound_frame(user_pcm[row], "user")
        queues = self._new_sound(running, agent_pcm, agent_ahead)
        moves = self._there(np.asarray(mask))
        for turn in range(max((len(queue) for queue in queues.values()), default=0) - 1):
            self._hear_ahead({slot: queue[turn] for slot, queue in queues.items() if len(queue) - 1 > turn})
        newest = np.zeros((self.slots, FRAME_SAMPLES), np.float32)
        fresh = np.zeros(self.slots, np.bool_)
        for slot, queue in queues.items():
            if queue:
                newest[slot], fresh[slot] = np.clip(queue[-1], -1, 1), True
        theirs, known = self._partner(user_motion)
        self._chance.running = np.asarray(mask)
        made = self._stepper.step(
            moves,
            self._there(fresh),
            self._there(newest),
            self._there(np.clip(user_pcm, -1, 1).astype(np.float32)),
            self._there(theirs),
            self._there(known),
            self._there(self._style()),
            self._chance,
        )
        motion = made.float().cpu().numpy()
        nodding = (self._stepper.state.since[:, :1] < NOD_FRAMES).any(dim=1).cpu().numpy()
        out = np.zeros((self.slots, COLUMNS), np.float32)
        for row in running:
            ahead = None if agent_ahead is None else agent_ahead[row]
            nods = bool(nodding[row])
            out[row] = self._finished(int(row), motion[row], agent_pcm[row], ahead, user_pcm[row], nods)
        return out

    def _finished(
        self,
        slot: int,
        motion: FloatArray,
        agent: FloatArray,
        ahead: FloatArray | None,
        user: FloatArray,
        nodding: bool,
    ) -> FloatArray:
        style = self.styles[slot]
        soon = ahead is not None and any(_loud(frame) for frame in ahead[:BEFORE])
        face = self._finish[slot].step(motion, agent, soon, user, style.intensity, nodding)
        return face if style.identity is None else clip(face + style.identity)

    def _new_sound(
        self, running: NDArray[np.intp], agent_pcm: FloatArray, agent_ahead: FloatArray | None
    ) -> dict[int, list[FloatArray]]:
        return {
            int(slot): self._ahead[slot].new_frames(
                agent_pcm[slot], self._no_ahead if agent_ahead is None else agent_ahead[slot]
            )
            for slot in running
        }

    def _hear_ahead(self, frames: dict[int, FloatArray]) -> None:
        pcm = np.zeros((self.slots, FRAME_SAMPLES), np.float32)
        who = np.zeros(self.slots, np.bool_)
        for slot, frame in frames.items():
            pcm[slot], who[slot] = np.clip(frame, -1, 1), True
        self._stepper.hear_ahead(self._there(who), self._there(pcm))

    def _there(self, array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device)

    def _partner(self, user_motion: FloatArray | None) -> tuple[FloatArray, NDArray[np.bool_]]:
        if user_motion is None:
            return np.zeros((self.slots, COLUMNS), np.float32), np.zeros(self.slots, np.bool_)
        known = np.logical_not(np.isnan(user_motion).any(axis=1))
        motion = np.where(known[:, None], user_motion, 0).astype(np.float32)
        return motion, known

    def _style(self) -> FloatArray:
        style = np.zeros((self.slots, 4), np.float32)
        for slot, wanted in enumerate(self.styles):
            style[slot, 0] = wanted.valence
            if wanted.floor is not None:
                style[slot, 1:] = (*wanted.floor, 1)
            self._chance.rate[slot] = OFTEN * min(wanted.intensity, 1.0)
        return style

    def _check(
        self,
        mask: NDArray[np.bool_],
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None,
        agent_ahead: FloatArray | None,
    ) -> None:
        sounds = (self.slots, FRAME_SAMPLES)
        _check_shape("mask", mask, (self.slots,))
        _check_shape("agent sound", agent_pcm, sounds)
        _check_shape("user sound", user_pcm, sounds)
        _check_shape("user motion", user_motion, (self.slots, COLUMNS))
        _check_shape("agent sound ahead", agent_ahead, (self.slots, self.look_ahead, FRAME_SAMPLES))
        if np.asarray(mask).dtype != np.bool_:
            raise MotionError(f"mask must be boolean, not {np.asarray(mask).dtype}")


def _check_shape(name: str, array: NDArray[np.generic] | None, wanted: tuple[int, ...]) -> None:
    if array is not None and np.shape(array) != wanted:
        raise MotionError(f"{name} has shape {np.shape(array)}; {wanted} is due")


def _loud(frame: FloatArray) -> bool:
    return bool(not np.isnan(frame[0]) and float(np.dot(frame, frame)) / len(frame) > LOUD)


LOUD = 10 ** (-5.5)  # mean square, -55 dBFS: sound that a mouth opens for


class StreamingFace:
    """One face: a bank of a single slot."""

    def __init__(self, model: StreamingDualTalk, config: AnimatorConfig, seed: int) -> None:
        self._bank = StreamingSlots(model, config, 1)
        self._bank.reset(0, seed)
        self._mask = np.ones(1, np.bool_)

    @property
    def style(self) -> Style:
        """How it moves from the next frame on."""
        return self._bank.styles[0]

    @style.setter
    def style(self, style: Style) -> None:
        self._bank.styles[0] = style

    def step(
        self,
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """See ``Face.step``."""
        agent, user = sound_frame(agent_pcm, "agent"), sound_frame(user_pcm, "user")
        theirs = motion_frame(user_motion)
        ahead = None if agent_ahead is None else np.asarray(agent_ahead, np.float32)[None]
        motion: FloatArray = self._bank.step(
            self._mask, agent[None], user[None], None if theirs is None else theirs[None], ahead
        )[0]
        return motion

    def shut(self) -> None:
        """Let the model go."""
        self._bank.shut()


class StreamingAnimator:
    """Animates any number of faces with trained weights: the package's, or ``config.checkpoint``'s."""

    name = "streaming"

    def __init__(self, config: AnimatorConfig | None = None) -> None:
        self.config = config or AnimatorConfig(name="streaming")
        self.model = load(self.config.checkpoint, motion="arkit-61")
        if self.model.config.motion_dim != COLUMNS:
            raise CheckpointError(
                f"the weights make {self.model.config.motion_dim} numbers a frame, not {COLUMNS}"
            )
        self.look_ahead = self.model.config.agent_look_ahead
        if self.config.device != "cpu":  # half precision pays on a GPU only
            self.model.to(self.config.device).in_precision(torch.float16)

    @contextmanager
    def stream(self, seed: int = 0) -> Iterator[StreamingFace]:
        """Open one face; the same seed and input give the same motion."""
        face = StreamingFace(self.model, self.config, seed)
        try:
            yield face
        finally:
            face.shut()

    @contextmanager
    def open_slots(self, slots: int) -> Iterator[StreamingSlots]:
        """Open a bank of slots for serving many sessions with one call a tick; slot n starts with seed n."""
        bank = StreamingSlots(self.model, self.config, slots)
        try:
            yield bank
        finally:
            bank.shut()
