"""Any Coqui speech model from its checkpoint: VITS with its durations, others with estimated word times."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from TTS.api import TTS
from TTS.tts.models.vits import Vits

from speech.coqui.alignment import gaps_to_next, owners
from speech.coqui.config import CoquiConfig
from speech.coqui.coqui_espeak import use_library_espeak
from speech.coqui.errors import SynthesisError, VoiceError
from speech.coqui.phonemes import SILENT
from speech.coqui.timing import estimated, from_durations
from speech.coqui.voice import VITS_FOLLOWS, FloatArray, TokenTime, VoicedSound
from speech.manner import PLAIN, Manner
from speech.spoken_text import PAUSES, Token

# What Coqui raises for a bad argument or input, depending on the model.
COQUI_ERRORS = (
    AssertionError,
    AttributeError,
    KeyError,
    IndexError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    UnpicklingError,
)
_SCALES = ("length_scale", "inference_noise_scale", "inference_noise_scale_dp")
_UNPICKLED = ("bark", "tortoise")  # Coqui loads these without weights_only


class CheckpointVoice:
    """A Coqui model from ``checkpoint`` (.pth, loaded weights-only) and its ``description`` (config.json)."""

    exclusive = False

    def __init__(
        self,
        checkpoint: Path,
        description: Path,
        config: CoquiConfig,
        vocoder: tuple[Path, Path] | None = None,
    ) -> None:
        if any(name in checkpoint.name.lower() or name in str(description).lower() for name in _UNPICKLED):
            raise VoiceError(
                f"{checkpoint} can only be loaded by unpickling, which may run code; use another model"
            )
        if checkpoint.is_dir():
            checkpoint = _only_checkpoint(checkpoint)
        torch.set_num_threads(config.threads)
        use_library_espeak()
        self._config = config
        self._name = checkpoint
        try:
            self._api = TTS(
                model_path=str(checkpoint),
                config_path=str(description),
                vocoder_path=str(vocoder[0]) if vocoder else None,
                vocoder_config_path=str(vocoder[1]) if vocoder else None,
                progress_bar=False,
            ).to(config.device)
        except COQUI_ERRORS as error:
            raise VoiceError(f"the voice {checkpoint} can't be loaded: {error}") from error
        synthesizer = self._api.synthesizer
        self._model: Any = synthesizer.tts_model
        self.sample_rate = int(synthesizer.output_sample_rate)
        self._trained = {name: getattr(self._model, name, None) for name in _SCALES}
        self.paces = self._trained["length_scale"] is not None
        self._adopt(config)

    def _adopt(self, config: CoquiConfig) -> None:
        """Check and keep what may differ from one voice of the model to another."""
        self._config = config
        languages = self._model.language_manager.language_names
        self.language = config.language or (languages[0] if languages else "en")
        self._check_speaker(config)
        self._scales = self._wanted_scales(config)

    def variant(self, config: CoquiConfig) -> CheckpointVoice:
        """Another voice of this model, which it shares."""
        other = copy.copy(self)
        other._adopt(config)
        return other

    def _check_speaker(self, config: CoquiConfig) -> None:
        """Coqui ignores a speaker that a model can't use, and fails late on one that it lacks."""
        given = config.speaker or config.speaker_wav
        if not self._api.is_multi_speaker:
            if given is not None:
                raise VoiceError(f"{self._name} has one speaker; remove speaker or speaker_wav: {given}")
            return
        known = list(self._api.speakers or [])
        if given is None:
            raise VoiceError(f"{self._name} needs a speaker; set one of {', '.join(known[:10])}")
        if config.speaker_wav is None and config.speaker not in known:
            raise VoiceError(
                f"{self._name} has no speaker {config.speaker!r}; it has {', '.join(known[:10])}"
            )

    def _wanted_scales(self, config: CoquiConfig) -> dict[str, float]:
        """The model's scales by name: as trained, but for what ``config`` sets."""
        wanted = {
            "inference_noise_scale": config.noise_scale,
            "inference_noise_scale_dp": config.duration_noise_scale,
        }
        if config.length_scale is not None or config.pitch != 1.0:
            own = self._trained["length_scale"]
            pace = config.length_scale if config.length_scale is not None else own
            wanted["length_scale"] = None if pace is None else pace * config.pitch
            if own is None:
                raise VoiceError(f"the pace of {self._name} can't be set; remove length_scale and pitch")
        scales = {name: value for name, value in self._trained.items() if value is not None}
        for name, value in wanted.items():
            if value is None:
                continue
            if name not in scales:
                raise VoiceError(f"{self._name} has no {name}; remove it from the configuration")
            scales[name] = value
        return scales

    def speak(self, tokens: tuple[Token, ...], seed: int, manner: Manner = PLAIN) -> Iterator[VoicedSound]:
        """Speak one piece in one stretch."""
        text = " ".join(token.spoken for token in tokens)
        if text[-1] not in PAUSES:
            text += "."  # models without a mark at the end tend to run on
        for name, value in self._scales.items():  # set anew each time, since the model has several voices
            setattr(self._model, name, value)
        if self.paces:
            follows = VITS_FOLLOWS if isinstance(self._model, Vits) else 1.0
            self._model.length_scale = self._scales["length_scale"] * manner.stretch ** (1 / follows)
        # Torch's generator is global: another user of it in this process may draw from it meanwhile.
        torch.manual_seed(seed)
        try:
            pcm, times = (
                self._vits(text, tokens) if isinstance(self._model, Vits) else self._any(text, tokens)
            )
        except COQUI_ERRORS as error:
            raise SynthesisError(f"{self._name} can't say {text!r}: {error}") from error
        yield VoicedSound(pcm, times, last=True)

    def _arguments(self) -> dict[str, Any]:
        several = getattr(self._model.language_manager, "num_languages", 1) > 1
        return {
            "speaker": self._config.speaker,
            "speaker_wav": str(self._config.speaker_wav) if self._config.speaker_wav else None,
            "language": self.language if several else None,
        }

    def _vits(self, text: str, tokens: Sequence[Token]) -> tuple[FloatArray, tuple[TokenTime, ...]]:
        said = self._model.synthesize(text=text, voice_dir=self._api.voice_dir, **self._arguments())
        pcm = np.asarray(said["wav"], dtype=np.float32).reshape(-1)
        durations = said["outputs"]["durations"].detach().cpu().numpy().reshape(-1)
        durations = np.rint(durations).astype(np.int64)
        owner_of = self._owners(said["text_inputs"].reshape(-1).tolist(), tokens)
        frame = len(pcm) / self.sample_rate / max(1, int(durations.sum()))  # seconds
        return pcm, from_durations(durations, owner_of, len(tokens), frame)

    def _owners(self, ids: Sequence[int], tokens: Sequence[Token]) -> list[int]:
        """For each input id, its token or ``SILENT``."""
        tokenizer = self._model.tokenizer
        alone = [
            self._symbols(tokenizer.text_to_ids(token.spoken, language=self.language)) for token in tokens
        ]
        symbols = [self._symbol(identity) for identity in ids]
        together = "".join(symbols)
        by_symbol = iter(zip(together, gaps_to_next(together, owners(alone, together)), strict=True))
        result: list[int] = []
        pausing = False
        for symbol in symbols:
            if not symbol:
                result.append(result[-1] if result else SILENT)  # a blank lengthens the symbol before it
                continue
            said, owner = next(by_symbol)
            pausing = said in PAUSES or (pausing and said == " ")
            result.append(SILENT if pausing else owner)
        return result

    def _symbols(self, ids: Sequence[int]) -> str:
        return "".join(map(self._symbol, ids)).strip()

    def _symbol(self, identity: int) -> str:
        """The one character that ``identity`` stands for; none for blanks and marks of begin and end."""
        symbol = str(self._model.tokenizer.characters.id_to_char(identity))
        return symbol if len(symbol) == 1 and symbol != self._model.tokenizer.characters.pad else ""

    def _any(self, text: str, tokens: Sequence[Token]) -> tuple[FloatArray, tuple[TokenTime, ...]]:
        several = getattr(self._model.language_manager, "num_languages", 1) > 1
        wave = self._api.synthesizer.tts(
            text,
            speaker_name=self._config.speaker,
            language_name=self.language if several else None,
            speaker_wav=str(self._config.speaker_wav) if self._config.speaker_wav else None,
            split_sentences=False,
        )
        pcm = np.asarray(wave, dtype=np.float32).reshape(-1)
        weights = [len(token.spoken) for token in tokens]
        return pcm, estimated(pcm, self.sample_rate, weights, [token.ends_clause for token in tokens])

    def close(self) -> None:
        """Give the model's memory back."""
        del self._api, self._model


def _only_checkpoint(folder: Path) -> Path:
    found = sorted(folder.glob("*.pth"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise VoiceError(f"{folder} should hold one checkpoint (.pth), it has {names}; name the file itself")
    return found[0]
