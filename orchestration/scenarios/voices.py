"""How what a speaker says becomes sound: by the system's voices, or numbered for scripted engines."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import soxr

from orchestration.configuration import Configuration
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.scenarios.schema import Say, Speaker
from orchestration.simulation.scripted import SPEECH_LEVEL, WORD_SECONDS, articulated, spoken
from speech.audio import load_audio
from speech.noise import pink_noise
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE, Synthesizer

NOISE_LEVEL: Final = 10 ** (-20 / 20)  # RMS at a gain of 0 dB, of full scale
HUM: Final = re.compile(r"\W*(m+|hm+|mhm+)(\W+(m+|hm+|mhm+))*\W*", re.IGNORECASE)  # said with closed lips
SPEAK_TIMEOUT: Final = 60.0  # seconds for everything that is said at once


class UserVoice(Protocol):
    """Makes the sound of what is said, (samples,) at 16 kHz, gain included."""

    exclusive: bool  # sounds of people replace others while they last; False: they are added up

    async def words(self, speaker: Speaker, text: str, gain_db: float, length: float | None) -> FloatArray:
        """``text`` spoken. Raises ``EngineError``, ``RuntimeError`` or ``ValueError`` of the synthesiser."""
        ...

    async def recording(self, say: Say, path: Path, gain_db: float) -> FloatArray:
        """A sound file. Raises ``AudioError``."""
        ...

    def noise(self, colour: str, seconds: float, gain_db: float, seed: int) -> FloatArray:
        """Noise of a colour (white, pink)."""
        ...


class SynthesizedVoice:
    """Speaks with the voices of a configuration; another one than the agent's, if there is one."""

    exclusive = False

    def __init__(self, synthesizer: Synthesizer, configuration: Configuration) -> None:
        self._synthesizer = synthesizer
        agents = configuration.voice_of(configuration.persona)
        others = [name for name in configuration.synthesizer.voices if name != agents]
        self._default = others[0] if others else agents or None

    async def words(self, speaker: Speaker, text: str, gain_db: float, length: float | None) -> FloatArray:
        voice = speaker.voice or self._default
        async with asyncio.timeout(SPEAK_TIMEOUT):
            chunks = [chunk.pcm async for chunk in self._synthesizer.synthesize(text, voice)]
        if not chunks:
            raise ValueError(f"{text!r}: the voice makes no sound of it; give words that can be spoken")
        pcm = soxr.resample(np.concatenate(chunks), SYNTHESIZER_SAMPLE_RATE, USER_SAMPLE_RATE)
        return _louder(pcm, gain_db)

    async def recording(self, say: Say, path: Path, gain_db: float) -> FloatArray:
        return _louder(await asyncio.to_thread(load_audio, path), gain_db)

    def noise(self, colour: str, seconds: float, gain_db: float, seed: int) -> FloatArray:
        samples = round(seconds * USER_SAMPLE_RATE)
        rng = np.random.default_rng(seed)
        pcm = pink_noise(samples, rng) if colour == "pink" else rng.standard_normal(samples)
        return _louder(pcm / np.sqrt(np.mean(pcm**2)) * NOISE_LEVEL, gain_db)


class NumberedVoice:
    """Sound that scripted engines understand: it says which of the ``utterances`` it is.

    Its level is that number, so gain is left out. Noise has no number; from -6 dB it is taken for speech.
    """

    exclusive = True

    def __init__(self, utterances: list[str]) -> None:
        self._utterances = utterances  # of the scripted recogniser, which knows what is added here

    async def words(self, speaker: Speaker, text: str, gain_db: float, length: float | None) -> FloatArray:
        return self._numbered(text, length or WORD_SECONDS * len(text.split()))

    async def recording(self, say: Say, path: Path, gain_db: float) -> FloatArray:
        seconds = load_audio(path).size / USER_SAMPLE_RATE  # virtual time waits for no thread
        return self._numbered(say.words, seconds) if say.words else self.noise("", seconds, gain_db, 0)

    def noise(self, colour: str, seconds: float, gain_db: float, seed: int) -> FloatArray:
        samples = round(seconds * USER_SAMPLE_RATE)
        return np.full(samples, -SPEECH_LEVEL * 10 ** (gain_db / 20), np.float32)

    def _numbered(self, text: str, seconds: float) -> FloatArray:
        self._utterances.append(text)
        sound = spoken if HUM.fullmatch(text) else articulated
        return sound(len(self._utterances) - 1, seconds)


def _louder(pcm: np.ndarray[tuple[int, ...], np.dtype[np.floating]], gain_db: float) -> FloatArray:
    louder: FloatArray = np.clip(pcm * 10 ** (gain_db / 20), -1, 1).astype(np.float32)
    return louder
