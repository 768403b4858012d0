"""Kokoro in ONNX as a voice: one model run a piece, word times from the model's own durations."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime

from speech.coqui.config import CoquiConfig
from speech.coqui.errors import SynthesisError, VoiceError
from speech.coqui.phonemes import SILENT, Symbols
from speech.coqui.voice import TokenTime, VoicedSound
from speech.espeak import shared_espeak
from speech.kokoro.files import MODEL, language_of, read_styles, read_vocabulary, speakers
from speech.kokoro.graph import with_durations
from speech.kokoro.phonemes import KokoroEncoder
from speech.kokoro.timing import SAMPLE_RATE, word_times
from speech.manner import PLAIN, Manner
from speech.onnx_options import beside_others
from speech.spoken_text import Token

LONGEST = 510  # symbols of a piece between its two ends: the text encoder has 512 positions
_USUAL = "af_heart"  # who speaks where nobody is named: the speaker that its makers grade best


class KokoroVoice:
    """One speaker of the Kokoro model in ``folder``; the same text always gives the same sound.

    The decoder normalises over a whole piece, so that no sound is ready before all of it is. Raises
    ``VoiceError`` saying what is missing and how to get it.
    """

    exclusive = False
    paces = True
    sample_rate = SAMPLE_RATE

    def __init__(self, folder: Path, config: CoquiConfig) -> None:
        if config.device != "cpu":
            raise VoiceError(f"Kokoro in {folder} runs on the CPU only; remove device: {config.device}")
        self._folder = folder
        self._adopt(config)
        self._encoder = KokoroEncoder(shared_espeak(), read_vocabulary(folder))
        model, self._durations = with_durations(folder / MODEL)
        try:
            self._session = onnxruntime.InferenceSession(
                model, sess_options=beside_others(config.threads), providers=["CPUExecutionProvider"]
            )
        except RuntimeError as error:  # onnxruntime's own errors derive from it
            raise VoiceError(f"the voice {folder} can't be loaded: {error}; install it again") from error

    def _adopt(self, config: CoquiConfig) -> None:
        """Check and keep what may differ from one voice of the model to another."""
        if config.speaker_wav is not None:
            raise VoiceError(
                f"Kokoro clones nobody; instead of speaker_wav: {config.speaker_wav} set speaker to one of "
                f"{', '.join(speakers(self._folder))}"
            )
        speaker = config.speaker or _USUAL
        self._styles = read_styles(self._folder, speaker)
        self.language = language_of(speaker)
        if config.language and config.language.lower() not in ("en", self.language):
            raise VoiceError(f"Kokoro's {speaker} speaks {self.language}, not {config.language}")
        self._config = config

    def variant(self, config: CoquiConfig) -> KokoroVoice:
        """Another speaker, or another pace, of this model, which it shares."""
        other = copy.copy(self)
        other._adopt(config)
        return other

    def speak(self, tokens: tuple[Token, ...], seed: int, manner: Manner = PLAIN) -> Iterator[VoicedSound]:
        """Speak one piece at once, or in as many parts as its symbols need; there is no chance in it, so
        ``seed`` changes nothing.
        """
        parts = list(self._parts(tokens))
        if all(owner == SILENT for _, symbols in parts for owner in symbols.owners):
            return
        first, begun = 0, 0.0  # token and second of the piece at which the next part begins
        for at, (said, symbols) in enumerate(parts, 1):
            sound = self._sound(said, symbols, manner)
            times = tuple(
                TokenTime(time.token + first, time.start + begun, time.end + begun) for time in sound.times
            )
            yield VoicedSound(sound.pcm, times, last=at == len(parts))
            first += len(said)
            begun += len(sound.pcm) / SAMPLE_RATE

    def _sound(self, tokens: tuple[Token, ...], symbols: Symbols, manner: Manner) -> VoicedSound:
        length = len(symbols.ids) - 2  # without the ends
        stretch = (self._config.length_scale or 1.0) * self._config.pitch * manner.stretch
        given = {
            "tokens": np.array([symbols.ids], dtype=np.int64),
            "style": self._styles[None, min(length, len(self._styles) - 1)],
            "speed": np.array([1 / stretch], dtype=np.float32),
        }
        try:
            pcm, frames = self._session.run(["audio", self._durations], given)
        except RuntimeError as error:
            said = " ".join(token.text for token in tokens)
            raise SynthesisError(f"Kokoro in {self._folder} can't say {said!r}: {error}") from error
        durations = np.rint(frames).astype(np.int64).reshape(-1)
        sound = np.asarray(pcm, dtype=np.float32).reshape(-1)
        return VoicedSound(sound, word_times(durations, symbols.owners, len(tokens), sound))

    def _parts(self, tokens: tuple[Token, ...]) -> Iterator[tuple[tuple[Token, ...], Symbols]]:
        """The piece as it is or, where it has too many symbols, cut at a clause or a word near its middle."""
        symbols = self._encoder.encode(tokens, self.language)
        if len(symbols.ids) - 2 <= LONGEST:
            yield tokens, symbols
            return
        if len(tokens) == 1:
            raise SynthesisError(
                f"{tokens[0].text!r} has {len(symbols.ids) - 2} symbols, and Kokoro says at most {LONGEST} "
                "at once; lower piece_chars"
            )
        middle = len(tokens) / 2
        ends = [at for at, token in enumerate(tokens[:-1], 1) if token.ends_clause]
        near = [at for at in ends if middle / 2 <= at <= middle * 1.5] or [round(middle)]
        cut = min(near, key=lambda at: abs(at - middle))
        yield from self._parts(tokens[:cut])
        yield from self._parts(tokens[cut:])

    def close(self) -> None:
        """Give the session's memory back."""
        del self._session
