"""What no blending may soften: lips that meet on /p b m/, and a mouth that is shut in silence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from avatar.training.dyads.speaking.coarticulation import RATE
from avatar.training.dyads.speaking.phones import CLOSURES, Array
from avatar.training.dyads.utterance import Phone

MEETING = 0.075  # s in which the lips come together
PARTING = 0.068  # s
SURE = 0.024  # s round the middle of the phone in which they are together: the frame that holds it sees them
OPENING = 0.110  # s before a stretch of speech at which the mouth begins to open
SHUTTING = 0.090  # s after its end by which the mouth is shut
INSIDE = 0.025  # s of a stretch at either end in which the mouth is still opening, or shutting already


def meeting_lips(phones: Sequence[Phone], steps: int) -> tuple[Array, Array, Array]:
    """How far the lips are together, how hard they press, how far the cheeks puff: each (steps,) at
    ``RATE``.
    """
    together, press, puff = np.zeros((3, steps))
    for phone in phones:
        closure = CLOSURES.get(phone.name)
        if closure is None:
            continue
        middle = (phone.start + phone.end) / 2
        start = min(phone.start + 0.005, middle - SURE)
        end = max(phone.start + closure.until * (phone.end - phone.start), middle + SURE)
        span, shape = _plateau(start, end, MEETING, PARTING, steps)
        together[span] = np.maximum(together[span], shape)
        press[span] = np.maximum(press[span], closure.press * shape)
        puff[span] = np.maximum(puff[span], closure.puff * shape)
    return together, press, puff


def speech_gate(stretches: Iterable[tuple[float, float]], steps: int) -> Array:
    """How far the mouth takes part, (steps,) at ``RATE``: 1 inside ``stretches`` of speech, given in seconds,
    0 outside, opening a little ahead.
    """
    gate = np.zeros(steps)
    for start, end in stretches:
        inside = min(INSIDE, (end - start) / 4)
        span, shape = _plateau(start + inside, end - inside, OPENING + inside, SHUTTING + inside, steps)
        gate[span] = np.maximum(gate[span], shape)
    return gate


def _plateau(start: float, end: float, rise: float, fall: float, steps: int) -> tuple[slice, Array]:
    """Raised cosine up to ``start`` and down from ``end``, and where it lies in ``steps``."""
    first = min(steps, max(0, int((start - rise) * RATE)))
    last = max(first, min(steps, int((end + fall) * RATE) + 2))
    time = np.arange(first, last) / RATE
    up = np.clip(1 - (start - time) / rise, 0.0, 1.0)
    down = np.clip(1 - (time - end) / fall, 0.0, 1.0)
    return slice(first, last), 0.5 - 0.5 * np.cos(np.pi * np.minimum(up, down))
