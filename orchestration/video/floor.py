"""Who held the floor, for a video's strip: from a session's events, or from sound alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from avatar.video.film import Hold
from orchestration.media import FRAME_RATE, FloatArray
from orchestration.protocol import Event
from orchestration.recording.timeline import floor_spans
from orchestration.session.floor import Floor
from orchestration.video.colours import AGENT, THINKING, USER
from speech.audio import FRAME_SAMPLES, frames

AUDIBLE: Final = 0.008  # root mean square, of full scale, from which somebody is taken to speak
BREATH: Final = 0.6  # seconds of silence that don't end a turn


def floor_of_events(events: Sequence[Event], end: float, user: str, agent: str) -> list[Hold]:
    """The floor as the session moved it; ``user`` and ``agent`` are names."""
    label = {
        Floor.USER: (f"{user} has the floor", USER),
        Floor.THINKING: (f"{agent} is thinking", THINKING),
        Floor.AGENT: (f"{agent} has the floor", AGENT),
    }
    return [Hold(start, stop, *label[holder]) for start, stop, holder in floor_spans(events, end)]


def floor_of_sound(user_pcm: FloatArray, agent_pcm: FloatArray, user: str, agent: str) -> list[Hold]:
    """Who speaks, by loudness, for two recordings (samples,) at 16 kHz of which nothing else is known."""
    length = max(len(user_pcm), len(agent_pcm))
    loud = [_loudness(pcm, length) for pcm in (user_pcm, agent_pcm)]
    speaking = [_bridged(level >= AUDIBLE) for level in loud]
    agents_turn = speaking[1] & (~speaking[0] | (loud[1] >= loud[0]))
    holds: list[Hold] = []
    for held, name, colour in (
        (speaking[0] & ~agents_turn, user, USER),
        (agents_turn, agent, AGENT),
    ):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], held.astype(np.int8), [0]))))
        for start, stop in edges.reshape(-1, 2):
            holds.append(
                Hold(float(start / FRAME_RATE), float(stop / FRAME_RATE), f"{name} has the floor", colour)
            )
    return sorted(holds, key=lambda hold: hold.start)


def _loudness(pcm: FloatArray, length: int) -> FloatArray:
    whole = np.zeros(-(-length // FRAME_SAMPLES) * FRAME_SAMPLES, np.float32)
    whole[: len(pcm)] = pcm
    return np.asarray(np.sqrt(np.mean(frames(whole) ** 2, axis=1)), dtype=np.float32)


def _bridged(
    speaking: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The same with silences shorter than a breath filled."""
    bridged = speaking.copy()
    sounding = np.flatnonzero(speaking)
    for before, after in pairwise(sounding.tolist()):
        if after - before <= BREATH * FRAME_RATE:
            bridged[before:after] = True
    return bridged
