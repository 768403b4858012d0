"""A VITS voice in ONNX (Piper's layout), run by Coqui's own ``Vits`` class."""

from __future__ import annotations

import copy
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
from speech.coqui.onnx_graph import OnnxGraphError, VitsGraphs, take_apart
from speech.coqui.phonemes import BEGIN, END, PAD, SILENT, PhonemeEncoder
from speech.coqui.timing import from_durations
from speech.coqui.voice import VITS_FOLLOWS, FloatArray, VoicedSound
from speech.espeak import shared_espeak
from speech.manner import PLAIN, Manner
from speech.onnx_options import beside_others
from speech.spoken_text import Token

_NOISE_FRAMES = 6_000  # longest sound of one piece: 70 s at 22,050 Hz and 256 samples a frame
_NOISE_SYMBOLS = 4_096  # longest piece in symbols
# Frames on either side that a stretch's sound depends on: 10 in HiFi-GAN's small decoder (Piper's low and
# medium voices), 14 in its large one (high).
_CONTEXT = 16
_FIRST_STRETCH = 24  # frames, 0.28 s at 22,050 Hz
_LONGEST_STRETCH = 96  # frames; longer ones would waste less on context but can't be interrupted
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


class _Planner:
    """Stands where ``Vits.inference_onnx`` expects its session, but stops before the decoder.

    The noise is given, the durations are kept; ``run`` returns the frames that the decoder makes sound of.
    """

    def __init__(self, session: onnxruntime.InferenceSession, graphs: VitsGraphs) -> None:
        self._session = session
        self._outputs = [graphs.latent, graphs.durations]
        self._inputs = {entry.name for entry in session.get_inputs()}
        self._noise_names = graphs.noise
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
        latent, durations = self._session.run(self._outputs, given)
        self.durations = np.rint(durations).astype(np.int64).reshape(-1)
        return [latent]


class StreamedVits(Vits):  # type: ignore[misc]
    """Coqui's ``Vits`` whose ONNX voice plans a piece at once (``inference_onnx``) and sounds it bit by bit.

    Its threads are bounded, its noise is seeded, and it tells each symbol's duration.
    """

    onnx_sess: _Planner

    def load_onnx(self, model_path: str | Path, threads: int = 2) -> None:
        """Load the model at ``model_path``. Raises ``OnnxGraphError`` if it isn't a VITS graph."""
        graphs = take_apart(Path(model_path).read_bytes())
        options = beside_others(threads)
        self.onnx_sess = _Planner(_session(graphs.planner, options), graphs)
        self._decoder = _session(graphs.decoder, options)
        self._latent = graphs.latent
        self._takes_speaker = len(self._decoder.get_inputs()) > 1

    def sound(self, latent: FloatArray, begin: int, end: int, speaker: int | None) -> FloatArray:
        """The sound (samples,) of the frames ``begin`` to ``end`` of ``latent`` (channels, frames)."""
        first = max(0, begin - _CONTEXT)
        given: dict[str, Any] = {self._latent: latent[None, :, first : end + _CONTEXT]}
        if self._takes_speaker:
            given["sid"] = np.array([speaker or 0])
        (decoded,) = self._decoder.run(None, given)
        pcm = np.asarray(decoded, dtype=np.float32).reshape(-1)
        hop = len(pcm) // given[self._latent].shape[2]
        return pcm[(begin - first) * hop : (end - first) * hop]


def _session(model: bytes, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, sess_options=options, providers=["CPUExecutionProvider"])


def _stretches(frames: int) -> Iterator[tuple[int, int]]:
    """In which stretches to sound ``frames``: a short one, so that sound starts early, then longer ones."""
    begin, length = 0, _FIRST_STRETCH
    while begin < frames:
        end = min(frames, begin + length)
        yield begin, end
        begin, length = end, min(3 * length // 2, _LONGEST_STRETCH)


class OnnxVoice:
    """One voice such as ``en_US-joe-medium.onnx`` with its ``.onnx.json``; word times are the model's own
    durations.
    """

    exclusive = False
    paces = True

    def __init__(self, path: Path, config: CoquiConfig) -> None:
        if config.device != "cpu":
            raise VoiceError(f"the ONNX voice {path} runs on the CPU only; remove device: {config.device}")
        self._path = path
        self._described = described = read_voice_file(path)
        self._hop = described.audio.hop_length
        self.sample_rate = described.audio.sample_rate
        self._adopt(config)
        espeak_voice = described.espeak.voice
        self._encoder = PhonemeEncoder(shared_espeak(), espeak_voice, described.phoneme_id_map)
        self._vits = StreamedVits(VitsConfig(model_args=_NO_WEIGHTS, phoneme_language=espeak_voice))
        try:
            self._vits.load_onnx(path, threads=config.threads)
        except FileNotFoundError as error:
            raise VoiceError(f"the voice {path} doesn't exist; install it or correct the path") from error
        except (OnnxGraphError, RuntimeError, OSError) as error:
            # onnxruntime's own errors for a file it can't load derive from RuntimeError
            raise VoiceError(f"the voice {path} can't be loaded: {error}; install it again") from error

    def _adopt(self, config: CoquiConfig) -> None:
        """Check and keep what may differ from one voice of the model to another."""
        described = self._described
        self._config = config
        self._speaker = _speaker(described, config.speaker, self._path)
        espeak_voice = described.espeak.voice
        if config.language and config.language.split("-")[0] != espeak_voice.split("-")[0]:
            raise VoiceError(f"the voice {self._path} speaks {espeak_voice}, not {config.language}")
        self.language = config.language or espeak_voice

    def variant(self, config: CoquiConfig) -> OnnxVoice:
        """Another voice of this model, which it shares."""
        other = copy.copy(self)
        other._adopt(config)
        return other

    def speak(self, tokens: tuple[Token, ...], seed: int, manner: Manner = PLAIN) -> Iterator[VoicedSound]:
        """Speak one piece in stretches; together they are the sound that the voice makes at once."""
        symbols = self._encoder.encode(tokens)
        if all(owner == SILENT for owner in symbols.owners):
            return
        if len(symbols.ids) > _NOISE_SYMBOLS:
            raise SynthesisError(
                f"a piece of {len(symbols.ids)} symbols is longer than {_NOISE_SYMBOLS}; lower piece_chars"
            )
        planner = self._vits.onnx_sess
        planner.seed(seed)
        # Set anew for each piece, which has its own voice and manner; only planning depends on it.
        _set_scales(self._vits, self._described.inference, self._config, manner)
        try:
            latent = self._vits.inference_onnx(
                np.array([symbols.ids], dtype=np.int64), speaker_id=self._speaker
            )
            times = from_durations(
                planner.durations, symbols.owners, len(tokens), self._hop / self.sample_rate
            )
            frames = latent.shape[1]
            for begin, end in _stretches(frames):
                pcm = self._vits.sound(latent, begin, end, self._speaker)
                yield VoicedSound(pcm, times if begin == 0 else (), last=end == frames)
        except RuntimeError as error:
            said = " ".join(token.text for token in tokens)
            raise SynthesisError(f"the voice {self._path} can't say {said!r}: {error}") from error

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


def _set_scales(vits: StreamedVits, scales: _Inference, config: CoquiConfig, manner: Manner) -> None:
    stretch = manner.stretch ** (1 / VITS_FOLLOWS)
    vits.length_scale = (config.length_scale or scales.length_scale) * config.pitch * stretch
    vits.inference_noise_scale = scales.noise_scale if config.noise_scale is None else config.noise_scale
    vits.inference_noise_scale_dp = (
        scales.noise_w if config.duration_noise_scale is None else config.duration_noise_scale
    )
