"""How a sound was made, from its spectrum: open, spread or rounded vowels, hisses, closed lips.

Vowels come from the envelope of a linear prediction fitted to 0-4 kHz alone (selective linear prediction,
Makhoul 1975), so that telephone and wide-band voices read the same. F1 opens the jaw; F2 tells spread from
rounded lips.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log10

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.procedural.level import HOP_SAMPLES
from avatar.procedural.prosody import Hop

WINDOW = 512  # samples: 32 ms
BIN = SAMPLE_RATE / WINDOW  # 31.25 Hz
ORDER = 10  # five formants below 4 kHz
NARROW = WINDOW // 4 + 1  # bins of 0..4 kHz
PERIODIC = (0.5, 0.75)  # periodicity from noise to voice; noise in a narrow band reaches 0.55
MURMUR = (19.0, 26.0)  # dB by which 94-700 Hz exceed 700-3000 Hz: from a close vowel to closed lips
DULL = (30.0, 40.0)  # dB by which what is below 2.5 kHz exceeds what is above; close vowels are brighter
ROUND_BELOW = 0.80  # place of F2 in the voice's range under which a close vowel has rounded lips

Array = NDArray[np.float64]

_TAPER = np.hanning(WINDOW)
_FREQUENCY = np.arange(WINDOW // 2 + 1) * BIN  # Hz
_EMPHASIS = 1.0 + 0.9**2 - 2 * 0.9 * np.cos(np.pi * np.arange(NARROW) / (NARROW - 1))
_TOEPLITZ = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None, :])
_BAND_EDGES = np.array([0, 3, 23, 80, 96])  # bins: rumble | 94-700 Hz | 700-2500 | 2500-3000 | above
_HISS = slice(48, WINDOW // 2 + 1)  # from 1.5 kHz
_F1_BAND = slice(int(230 / BIN), int(1000 / BIN) + 1)
_F2_BAND = slice(int(850 / BIN), int(2700 / BIN) + 1)


@dataclass(frozen=True, slots=True)
class Articulation:
    """Weights 0..1 of one hop: ``voice`` and ``hiss`` say how strong, the rest how the mouth is shaped.

    ``open``, ``spread`` and ``rounded`` describe a vowel; ``hush`` is the share of a hiss made with rounded
    lips (as in "she"); ``closed`` means voice through the nose with the lips shut.
    """

    voice: float = 0.0
    open: float = 0.0
    spread: float = 0.0
    rounded: float = 0.0
    hiss: float = 0.0
    hush: float = 0.0
    closed: float = 0.0


SILENT = Articulation()


class Spread:
    """A voice's usual range of one formant, as its 10th and 90th percentile in log Hz, learnt while it
    speaks.
    """

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = log(low), log(high)
        self._bounds = (self._low - 0.25, self._low + 0.25, self._high - 0.25, self._high + 0.25)

    def place(self, frequency: float) -> float:
        """Where in the usual range a frequency in Hz lies, 0..1; also learns from it."""
        value = log(frequency)
        self._low += 0.004 * (0.1 - (1.0 if value < self._low else 0.0))
        self._high += 0.004 * (0.9 - (1.0 if value < self._high else 0.0))
        a, b, c, d = self._bounds
        self._low, self._high = min(max(self._low, a), b), min(max(self._high, c), d)
        return _ramp(value, self._low, self._high)


class ArticulationTracker:
    """Reads articulation from a voice, two 20 ms hops a frame, each from the 32 ms that end with it."""

    def __init__(self) -> None:
        self._recent: Array = np.zeros(WINDOW + HOP_SAMPLES)
        self._first = Spread(330.0, 720.0)
        self._second = Spread(1150.0, 2050.0)

    def step(self, pcm: FloatArray, hops: tuple[Hop, Hop]) -> tuple[Articulation, Articulation]:
        """Articulation of both hops of a frame, float32 (640,), given their level and pitch."""
        self._recent = np.concatenate([self._recent[FRAME_SAMPLES:], pcm])
        if not (hops[0].level.active or hops[1].level.active):
            return SILENT, SILENT
        windows = np.stack([self._recent[:WINDOW], self._recent[HOP_SAMPLES:]])
        spectrum = np.fft.rfft(windows * _TAPER)
        power = spectrum.real**2 + spectrum.imag**2 + 1e-12
        first, second = formant_centres(power).tolist()
        bands = np.add.reduceat(power, _BAND_EDGES, axis=1).tolist()
        centroids = (power[:, _HISS] @ _FREQUENCY[_HISS] / power[:, _HISS].sum(axis=1)).tolist()
        return (
            self._read(hops[0], bands[0], first, centroids[0]),
            self._read(hops[1], bands[1], second, centroids[1]),
        )

    def _read(self, hop: Hop, bands: list[float], formants: list[float], centroid: float) -> Articulation:
        if not hop.level.active:
            return SILENT
        _, low, middle, upper, high = bands
        middle += upper
        noise = 1 - _ramp(hop.periodicity, *PERIODIC)
        sharp = _ramp((upper + high) / (low + middle + high), 0.30, 0.75)
        # voiced hisses are periodic too, so sharpness counts even then; the weak ones have little but noise
        hiss = max(sharp * (1 - 0.6 * hop.periodicity), 0.6 * noise)
        loudness = hop.level.loudness
        voice = loudness * (1 - noise) * (1 - hiss)
        opening, front = self._vowel(formants, voice)
        murmur = _ramp(10 * log10(low / middle), *MURMUR) * _ramp(
            10 * log10((low + middle) / (upper + high)), *DULL
        )
        murmur *= 1 - noise
        rounded = _ramp(ROUND_BELOW - 0.45 * opening - front, 0.0, 0.45) * (1 - 0.75 * opening)
        return Articulation(
            voice=voice,
            open=opening * (1 - murmur),
            spread=front * (1 - 0.6 * opening) * (1 - rounded),
            rounded=rounded * (1 - murmur),
            hiss=hiss * (0.35 + 0.65 * loudness),
            hush=sharp * _ramp(centroid, 2900.0, 3150.0) * (1 - _ramp(centroid, 3900.0, 4700.0)),
            closed=murmur * min(1.0, 2 * loudness),
        )

    def _vowel(self, formants: list[float], voice: float) -> tuple[float, float]:
        if voice < 0.3:  # weak voice: read the vowel, but learn nothing from it
            return _ramp(formants[0], 350.0, 750.0), _ramp(formants[1], 1150.0, 2050.0)
        return self._first.place(formants[0]), self._second.place(formants[1])


def formant_centres(power: Array) -> Array:
    """Centres in Hz of the envelope around F1 and F2, (n, 2), from power spectra (n, 257) of 0-8 kHz.

    Centres of mass instead of peaks: they move smoothly and don't vanish when two formants merge.
    """
    correlation = np.fft.irfft(power[:, :NARROW] * _EMPHASIS)[:, : ORDER + 1]
    correlation[:, 0] *= 1.0005  # white-noise correction: keeps the equations solvable for tones
    predictor = np.linalg.solve(correlation[:, _TOEPLITZ], -correlation[:, 1:, None])[..., 0]
    polynomial = np.concatenate([np.ones((len(power), 1)), predictor], axis=1)
    response = np.fft.rfft(polynomial, 2 * (NARROW - 1))
    envelope = 1.0 / np.maximum(response.real**2 + response.imag**2, 1e-9)
    first, second = envelope[:, _F1_BAND], envelope[:, _F2_BAND]
    return np.stack(
        [
            first @ _FREQUENCY[_F1_BAND] / first.sum(axis=1),
            second @ _FREQUENCY[_F2_BAND] / second.sum(axis=1),
        ],
        axis=1,
    )


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
