"""Whether a listener's "mm-hmm" comes where people's do: in a pause, or after a fall of the voice."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestration.media import FRAME_SECONDS, USER_FRAME_SAMPLES, FloatArray
from orchestration.turn_bench.sound import gaps, samples
from speech.pitch import PitchTracker

SHORTEST_PAUSE: Final = 0.15  # seconds
REACTION: Final = 0.3  # seconds after a pause in which the answer still is one to it
LOW_FOR: Final = 0.11  # seconds of low pitch that make a cue (Ward & Tsukahara 2000)
ANSWERED: Final = (0.3, 1.1)  # seconds after the cue, about their .7


def placed(speech: FloatArray, times: tuple[float, ...]) -> int:
    """How many of ``times`` (seconds into (samples,) at 16 kHz) are within pauses or after low pitch."""
    pauses = [
        (begin, end + samples(REACTION))
        for begin, end in gaps(speech)
        if end - begin >= samples(SHORTEST_PAUSE)
    ]
    lows = _low_ends(speech)
    return sum(
        any(begin <= samples(at) <= end for begin, end in pauses)
        or any(ANSWERED[0] <= at - low <= ANSWERED[1] for low in lows)
        for at in times
    )


def _low_ends(speech: FloatArray) -> list[float]:
    """Seconds at which stretches of low pitch end, low for this speaker over the whole."""
    tracker = PitchTracker()
    whole = speech[: speech.size // USER_FRAME_SAMPLES * USER_FRAME_SAMPLES].reshape(-1, USER_FRAME_SAMPLES)
    hz = np.array([tracker.step(frame).hz for frame in whole])
    if not np.isfinite(hz).any():
        return []
    low = np.where(np.isnan(hz), False, hz <= np.nanpercentile(hz, 26))
    ends, run = [], 0
    for index, is_low in enumerate([*low, False]):
        if is_low:
            run += 1
            continue
        if run * FRAME_SECONDS >= LOW_FOR:
            ends.append(index * FRAME_SECONDS)
        run = 0
    return ends
