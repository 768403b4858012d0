"""Two recordings in, a whole conversation's motion out: the animator offline, as fast as it goes."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import numpy as np

from avatar.animator import FRAME_SAMPLES, Animator, FloatArray
from avatar.inputs import finite, floating
from avatar.motion import COLUMNS, MotionError, validate

Progress = Callable[[int, int], None]  # frames done, frames in all


def animate(
    animator: Animator,
    agent_pcm: FloatArray,
    user_pcm: FloatArray,
    user_motion: FloatArray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> FloatArray:
    """The agent's motion, float32 (T, 61), for two float32 (samples,) recordings at 16 kHz, -1..1.

    T is the longer recording's length in frames, rounded up; the shorter one is followed by silence (either
    may be empty, not both). ``user_motion`` (frames, 61) may be shorter; beyond its end it counts as unknown.
    ``progress`` is called after every frame. Raises ``MotionError`` for wrong shapes, integer or non-finite
    samples, or motion out of range, before anything is animated.
    """
    agent, user = _recording(agent_pcm, "agent"), _recording(user_pcm, "user")
    frames = ceil(max(len(agent), len(user)) / FRAME_SAMPLES)
    if not frames:
        raise MotionError("both recordings are empty; at least one must hold a sample")
    if user_motion is not None:
        user_motion = np.asarray(user_motion, dtype=np.float32)
        if user_motion.ndim != 2:
            raise MotionError(f"user motion has shape {user_motion.shape}; (frames, {COLUMNS}) is due")
        validate(user_motion)
    look_ahead = animator.look_ahead
    agent, user = _framed(agent, frames + look_ahead), _framed(user, frames)
    motion = np.empty((frames, COLUMNS), dtype=np.float32)
    with animator.stream(seed) as face:
        for frame in range(frames):
            known = user_motion is not None and frame < len(user_motion)
            theirs = user_motion[frame] if user_motion is not None and known else None
            ahead = agent[frame + 1 : frame + 1 + look_ahead]
            motion[frame] = face.step(agent[frame], user[frame], theirs, ahead)
            if progress is not None:
                progress(frame + 1, frames)
    return motion


def _recording(pcm: FloatArray, whose: str) -> FloatArray:
    sound = floating(pcm, whose)
    if sound.ndim != 1:
        raise MotionError(
            f"{whose} sound has shape {sound.shape}; mono (samples,) is due: mix channels down first"
        )
    finite(sound, whose)
    return sound


def _framed(sound: FloatArray, frames: int) -> FloatArray:
    whole = np.zeros(frames * FRAME_SAMPLES, dtype=np.float32)
    whole[: len(sound)] = sound
    return whole.reshape(frames, FRAME_SAMPLES)
