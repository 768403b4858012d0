"""A VITS voice in ONNX (Piper's layout), run by Coqui's own ``Vits`` class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from TTS.tts.configs.vits_config import VitsConfig
from TTS.tts.models.vits import Vits, VitsArgs

from speech.coqui.config import CoquiConfig
from speech.coqui.errors import SynthesisError, VoiceError
from speech.coqui.onnx_graph import OnnxGraphError, expose, nodes, take_noise_from_inputs
from speech.coqui.phonemes import BEGIN, END, PAD, SILENT, PhonemeEncoder
from speech.coqui.timing import from_durations
from speech.coqui.voice import VoicedSound
from speech.espeak import shared_espeak
from speech.spoken_text import Token

_NOISE_FRAMES = 6_000  # longest sound of one piece: 70 s at 22,050 Hz and 256 samples a frame
_NOISE_SYMBOLS = 4_096  # longest piece in symbols
_NO_WEIGHTS = VitsArgs(
    hidden_channels=2,
    hidden_channels_ffn_text_encoder=2,
    num_heads_text_encoder=1,
    num_layers_text_encoder=1,
    num_layers_flow=1,
    num_layers_posterior_encoder=1,
    upsample_initial_channel_decoder=16,
    use_sdp=False,
    init_discriminator=False,
)


class _Open(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Audio(_Open):
    sample_rate: int = Field(ge=8_000, le=96_000)
    hop_length: int = Field(default=256, ge=1)  # samples a frame; all published Piper voices have 256


class _EspeakVoice(_Open):
    voice: str


class _Inference(_Open):
    noise_scale: float = 0.667
    length_scale: float = 1.0
    noise_w: float = 0.8


class OnnxVoiceFile(_Open):
    """The ``.onnx.json`` beside a voice: what its numbers mean."""

    audio: _Audio
    espeak: _EspeakVoice
    inference: _Inference = _Inference()
    phoneme_type: str = "espeak"
    phoneme_id_map: dict[str, list[int]]
    speaker_id_map: dict[str, int] = {}
    num_speakers: int = 1


class _Session:
    """The part of an ONNX session that ``Vits.inference_onnx`` calls, with noise given and durations kept."""

    def __init__(self, session: onnxruntime.InferenceSession, noise: Sequence[str], durations: str) -> None:
        self._session = session
        self._durations = durations
        self._inputs = {entry.name for entry in session.get_inputs()}
        self._noise_names = tuple(noise)
        self._noise: dict[str, NDArray[np.float32]] = {}
        self._seed: int | None = None
        self.durations: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def seed(self, seed: int) -> None:
        """Choose the noise; the same seed is the same noise."""
        if seed == self._seed:
            return
        rng = np.random.default_rng(seed)
        channels = {0: (1, 2, _NOISE_SYMBOLS), 1: (1, 192, _NOISE_FRAMES)}  # of VITS: rhythm, then sound
        self._noise = {
            name: rng.standard_normal(channels[at], dtype=np.float32)
            for at, name in enumerate(self._noise_names)
        }
        self._seed = seed

    def run(self, outputs: Sequence[str], inputs: Mapping[str, Any]) -> list[Any]:
        given = {name: value for name, value in inputs.items() if name in self._inputs} | self._noise
        audio, durations = self._session.run([*outputs, self._durations], given)
        self.durations = np.rint(durations).astype(np.int64).reshape(-1)
        return [audio]


class TimedVits(Vits):  # type: ignore[misc]
    """Coqui's ``Vits`` whose ONNX session has bounded threads, seeded noise, and tells each symbol's
    duration.
    """

    onnx_sess: _Session

    def load_onnx(self, model_path: str | Path, threads: int = 2) -> None:
        """Load the model at ``model_path``. Raises ``OnnxGraphError`` if it isn't a VITS graph."""
        model = Path(model_path).read_bytes()
        # w_ceil = ceil(w) in Vits.inference: frames a symbol
        durations = [node.outputs[0] for node in nodes(model) if node.op == "Ceil"]
        if len(durations) != 1:
            raise OnnxGraphError(f"not a VITS graph: {len(durations)} Ceil nodes instead of 1")
        model, noise = take_noise_from_inputs(model)
        if len(noise) > 2:
            raise OnnxGraphError(f"not a VITS graph: {len(noise)} sources of noise instead of at most 2")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry(
            "session.intra_op.allow_spinning", "0"
        )  # other models share the cores
        session = onnxruntime.InferenceSession(
            expose(model, (durations[0],)), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self.onnx_sess = _Session(session, noise, durations[0])


class OnnxVoice:
    """One voice such as ``en_US-joe-medium.onnx`` with its ``.onnx.json``; word times are the model's own
    durations.
    """

    exclusive = False

    def __init__(self, path: Path, config: CoquiConfig) -> None:
        if config.device != "cpu":
            raise VoiceError(f"the ONNX voice {path} runs on the CPU only; remove device: {config.device}")
        self._path = path
        described = read_voice_file(path)
        self._hop = described.audio.hop_length
        self._speaker = _speaker(described, config.speaker, path)
        self.sample_rate = described.audio.sample_rate
        self.language = config.language or described.espeak.voice
        espeak_voice = described.espeak.voice
        if config.language and config.language.split("-")[0] != espeak_voice.split("-")[0]:
            raise VoiceError(f"the voice {path} speaks {espeak_voice}, not {config.language}")
        self._encoder = PhonemeEncoder(shared_espeak(), espeak_voice, described.phoneme_id_map)
        self._vits = _vits(described, config)
        try:
            self._vits.load_onnx(path, threads=config.threads)
        except FileNotFoundError as error:
            raise VoiceError(f"the voice {path} doesn't exist; install it or correct the path") from error
        except (OnnxGraphError, RuntimeError, OSError) as error:
            # onnxruntime's own errors for a file it can't load derive from RuntimeError
            raise VoiceError(f"the voice {path} can't be loaded: {error}; install it again") from error

    def speak(self, tokens: tuple[Token, ...], seed: int) -> Iterator[VoicedSound]:
        """Speak one piece in one stretch."""
        symbols = self._encoder.encode(tokens)
        if all(owner == SILENT for owner in symbols.owners):
            return
        if len(symbols.ids) > _NOISE_SYMBOLS:
            raise SynthesisError(
                f"a piece of {len(symbols.ids)} symbols is longer than {_NOISE_SYMBOLS}; lower piece_chars"
            )
        session = self._vits.onnx_sess
        session.seed(seed)
        try:
            sound = self._vits.inference_onnx(
                np.array([symbols.ids], dtype=np.int64), speaker_id=self._speaker
            )
        except RuntimeError as error:
            said = " ".join(token.text for token in tokens)
            raise SynthesisError(f"the voice {self._path} can't say {said!r}: {error}") from error
        times = from_durations(session.durations, symbols.owners, len(tokens), self._hop / self.sample_rate)
        yield VoicedSound(np.asarray(sound, dtype=np.float32).reshape(-1), times, last=True)

    def close(self) -> None:
        """Give the session's memory back."""
        del self._vits


def read_voice_file(path: Path) -> OnnxVoiceFile:
    """Read the description beside the ONNX voice at ``path``. Raises ``VoiceError`` naming what is wrong with
    it.
    """
    beside = path.with_name(f"{path.name}.json")
    try:
        described = OnnxVoiceFile.model_validate(json.loads(beside.read_text("utf-8")))
    except FileNotFoundError as error:
        raise VoiceError(f"the voice {path} needs its description {beside.name} beside it") from error
    except (ValidationError, ValueError) as error:
        raise VoiceError(f"the description {beside} isn't that of a Piper voice: {error}") from error
    if described.phoneme_type != "espeak":
        raise VoiceError(
            f"the voice {path} reads {described.phoneme_type!r}; only espeak phonemes are supported"
        )
    missing = [symbol for symbol in (PAD, BEGIN, END) if symbol not in described.phoneme_id_map]
    if missing:
        raise VoiceError(f"the description {beside} maps no id to {', '.join(missing)}")
    return described


def _speaker(described: OnnxVoiceFile, speaker: str | None, path: Path) -> int | None:
    if described.num_speakers <= 1:
        if speaker is not None:
            raise VoiceError(f"the voice {path} has one speaker; remove speaker: {speaker}")
        return None
    if speaker is None:
        return 0
    number = described.speaker_id_map.get(speaker, int(speaker) if speaker.isdecimal() else -1)
    if not 0 <= number < described.num_speakers:
        known = ", ".join(list(described.speaker_id_map)[:10]) or f"0..{described.num_speakers - 1}"
        raise VoiceError(f"the voice {path} has no speaker {speaker!r}; it has {known}")
    return number


def _vits(described: OnnxVoiceFile, config: CoquiConfig) -> TimedVits:
    """Coqui's model class with the voice's scales and next to no torch weights: only the ONNX session is
    used.
    """
    vits = TimedVits(VitsConfig(model_args=_NO_WEIGHTS, phoneme_language=described.espeak.voice))
    scales = described.inference
    vits.length_scale = (config.length_scale or scales.length_scale) * config.pitch
    vits.inference_noise_scale = scales.noise_scale if config.noise_scale is None else config.noise_scale
    vits.inference_noise_scale_dp = (
        scales.noise_w if config.duration_noise_scale is None else config.duration_noise_scale
    )
    return vits
