"""XTTS: a voice cloned from a short recording, streamed while it's generated."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from TTS.tts.configs.xtts_config import XttsConfig
from TTS.tts.models.xtts import Xtts

from speech.coqui.checkpoint_voice import COQUI_ERRORS
from speech.coqui.config import CoquiConfig
from speech.coqui.errors import SynthesisError, VoiceError
from speech.coqui.streamed_timing import StreamedTiming
from speech.coqui.voice import FloatArray, VoicedSound
from speech.manner import PLAIN, Manner
from speech.spoken_text import Token

_REFERENCE_RATE = 22_050  # samples a second, of the recording that is cloned
_SHORTEST_REFERENCE = 1.0  # seconds; Coqui ignores anything under .33 s


class XttsVoice:
    """XTTS from a ``folder`` holding model.pth, config.json and vocab.json.

    The voice is that of ``speaker_wav``, or a named ``speaker`` of the model. Word times are estimated while
    it streams.
    """

    exclusive = True  # the model keeps the prefix of the piece that it's generating
    paces = True

    def __init__(self, folder: Path, config: CoquiConfig) -> None:
        torch.set_num_threads(config.threads)
        self._folder = folder
        try:
            described = XttsConfig()
            described.load_json(str(folder / "config.json"))
            self._model: Any = Xtts(described)
            self._model.load_checkpoint(described, checkpoint_dir=str(folder), eval=True)
            self._model.to(config.device)
        except COQUI_ERRORS as error:
            raise VoiceError(f"the voice {folder} can't be loaded: {error}") from error
        self.sample_rate = int(described.audio.output_sample_rate)
        self._described = described
        self._adopt(config)

    def _adopt(self, config: CoquiConfig) -> None:
        """Check and keep what may differ from one voice of the model to another."""
        self._config = config
        described = self._described
        self.language = config.language or "en"
        if self.language.split("-")[0] not in {name.split("-")[0] for name in described.languages}:
            known = ", ".join(described.languages)
            raise VoiceError(f"the voice {self._folder} doesn't speak {self.language!r}; it has {known}")
        self._temperature = config.temperature or float(described.temperature)
        self._latents, self._embedding = self._reference(described)

    def variant(self, config: CoquiConfig) -> XttsVoice:
        """Another voice of this model, which it shares."""
        other = copy.copy(self)
        other._adopt(config)
        return other

    def _reference(self, described: XttsConfig) -> tuple[torch.Tensor, torch.Tensor]:
        """What conditions the GPT and the decoder: the two steps of ``get_conditioning_latents``."""
        if self._config.speaker_wav is None:
            speakers = self._model.speaker_manager.speakers if self._model.speaker_manager else {}
            name = self._config.speaker
            if name not in speakers:
                known = ", ".join(list(speakers)[:10]) or "none of its own"
                raise VoiceError(
                    f"{self._folder} needs a voice: set speaker_wav to a recording, or speaker "
                    f"(it has {known})"
                )
            return tuple(speakers[name].values())
        pcm = torch.from_numpy(_load_reference(self._config.speaker_wav, described.max_ref_len))[None]
        pcm = pcm.to(self._config.device)
        try:
            latents = self._model.get_gpt_cond_latents(
                pcm, _REFERENCE_RATE, length=described.gpt_cond_len, chunk_length=described.gpt_cond_chunk_len
            )
            return latents, self._model.get_speaker_embedding(pcm, _REFERENCE_RATE)
        except COQUI_ERRORS as error:
            raise VoiceError(f"the recording {self._config.speaker_wav} can't be cloned: {error}") from error

    def speak(self, tokens: tuple[Token, ...], seed: int, manner: Manner = PLAIN) -> Iterator[VoicedSound]:
        """Speak one piece, a stretch for every ``stream_tokens`` audio tokens."""
        text = " ".join(token.spoken for token in tokens)
        pace = (self._config.length_scale or 1.0) * self._config.pitch * manner.stretch
        timing = StreamedTiming(tokens, self.sample_rate, pace)
        torch.manual_seed(seed)
        stretches = self._model.inference_stream(
            text,
            self.language,
            self._latents,
            self._embedding,
            stream_chunk_size=self._config.stream_tokens,
            temperature=self._temperature,
            speed=1.0 / pace,
        )
        try:
            for stretch in stretches:
                pcm = stretch.detach().cpu().numpy().astype(np.float32).reshape(-1)
                yield VoicedSound(pcm, timing.follow(pcm))
        except COQUI_ERRORS as error:
            raise SynthesisError(f"{self._folder} can't say {text!r}: {error}") from error
        finally:
            stretches.close()
        yield VoicedSound(np.zeros(0, dtype=np.float32), timing.finish(), last=True)

    def close(self) -> None:
        """Give the model's memory back."""
        del self._model, self._latents, self._embedding


def _load_reference(path: Path, longest: float) -> FloatArray:
    """The recording at ``path`` as float32 mono (samples,) at 22,050 Hz, at most ``longest`` seconds."""
    try:
        pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise VoiceError(f"the recording {path} of the voice to clone can't be read: {error}") from error
    mono = soxr.resample(pcm.mean(axis=1), rate, _REFERENCE_RATE)[: round(longest * _REFERENCE_RATE)]
    if len(mono) < _SHORTEST_REFERENCE * _REFERENCE_RATE or not np.isfinite(mono).all() or not np.any(mono):
        raise VoiceError(
            f"the recording {path} has {len(mono) / _REFERENCE_RATE:.2f} s of usable sound; "
            "3-30 s of speech are needed"
        )
    return np.asarray(np.clip(mono, -1.0, 1.0), dtype=np.float32)
