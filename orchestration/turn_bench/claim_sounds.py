"""Sounds from which it is learnt who wants the floor: a person's and synthetic, of the development half."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from orchestration.corpus.texts import sentences as corpus_sentences
from orchestration.corpus.voices import SyntheticVoice, opened
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.claim_texts import CLAIMS, COMMANDS, LISTENS
from orchestration.turn_bench.hums import hum
from orchestration.turn_bench.recordings import half_of, nasal_words, sentences, words
from orchestration.turn_bench.sound import gaps, samples, trimmed
from orchestration.turn_bench.texts import INTERRUPTIONS, SENTENCES
from speech.audio import load_audio, resample
from speech.espeak import own_espeak

# Speakers that no test half has, whatever accent they are joined with; none of which breathes.
ESPEAK: Final = (
    *("en-us+f4", "en-gb+steph", "en-us+klatt2", "en-gb+m6", "en-us+m2", "en-gb+m4", "en-us+Andrea"),
    *("en-gb+belinda", "en-us+max", "en-us+mike2", "en-gb+robert", "en-us+shelby", "en-us+ed", "en-us+anika"),
    *("en-gb-scotland+m2", "en-gb-x-rp+f4", "en-us+Michael", "en-us+Alicia"),
)
ESPEAK_TEXTS: Final = 40  # of the claims, each speaker
MANNERS: Final = ((1.0, 1.0), (1.2, 1.05), (0.94, 0.95))  # pitch, length of the VITS voice
FLITE: Final = ("slt", "rms", "awb", "kal16")
OPENING: Final = 8  # words of a sentence that are spoken: no more is looked at
HUMS: Final = 6  # of each nasal
LISTENED: Final = 2  # times that each speaker says a listener's words, never twice alike
UNPOINTED: Final = 0.4  # share of the texts that are said without their full stop
INNER_GAP: Final = 0.06  # seconds of a gap after which a phrase begins


@dataclass(frozen=True, slots=True)
class ClaimSound:
    """(samples,) at 16 kHz, trimmed; ``claims``: whether whoever makes it wants the floor."""

    source: str  # whose: what is learnt must not be how one of them sounds
    name: str
    pcm: FloatArray
    claims: bool
    weight: float = 1.0


class NoFlite(RuntimeError):
    """Flite isn't on this machine; says how to get it."""


def opening(text: str) -> str:
    """The first words of a sentence."""
    told = text.replace(" |", "").split()
    return " ".join(told[:OPENING])


def claim_texts() -> list[str]:
    """All beginnings of turns that belong to the development half."""
    others = [line.text for line in corpus_sentences()] + [*SENTENCES, *INTERRUPTIONS]
    return [*CLAIMS, *(opening(text) for text in others if half_of(text) is Half.DEVELOPMENT)]


def human_sounds(rng: np.random.Generator) -> Iterator[ClaimSound]:
    """A person's phrases against words of hers said alone, and hums cut out of them."""
    said = list(sentences(Half.DEVELOPMENT))
    for one in said:
        begins = [0, *(end for begin, end in gaps(one.pcm) if end - begin >= samples(INNER_GAP))]
        for begin in begins:
            if one.pcm.size - begin >= samples(0.7):
                pcm = one.pcm[begin : begin + samples(1.4)]
                yield ClaimSound("human", f"{one.name}@{begin}", pcm, True)
    for word in words(Half.DEVELOPMENT):
        if word.pcm.size <= samples(0.7):
            yield ClaimSound("human", word.name, word.pcm, False, 0.5)
    nasals = [*nasal_words(Half.DEVELOPMENT)] * 8 + said[:100]
    for index, word in enumerate(nasals):
        length, twice = float(rng.uniform(0.2, 0.6)), index % 2 == 1
        pcm = hum(word.pcm, length / 2 if twice else length, twice=twice)
        yield ClaimSound("human", f"hum-{word.name}-{index}", pcm, False, 1.0 if index < 32 else 0.5)


def spoken(
    source: str, say: Callable[[str], FloatArray], claims: list[str], rng: np.random.Generator
) -> Iterator[ClaimSound]:
    """One speaker's sounds; ``say`` speaks a text as (samples,) at 16 kHz."""
    said = [(text, True) for text in (*claims, *COMMANDS)] + [(text, False) for text in LISTENS * LISTENED]
    for text, wants in said:
        told = text.rstrip(".") if rng.uniform() < UNPOINTED else text
        pcm = trimmed(say(told))
        if pcm.size >= samples(0.12):
            yield ClaimSound(source, text, pcm[: samples(1.4)], wants)


def synthetic_sounds(rng: np.random.Generator) -> Iterator[ClaimSound]:
    """All synthetic speakers' sounds; raises ``NoFlite``."""
    texts = claim_texts()
    espeak = own_espeak()
    for speaker in ESPEAK:

        def say_espeak(text: str, speaker: str = speaker) -> FloatArray:
            pace, pitch = int(rng.integers(135, 195)), int(rng.integers(35, 65))
            sound = espeak.speak(text, speaker, words_per_minute=pace, pitch=pitch)
            return resample(sound.pcm, espeak.sample_rate, USER_SAMPLE_RATE)

        chosen = [texts[i] for i in rng.permutation(len(texts))[:ESPEAK_TEXTS]]
        yield from spoken("espeak", say_espeak, chosen, rng)
    for voice in FLITE:

        def say_flite(text: str, voice: str = voice) -> FloatArray:
            return flite(text, voice, float(rng.uniform(0.85, 1.2)))

        chosen = [texts[i] for i in rng.permutation(len(texts))[: 2 * ESPEAK_TEXTS]]
        yield from spoken("flite", say_flite, chosen, rng)
    for index, (pitch, length) in enumerate(MANNERS):
        manner = SyntheticVoice(name="vits", sentences=1, pitch=pitch, length_scale=length, seed=index)
        chosen = [texts[i] for i in rng.permutation(len(texts))[: 2 * ESPEAK_TEXTS]]
        with opened(manner) as (speak, _):
            yield from spoken("vits", lambda text: speak(text)[0], chosen, rng)


def flite(text: str, voice: str, stretch: float) -> FloatArray:
    """``text`` in a voice of Flite, (samples,) at 16 kHz; raises ``NoFlite``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        command = [
            "flite",
            "-voice",
            voice,
            "-t",
            text,
            "-o",
            str(path),
            "-set",
            f"duration_stretch={stretch}",
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)
        except FileNotFoundError as error:
            raise NoFlite("no program `flite`: install Debian's flite") from error
        return load_audio(path)


def noises(rng: np.random.Generator, count: int = 60) -> Iterator[ClaimSound]:
    """Breaths, coughs, and laughter without a voice: bursts of coloured noise."""
    for index in range(count):
        size = samples(float(rng.uniform(0.2, 0.9)))
        white = rng.normal(0, 1, size)
        spectrum = np.fft.rfft(white)
        frequency = np.fft.rfftfreq(size, 1 / USER_SAMPLE_RATE)
        centre, width = rng.uniform(300, 2500), rng.uniform(0.5, 1.5)
        spectrum *= np.exp(-((np.log(np.maximum(frequency, 20) / centre) / width) ** 2))
        time = np.arange(size) / USER_SAMPLE_RATE
        rate = rng.uniform(3, 6)
        shape = [
            np.hanning(size),
            np.exp(-time / rng.uniform(0.05, 0.15)),
            np.maximum(0, np.sin(2 * np.pi * rate * time)) * np.exp(-time),
        ][index % 3]
        pcm = np.fft.irfft(spectrum, size) * shape
        pcm = np.asarray(0.1 * pcm / np.abs(pcm).max(), np.float32)
        yield ClaimSound("noise", f"{index}", pcm, False, 0.3)
