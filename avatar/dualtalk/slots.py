"""A bank of slots over one DualTalk: each has its window, and the passes that are due are one batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.config import AnimatorConfig
from avatar.dualtalk.blending import OverlapBlend
from avatar.dualtalk.context import RollingContext
from avatar.dualtalk.eyes import Eyes
from avatar.dualtalk.passes import Passes
from avatar.dualtalk.spaces import Space, finite_rows
from avatar.inputs import motion_frame, sound_frame
from avatar.motion import ARTICULATORS, COLUMNS, clip
from avatar.slots import check_count, check_slot, check_step


@dataclass(frozen=True, eq=False)
class Heard:
    """One frame of one conversation, checked: the agent's sound now and ahead (1 + look_ahead, 640), the
    user's (640,), and the user's motion in the model's space, if known.
    """

    agent: FloatArray
    user: FloatArray
    motion: FloatArray | None


@dataclass(eq=False)
class Conversation:
    """The streaming state of one slot."""

    context: RollingContext
    blend: OverlapBlend
    eyes: Eyes
    phase: int  # frames heard, plus a start of its own, so that not all slots step on the same frame


class WindowedSlots:
    """A fixed number of faces stepped together; each is what a single stream of its seed would be."""

    def __init__(self, passes: Passes, space: Space, config: AnimatorConfig, slots: int) -> None:
        check_count(slots)
        self.slots = slots
        self.look_ahead = config.window.ahead_frames
        self._passes = passes
        self._space = space
        self._config = config
        gain = np.full(COLUMNS, config.intensity, dtype=np.float32)
        gain[ARTICULATORS] = config.articulation
        self._gain = gain
        self._conversations = [self._begin(seed) for seed in range(slots)]
        passes.warm(slots)

    def reset(self, slot: int, seed: int) -> None:
        """Clear one slot for a newcomer without touching the others; raises ``MotionError`` for a slot not
        there.
        """
        check_slot(slot, self.slots)
        self._conversations[slot] = self._begin(seed)

    def step(
        self,
        mask: NDArray[np.bool_],
        agent_pcm: FloatArray,
        user_pcm: FloatArray,
        user_motion: FloatArray | None = None,
        agent_ahead: FloatArray | None = None,
    ) -> FloatArray:
        """Advance the slots where ``mask`` (slots,) is true; others keep their state and return zeros.

        Sounds are (slots, 640); ``user_motion`` is (slots, 61), a row of NaN meaning unknown;
        ``agent_ahead`` is (slots, look_ahead, 640), where NaN counts as silence. Returns (slots, 61), a row
        of NaN where the model overflowed.
        Raises ``MotionError`` on wrong shapes, and on non-finite input of a running slot before any state has
        changed.
        """
        check_step(self.slots, self.look_ahead, mask, agent_pcm, user_pcm, user_motion, agent_ahead)
        running = [int(slot) for slot in np.flatnonzero(mask)]
        heard = [
            Heard(
                self._said(agent_pcm[slot], None if agent_ahead is None else agent_ahead[slot]),
                sound_frame(user_pcm[slot], "user"),
                self._seen(None if user_motion is None else user_motion[slot]),
            )
            for slot in running
        ]
        conversations = [self._conversations[slot] for slot in running]
        for conversation, frame in zip(conversations, heard, strict=True):
            conversation.context.push(frame.agent, frame.user, frame.motion)
            conversation.phase += 1
        self._pass([one for one in conversations if one.phase % self._config.window.step_frames == 0])
        motion = np.zeros((self.slots, COLUMNS), dtype=np.float32)
        if running:
            motion[running] = self._show(conversations, heard)
        return motion

    def _begin(self, seed: int) -> Conversation:
        window, columns = self._config.window, self._space.columns
        return Conversation(
            RollingContext(window.window_frames, columns),
            OverlapBlend(window.blend_frames, columns),
            Eyes(np.random.SeedSequence([self._config.seed, seed])),
            phase=seed % window.step_frames,
        )

    def _seen(self, motion: FloatArray | None) -> FloatArray | None:
        if motion is None or np.isnan(motion).all():
            return None
        frame = motion_frame(motion)
        return None if frame is None else self._space.inward(frame)

    def _said(self, now: FloatArray, ahead: FloatArray | None) -> FloatArray:
        said = np.zeros((1 + self.look_ahead, FRAME_SAMPLES), dtype=np.float32)
        said[0] = sound_frame(now, "agent")
        for index in range(0 if ahead is None else self.look_ahead):
            coming = np.asarray(ahead)[index]
            if not np.isnan(coming).all():
                said[1 + index] = sound_frame(coming, "agent, ahead of time:")
        return said

    def _pass(self, due: list[Conversation]) -> None:
        if not due:
            return
        window = self._config.window
        agent, user, motion = (
            np.stack(part) for part in zip(*(one.context.clip() for one in due), strict=True)
        )
        first = window.window_frames - 1 - window.ahead_frames  # the frame shown now
        for one, made in zip(due, self._passes(agent, user, motion), strict=True):
            one.blend.take(made[first - 1], made[first : first + window.step_frames])

    def _show(self, conversations: list[Conversation], heard: list[Heard]) -> FloatArray:
        frames = np.stack([one.blend.step() for one in conversations])
        usable = finite_rows(frames)
        motion = np.full((len(frames), COLUMNS), np.nan, dtype=np.float32)
        if usable.any():
            motion[usable] = clip(self._space.outward(frames[usable]) * self._gain)
        if not self._space.has_eyes:
            for row in np.flatnonzero(usable):
                conversations[row].eyes.step(motion[row], heard[row].agent[0], heard[row].user)
        return motion
