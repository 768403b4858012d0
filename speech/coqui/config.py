"""Options of the Coqui synthesiser."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class VoiceConfig(BaseModel):
    """One of the voices that a model speaks with: what it changes in the synthesiser's own options.

    What is left out is as in the synthesiser's options. All voices share the one loaded model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(default="", max_length=80, description="what people call it; empty: its name")
    detail: str = Field(default="", max_length=200, description="what it sounds like, in a few words")
    language: str | None = Field(default=None, description="language of the text, e.g. en")
    speaker: str | None = Field(default=None, description="speaker's name or number in a multi-speaker model")
    speaker_wav: Path | None = Field(
        default=None,
        description="recording of the voice to clone, 3-30 seconds of clean speech (XTTS, YourTTS)",
    )
    length_scale: float | None = Field(
        default=None, ge=0.25, le=4.0, description="duration factor, 1 is the voice's own pace"
    )
    pitch: float | None = Field(
        default=None, ge=0.7, le=1.5, description="ratio by which pitch and formants are raised"
    )
    seed: int | None = Field(
        default=None, ge=0, le=2**32 - 1, description="seed of the voice's random numbers"
    )


class CoquiConfig(BaseModel):
    """Which Coqui voice speaks, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        min_length=1,
        description="a Coqui model name (tts_models/en/ljspeech/vits), a checkpoint (.pth) with "
        "config.json beside it, a folder holding both (VITS, XTTS, ...), a VITS voice in ONNX (.onnx) "
        "with its .onnx.json beside it, or a folder with Kokoro",
    )
    language: str | None = Field(
        default=None,
        description="language of the text, e.g. en; none means the voice's own (XTTS: en)",
    )
    speaker: str | None = Field(default=None, description="speaker's name or number in a multi-speaker model")
    speaker_wav: Path | None = Field(
        default=None,
        description="recording of the voice to clone, 3-30 seconds of clean speech (XTTS, YourTTS)",
    )
    length_scale: float | None = Field(
        default=None,
        ge=0.25,
        le=4.0,
        description="duration factor, 1 is the voice's own pace; none: as trained",
    )
    noise_scale: float | None = Field(
        default=None, ge=0.0, le=2.0, description="variation of the sound, no unit (VITS); none: as trained"
    )
    duration_noise_scale: float | None = Field(
        default=None, ge=0.0, le=2.0, description="variation of the rhythm, no unit (VITS); none: as trained"
    )
    temperature: float | None = Field(
        default=None,
        ge=0.01,
        le=2.0,
        description="sampling temperature, no unit (XTTS); none: the model's own",
    )
    pitch: float = Field(
        default=1.0,
        ge=0.7,
        le=1.5,
        description="ratio by which pitch and formants are raised at the same pace; 1.15 is another person",
    )
    level: float = Field(
        default=-20.0, ge=-40.0, le=-10.0, description="loudness of speech, dBFS (RMS while voiced)"
    )
    leading_silence: float = Field(
        default=0.02, ge=0.0, le=1.0, description="longest silence before the first sound of a piece, seconds"
    )
    clause_pause: float = Field(default=0.12, ge=0.0, le=2.0, description="silence after a clause, seconds")
    sentence_pause: float = Field(
        default=0.25, ge=0.0, le=2.0, description="silence after a sentence, seconds"
    )
    piece_chars: int = Field(
        default=160, ge=40, le=400, description="longest text given to the model at once, characters"
    )
    first_piece_chars: int = Field(
        default=60,
        ge=20,
        le=400,
        description="a first sentence longer than this is begun with its first clause, characters",
    )
    max_chars: int = Field(default=5_000, ge=1, le=100_000, description="longest text accepted, characters")
    stream_tokens: int = Field(
        default=20, ge=1, le=200, description="audio tokens a streamed chunk, about 46 ms each (XTTS)"
    )
    threads: int = Field(default=2, ge=1, le=64, description="CPU threads a model call may use")
    device: str = Field(
        default="cpu",
        pattern=r"^(cpu|cuda(:\d+)?)$",
        description="cpu, cuda or cuda:N (an ONNX voice: cpu only)",
    )
    timeout: float = Field(
        default=30.0, ge=0.1, le=600.0, description="longest wait for one model call, seconds"
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="seed of the voice's random numbers")
    voices: dict[str, VoiceConfig] = Field(
        default={},
        max_length=64,
        description="voices that may be chosen, by name, the first by default; none: only the one above",
    )

    def of(self, voice: str) -> CoquiConfig:
        """The options with which ``voice``, one of ``voices``, speaks; raises ``KeyError`` for any other."""
        changes = self.voices[voice].model_dump(exclude_none=True, exclude={"title", "detail"})
        if "speaker" in changes or "speaker_wav" in changes:  # one or the other: both would contradict
            changes = {"speaker": None, "speaker_wav": None} | changes
        return self.model_copy(update=changes)
