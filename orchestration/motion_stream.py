"""Plays a motion clip to a Live Link listener in real time, on a clock that is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from avatar.animator import FRAME_RATE
from avatar.formats.livelink_sender import LiveLinkSender
from avatar.formats.resample import interpolate, seconds_of
from avatar.motion import MotionClip
from orchestration.clock import Clock


@dataclass
class Streamed:
    """What has been streamed so far: frames the system took, frames it refused, frames that came too late."""

    sent: int = 0
    refused: int = 0
    skipped: int = 0


async def stream_clip(
    clip: MotionClip, sender: LiveLinkSender, clock: Clock, *, fps: int, loop: bool, so_far: Streamed
) -> None:
    """Send ``clip`` from its first frame on at ``fps`` frames a second, once or for ever.

    Frame k is due k / fps seconds after the start, however late the ones before it were: what is late by more
    than a frame is skipped and counted, so that the stream neither drifts nor catches up in a burst.
    ``so_far`` is kept up to date for whoever interrupts.
    """
    times = seconds_of(clip)
    length = times[-1] - times[0] + 1 / FRAME_RATE  # the last frame is shown as long as any other
    frames = max(1, floor(length * fps + 1e-6))
    motion = interpolate(times, clip.motion, times[0] + np.arange(frames) / fps)
    start = clock.now()
    frame = 0
    while loop or frame < frames:
        await clock.sleep_until(start + frame / fps)
        newest = floor((clock.now() - start) * fps + 1e-6)
        if not loop:
            newest = min(newest, frames - 1)
        if newest > frame:
            so_far.skipped += newest - frame
            frame = newest
        if sender.send(motion[frame % frames], frame % 2**32):
            so_far.sent += 1
        else:
            so_far.refused += 1
        frame += 1
