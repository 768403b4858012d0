"""The synthetic voices of the bank, and opening one of them: text in, sound at 16 kHz out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from avatar.animator import SAMPLE_RATE, FloatArray
from avatar.training.dyads.bank import Material
from avatar.training.dyads.utterance import Phone
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from speech.audio import resample

VITS, KOKORO = "en_US-joe-medium", "kokoro-v1.0"  # of configs/models.yaml

Speaker = Callable[[str], tuple[FloatArray, tuple[Phone, ...]]]


class SyntheticVoice(BaseModel):
    """One synthetic speaker: an espeak-ng voice, one of Kokoro's or else a manner of VITS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="the speaker's name in the bank")
    material: Material = Field(default="train", description="what all that it says may be used for")
    sentences: int = Field(ge=1, description="how many of the sentences it says, besides the backchannels")
    espeak: str = Field(
        default="", description="espeak-ng's name of the voice, such as en-gb+f3; empty: VITS"
    )
    kokoro: str = Field(default="", description="Kokoro's name of the speaker, such as af_heart; empty: VITS")
    words_per_minute: int = Field(
        default=165, ge=80, le=450, description="pace of an espeak-ng voice, words/min"
    )
    espeak_pitch: int = Field(default=50, ge=0, le=99, description="pitch of an espeak-ng voice, no unit")
    pitch: float = Field(default=1.0, ge=0.7, le=1.5, description="ratio by which a model's pitch is raised")
    length_scale: float = Field(default=1.0, ge=0.25, le=4.0, description="duration factor of a model")
    seed: int = Field(default=0, ge=0, description="seed of VITS's random numbers")

    @property
    def licence(self) -> str:
        """Under which terms its sound may be used."""
        if self.espeak:
            return "GPL-3.0-or-later (the program; no terms on its output)"
        if self.kokoro:
            return "Apache-2.0 (the model; no terms on its output)"
        return "CC0-1.0 (its recordings; fine-tuned from lessac, see docs/models.md)"

    @property
    def options(self) -> dict[str, object]:
        """All that decides how it sounds and what it says; a voice that isn't Kokoro's doesn't name it."""
        return self.model_dump(exclude=None if self.kokoro else {"kokoro"})


def _espeak(name: str, voice: str, pace: int, pitch: int, material: Material = "train") -> SyntheticVoice:
    return SyntheticVoice(
        name=name, espeak=voice, sentences=80, words_per_minute=pace, espeak_pitch=pitch, material=material
    )


def _kokoro(name: str, speaker: str, sentences: int = 60, material: Material = "train") -> SyntheticVoice:
    return SyntheticVoice(name=name, kokoro=speaker, sentences=sentences, material=material)


# Who is held out is a stranger to a model: its manner, pitch and pace are in no other voice. espeak-ng's f2,
# f3 and f5 breathe from memory that nobody set, never twice the same, so they are left out.
VOICES = (
    SyntheticVoice(name="joe", sentences=150),
    SyntheticVoice(name="joan", sentences=150, pitch=1.2, length_scale=1.05, seed=1),
    SyntheticVoice(name="jim", sentences=100, pitch=0.88, length_scale=0.95, seed=2),
    SyntheticVoice(name="jill", sentences=100, pitch=1.33, length_scale=1.15, seed=3),
    _espeak("emma", "en-us+f1", 160, 50),
    _espeak("eric", "en-us+m3", 170, 45),
    _espeak("ella", "en-us+f4", 150, 55),
    _espeak("evan", "en-us+m7", 185, 50),
    _espeak("edna", "en-gb+linda", 155, 50),
    _espeak("earl", "en-gb+m1", 165, 40),
    _espeak("edie", "en-gb+steph", 175, 60),
    _espeak("ezra", "en-gb-x-rp+m5", 160, 50),
    _espeak("enid", "en-us+klatt2", 160, 55),
    _espeak("egon", "en-gb+m6", 165, 45, "validation"),
    _espeak("otis", "en-us+m8", 165, 50, "test"),
    SyntheticVoice(name="olga", sentences=50, pitch=1.1, length_scale=0.9, seed=5, material="test"),
    _kokoro("kate", "af_heart"),
    _kokoro("kim", "af_bella"),
    _kokoro("karl", "am_michael"),
    _kokoro("kent", "am_fenrir"),
    _kokoro("kay", "bf_emma"),
    _kokoro("oscar", "am_puck", 50, "test"),
)


@contextmanager
def opened(voice: SyntheticVoice, threads: int = 1) -> Iterator[tuple[Speaker, str]]:
    """A function that speaks, and what it is made with, in words.

    It turns a text into float32 (samples,) at 16 kHz and, where the voice knows them, the phones that cover
    it (else none). The same texts in the same order give the same sound. Raises ``ModelError`` or
    ``VoiceError`` where the model is missing, ``EspeakError`` for an unknown voice.
    """
    if voice.espeak:
        from orchestration.corpus.espeak_phones import phones_of
        from speech.espeak import own_espeak

        espeak = own_espeak()

        def speak(text: str) -> tuple[FloatArray, tuple[Phone, ...]]:
            sound = espeak.speak(
                text, voice.espeak, words_per_minute=voice.words_per_minute, pitch=voice.espeak_pitch
            )
            return resample(sound.pcm, espeak.sample_rate, SAMPLE_RATE), phones_of(sound, espeak.sample_rate)

        yield speak, f"espeak-ng {espeak.version}, {voice.espeak}"
        return
    registry = load_registry()
    name = KOKORO if voice.kokoro else VITS
    model = resolve(name, "synthesizer", registry)
    entry = registry.find(name, "synthesizer")
    digest = entry.files[0].sha256[:12] if entry else "of a path"
    who = f"Kokoro's {voice.kokoro} of {name}" if voice.kokoro else f"VITS {name}"
    with _modelled(Path(model.location), voice, threads) as speak_modelled:
        yield speak_modelled, f"{who} ({digest}), pitch {voice.pitch:g}, length {voice.length_scale:g}"


@contextmanager
def _modelled(path: Path, voice: SyntheticVoice, threads: int) -> Iterator[Speaker]:
    from speech.coqui.config import CoquiConfig
    from speech.coqui.opening import open_voice
    from speech.coqui.rendering import measure_gain, render
    from speech.spoken_text import read_tokens, split_pieces
    from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE

    config = CoquiConfig(
        model=str(path),
        speaker=voice.kokoro or None,
        pitch=voice.pitch,
        length_scale=voice.length_scale,
        seed=voice.seed,
        threads=threads,
    )
    model = open_voice(config)
    try:
        gain = measure_gain(model, config, read_tokens("Hello, how are you today?"))

        def speak(text: str) -> tuple[FloatArray, tuple[Phone, ...]]:
            pieces = split_pieces(
                read_tokens(text), longest=config.piece_chars, first_longest=config.piece_chars
            )
            chunks = [chunk.pcm for piece in pieces for chunk in render(model, config, piece, gain)]
            pcm = np.concatenate([np.zeros(0, dtype=np.float32), *chunks])
            return resample(pcm, SYNTHESIZER_SAMPLE_RATE, SAMPLE_RATE), ()

        yield speak
    finally:
        model.close()
