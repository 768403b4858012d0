"""What a voice goes through before an ear has it: a room, the other's voice, noise, a line, a level.

Sounds keep their length and their place in time: the direct sound comes first and undelayed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.training.dyads.clips import SPEECH_DB
from avatar.training.dyads.noise import Noise, babble, pink, white
from avatar.training.dyads.options import RoomOptions, Span
from avatar.training.dyads.utterance import Utterance

Array = NDArray[np.float64]

SPEECH = -50.0  # dBFS; louder frames of a clean voice are speech
FIRST_ECHO = 0.003  # s
REVERBERANT = (-14.0, -4.0)  # dB of the room's sound against the direct
TELEPHONE = (300.0, 3400.0)  # Hz
AWAY = (0.003, 0.015)  # s that the other's voice takes
MU = 255
KNEE = 0.7  # from here on a loud sound is bent, so that it stays below 1

_TELEPHONE = butter(4, TELEPHONE, btype="bandpass", fs=SAMPLE_RATE, output="sos")


def hear(
    voices: FloatArray, rng: np.random.Generator, options: RoomOptions, crowd: Sequence[Utterance] = ()
) -> FloatArray:
    """Both clean voices, float32 (2, samples), as their microphones give them; the same shape, -1..1.

    ``crowd`` are the utterances that babble is made of; without any, there is none.
    """
    heard = np.empty_like(voices)
    for side, child in enumerate(rng.spawn(2)):
        heard[side] = _microphone(voices[side], voices[1 - side], child, options, crowd)
    return heard


def _microphone(
    own: FloatArray,
    other: FloatArray,
    rng: np.random.Generator,
    options: RoomOptions,
    crowd: Sequence[Utterance],
) -> FloatArray:
    sound = own
    # drawn at once, so that one choice never shifts the next
    clean, room, talk, noisy, line, coded = rng.random(6) < (
        options.clean,
        options.reverberation,
        options.cross_talk,
        options.noise,
        options.telephone,
        options.codec,
    )
    if not clean:
        if room:
            sound = reverberated(sound, rng, options.decay)
        if talk:
            delay = round(_between(rng, AWAY) * SAMPLE_RATE)
            sound = sound.copy()
            sound[delay:] += _gain(_between(rng, options.cross_talk_level)) * other[:-delay]
        if noisy:
            sources: list[Noise] = [white, pink, *([babble(crowd)] if crowd else [])]
            noise = sources[int(rng.integers(len(sources)))](len(sound), rng)
            sound = sound + _gain(speech_level(own, own) - _between(rng, options.noise_ratio)) * noise
        if line:
            sound = np.asarray(sosfilt(_TELEPHONE, sound), dtype=np.float32)
    sound = sound * _gain(_between(rng, options.level) - speech_level(sound, own))
    sound = limited(sound)
    return mu_law(sound) if coded and not clean else sound


def reverberated(sound: FloatArray, rng: np.random.Generator, decay: Span) -> FloatArray:
    """``sound`` in a small room: itself, then noise that falls by 60 dB in a time drawn from ``decay``, s."""
    falls = _between(rng, decay)
    time = np.arange(round(falls * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = rng.standard_normal(len(time)) * np.exp(-np.log(1000) * time / falls)
    echoes[time < FIRST_ECHO] = 0
    echoes *= _gain(_between(rng, REVERBERANT)) / np.sqrt(np.sum(echoes**2))
    echoes[0] = 1
    return np.asarray(oaconvolve(sound, echoes.astype(np.float32))[: len(sound)], dtype=np.float32)


def limited(sound: FloatArray) -> FloatArray:
    """``sound`` with its peaks bent into -1..1, unchanged below .7."""
    size = np.abs(sound)
    over = np.flatnonzero(size > KNEE)
    bent = np.asarray(sound, dtype=np.float32).copy()
    bent[over] = np.sign(sound[over]) * (KNEE + (1 - KNEE) * np.tanh((size[over] - KNEE) / (1 - KNEE)))
    return bent


def mu_law(sound: FloatArray) -> FloatArray:
    """``sound`` after 8-bit mu-law coding (G.711's curve)."""
    coded = np.sign(sound) * np.log1p(MU * np.abs(sound)) / np.log1p(MU)
    steps = np.round(coded * 127) / 127
    return np.asarray(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(MU)) / MU, dtype=np.float32)


def speech_level(sound: FloatArray, voice: FloatArray) -> float:
    """Root mean square in dBFS of ``sound`` in the frames in which the clean ``voice`` speaks.

    A voice that never does counts as one at the common level.
    """
    said = voice[: len(voice) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    speaking = np.einsum("ij,ij->i", said, said) / FRAME_SAMPLES > 10 ** (SPEECH / 10)
    if not speaking.any():
        return SPEECH_DB
    chosen = sound[: said.size].reshape(said.shape)[speaking].astype(np.float64)
    return float(10 * np.log10(np.mean(chosen**2) + 1e-12))


def _gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))


def _between(rng: np.random.Generator, span: Span) -> float:
    return float(rng.uniform(*span))
