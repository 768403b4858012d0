"""Who speaks over somebody wants the floor, or only listens: heard from the first half second of it.

"Yeah", "mm-hmm" and "I see" are few words, said as one falling piece; "wait, that isn't" is any others. A
small network hears the difference in the shape of the spectrum, before there is a transcript. It sees no more
than a telephone carries, and nothing of how loud the sound is: microphones differ, and soft people interrupt.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE

FloatArray = NDArray[np.float32]

PACKAGED: Final = Path(__file__).with_name("claim.npz")
WINDOW: Final = 512  # samples, 32 ms
HOP: Final = SAMPLE_RATE // 50  # samples, 20 ms
STEP_SECONDS: Final = HOP / SAMPLE_RATE
BANDS: Final = 20
STEPS: Final = 40  # steps that are looked at, the latest .8 s of the sound
FEATURES: Final = BANDS + 1  # the bands, and the level
KERNEL: Final = 5  # steps that a filter spans
BLOCK: Final = 5  # steps of which the strongest is kept, .1 s: words are an order of sounds
BLOCKS: Final = STEPS // BLOCK
EARLIER: Final = 0.16  # seconds by which a sound may have begun before its speech was sure
_LOWEST, _HIGHEST = 100.0, 3600.0  # Hz
_SOUNDS: Final = 25.0  # dB below the loudest step from which the sound has begun
_RANGE: Final = 40.0  # dB below the loudest that count
_LEAST: Final = 1e-10  # power, so that silence has a level
_FRAMES: Final = round((STEPS * STEP_SECONDS + EARLIER) / FRAME_SECONDS)


class ClaimWeightsError(ValueError):
    """The weights are missing or don't fit the network; the message names the remedy."""


def _filters() -> FloatArray:
    """Triangles on the mel scale, (bins, bands)."""

    def mel(hertz: float) -> float:
        return float(2595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(_LOWEST), mel(_HIGHEST), BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rise, fall))
    return np.asarray(triangles / triangles.sum(axis=0), np.float32)


_FILTERS: Final = _filters()
_TAPER: Final = np.hanning(WINDOW).astype(np.float32)


def bands(pcm: FloatArray) -> FloatArray:
    """The spectrum's shape each 20 ms, dB (steps, 20), of (samples,) at 16 kHz; the last window is whole."""
    windows = np.lib.stride_tricks.sliding_window_view(pcm, WINDOW)[::HOP]
    spectrum = np.fft.rfft(windows * _TAPER, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _FILTERS
    return np.asarray(10 * np.log10(power + _LEAST), np.float32)


def contour(seen: FloatArray) -> FloatArray:
    """What the network sees of ``bands``, up to now: (steps, 21) from the sound's beginning, 0..1.

    At most the latest 40 steps; the level of each band and of all, against the loudest.
    """
    level = 10 * np.log10(np.mean(10 ** (seen / 10), axis=1) + _LEAST)
    begin = max(int(np.argmax(level > level.max() - _SOUNDS)), len(seen) - STEPS)
    shape, level = seen[begin:], level[begin:]
    shape = np.clip((shape - shape.max()) / _RANGE + 1, 0, 1)
    level = np.clip((level - level.max()) / _RANGE + 1, 0, 1)
    return np.concatenate((shape, level[:, None]), axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class ClaimWeights:
    """Two layers of filters over time, the strongest they find in each .1 s, and two layers that judge it."""

    first: FloatArray  # (5 * 21, hidden)
    first_bias: FloatArray
    second: FloatArray  # (5 * hidden, hidden)
    second_bias: FloatArray
    judge: FloatArray  # ((8 + 1) * hidden + 1, judged)
    judge_bias: FloatArray
    answer: FloatArray  # (judged, 1)
    answer_bias: FloatArray

    @classmethod
    def load(cls, path: Path = PACKAGED) -> Self:
        """Read them; raises ``ClaimWeightsError``."""
        if not path.is_file():
            raise ClaimWeightsError(f"{path}: no such weights; run `python -m benchmarks.claim --fit`")
        with np.load(path, allow_pickle=False) as stored:
            missing = sorted(set(cls.__slots__) - set(stored))
            if missing:
                raise ClaimWeightsError(f"{path} lacks {', '.join(missing)}; fit them again")
            weights = cls(**{name: stored[name].astype(np.float32) for name in cls.__slots__})
        if weights.first.shape[0] != KERNEL * FEATURES:
            raise ClaimWeightsError(
                f"{path}: the first layer takes {weights.first.shape[0]} numbers, not {KERNEL * FEATURES}"
            )
        return weights

    def save(self, path: Path) -> None:
        """Write them, half as exact: two dozen kilobytes."""
        halves = {name: np.asarray(getattr(self, name), np.float16) for name in self.__slots__}
        np.savez_compressed(path, **halves)  # type: ignore[arg-type]

    def judged(self, seen: FloatArray) -> float:
        """The probability 0..1 of a ``contour`` (steps, 21)."""
        inner = _filtered(_filtered(seen, self.first, self.first_bias), self.second, self.second_bias)
        elapsed = np.array([len(seen) / STEPS], np.float32)
        padded = np.zeros((STEPS, inner.shape[1]), np.float32)
        padded[: len(inner)] = inner
        strongest = padded.reshape(BLOCKS, BLOCK, -1).max(axis=1).ravel()
        found = np.concatenate((strongest, inner[-1], elapsed))
        opinion = np.maximum(0, found @ self.judge + self.judge_bias)
        return float(1 / (1 + np.exp(-(opinion @ self.answer + self.answer_bias)[0])))


def _filtered(seen: FloatArray, weights: FloatArray, bias: FloatArray) -> FloatArray:
    steps, width = seen.shape
    padded = np.zeros((steps + KERNEL - 1, width), np.float32)
    padded[KERNEL // 2 : KERNEL // 2 + steps] = seen
    columns = np.concatenate([padded[at : at + steps] for at in range(KERNEL)], axis=1)
    return np.asarray(np.maximum(0, columns @ weights + bias), np.float32)


@cache
def packaged() -> ClaimWeights:
    """The weights beside this file."""
    return ClaimWeights.load()


class ClaimMeter:
    """Follows one stream of sound, frame by frame; the judging is done when it is asked for."""

    def __init__(self, weights: ClaimWeights | None = None) -> None:
        self._weights = weights or packaged()
        self._before = np.zeros(WINDOW - HOP, np.float32)  # what the next windows begin with
        self._bands: deque[FloatArray] = deque(maxlen=_FRAMES)

    def step(self, pcm: FloatArray) -> None:
        """Take a frame (640,) at 16 kHz; raises ``ValueError`` for another shape."""
        if pcm.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has shape ({FRAME_SAMPLES},), not {pcm.shape}; cut with audio.frames")
        sound = np.concatenate((self._before, pcm.astype(np.float32, copy=False)))
        self._bands.append(bands(sound))
        self._before = sound[-(WINDOW - HOP) :]

    def measure(self, spoken: float) -> float:
        """The probability 0..1 that whoever has spoken for ``spoken`` seconds up to now wants the floor.

        Half where nothing was heard.
        """
        if not self._bands:
            return 0.5
        frames = min(len(self._bands), round((spoken + EARLIER) / FRAME_SECONDS))
        return self._weights.judged(contour(np.concatenate(list(self._bands)[-max(1, frames) :])))
