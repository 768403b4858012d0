"""Cutting, joining and retuning utterances while their phones keep their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import soxr

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.training.dyads.options import DyadError
from avatar.training.dyads.utterance import Phone, Utterance

SILENCE = "SIL"
LEAD = 12 * FRAME_SAMPLES  # samples of silence, at least, before the first sound of a passage
TAIL = 15 * FRAME_SAMPLES  # and after its last
RELEASE = 0.06  # s of recording kept around the aligned phones: breath, bursts, alignment's own error
FADE = 0.01  # s
SPEECH_DB = -23.0  # dBFS root mean square of every voice before the room
PEAK = 0.97


def spoken(utterance: Utterance) -> tuple[float, float]:
    """Where speech begins and ends in seconds, silences left out.

    Raises ``DyadError`` if nothing is said.
    """
    sounds = [phone for phone in utterance.phones if phone.name != SILENCE]
    if not sounds:
        raise DyadError(
            f"utterance {utterance.name!r} of {utterance.voice} has no phones but silence; leave it out"
        )
    return sounds[0].start, sounds[-1].end


def length(utterance: Utterance) -> float:
    """Seconds from the first sound to the last. Raises ``DyadError`` if nothing is said."""
    start, end = spoken(utterance)
    return end - start


def at_speed(utterance: Utterance, factor: float) -> Utterance:
    """The utterance played ``factor`` times as fast: shorter and higher, phones with it."""
    pcm = soxr.resample(utterance.pcm, SAMPLE_RATE * factor, SAMPLE_RATE, quality="MQ")
    phones = tuple(Phone(p.name, p.start / factor, p.end / factor) for p in utterance.phones)
    return replace(utterance, pcm=np.asarray(pcm, dtype=np.float32), phones=phones)


def levelled(utterance: Utterance, gain_db: float = 0.0) -> Utterance:
    """The utterance with its speech at ``SPEECH_DB`` plus ``gain_db`` dBFS, or as near as its peaks allow."""
    start, end = (round(t * SAMPLE_RATE) for t in spoken(utterance))
    speech = utterance.pcm[start:end].astype(np.float64)
    strength = float(np.sqrt(np.mean(speech**2))) if speech.size else 0.0
    if strength < 1e-6:
        raise DyadError(
            f"utterance {utterance.name!r} of {utterance.voice} has phones but no sound; "
            "align it again or leave it out"
        )
    gain = 10 ** ((SPEECH_DB + gain_db) / 20) / strength
    gain = min(gain, PEAK / float(np.abs(utterance.pcm).max()))
    return replace(utterance, pcm=(utterance.pcm * gain).astype(np.float32))


def cut(utterance: Utterance, seconds: float) -> Utterance:
    """The utterance broken off: the phone sounding at ``seconds`` is its last."""
    phones = tuple(phone for phone in utterance.phones if phone.start < seconds) or utterance.phones[:1]
    samples = min(len(utterance.pcm), round(phones[-1].end * SAMPLE_RATE))
    return replace(utterance, pcm=utterance.pcm[:samples], phones=phones)


def shortened(utterance: Utterance, seconds: float) -> Utterance:
    """The utterance up to its last pause before ``seconds``; broken off there if it has none."""
    if length(utterance) <= seconds:
        return utterance
    start = spoken(utterance)[0]
    pauses = [p.start for p in utterance.phones if p.name == SILENCE and start < p.start <= start + seconds]
    return cut(utterance, pauses[-1] - 1e-6 if pauses else start + seconds)


def joined(pieces: Sequence[Utterance], pauses: Sequence[float], offset: int) -> Utterance:
    """Utterances of one voice as one passage: speech, pauses in seconds between, silence at both ends.

    The first sound lies at sample ``LEAD + offset``, at least ``TAIL`` samples follow the last, and it is
    whole frames long. ``pauses`` has one number fewer than ``pieces``.
    """
    spans = [spoken(piece) for piece in pieces]
    starts = [(LEAD + offset) / SAMPLE_RATE]
    for (begin, end), pause in zip(spans[:-1], pauses, strict=True):
        starts.append(starts[-1] + end - begin + pause)
    last = starts[-1] + spans[-1][1] - spans[-1][0]
    frames = -(-(round(last * SAMPLE_RATE) + TAIL) // FRAME_SAMPLES)
    pcm = np.zeros(frames * FRAME_SAMPLES, dtype=np.float32)
    phones: list[Phone] = []
    for piece, (begin, end), start in zip(pieces, spans, starts, strict=True):
        before = phones[-1].end if phones else 0.0
        if start > before:
            phones.append(Phone(SILENCE, before, start))
        phones += [Phone(p.name, p.start - begin + start, p.end - begin + start) for p in _said(piece)]
        _place(pcm, piece, begin, end, start)
    phones.append(Phone(SILENCE, last, frames * FRAME_SAMPLES / SAMPLE_RATE))
    return replace(
        pieces[0],
        name="+".join(piece.name for piece in pieces),
        text=" ".join(piece.text for piece in pieces),
        pcm=pcm,
        phones=tuple(phones),
    )


def _said(utterance: Utterance) -> tuple[Phone, ...]:
    """Its phones without the silences at both ends."""
    sounds = [index for index, phone in enumerate(utterance.phones) if phone.name != SILENCE]
    return utterance.phones[sounds[0] : sounds[-1] + 1]


def _place(pcm: FloatArray, piece: Utterance, begin: float, end: float, start: float) -> None:
    first = max(0, round((begin - RELEASE) * SAMPLE_RATE))
    last = min(len(piece.pcm), round((end + RELEASE) * SAMPLE_RATE))
    sound = piece.pcm[first:last].copy()
    fade = min(round(FADE * SAMPLE_RATE), len(sound) // 2)
    if fade:
        ramp = (np.arange(fade, dtype=np.float32) + 0.5) / fade
        sound[:fade] *= ramp
        sound[len(sound) - fade :] *= ramp[::-1]
    at = round(start * SAMPLE_RATE) - (round(begin * SAMPLE_RATE) - first)
    pcm[at : at + len(sound)] += sound
