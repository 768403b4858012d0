"""Options of the Whisper recogniser."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class WhisperConfig(BaseModel):
    """Which Whisper model listens, how it decodes, and what it refuses to believe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        min_length=1,
        description="Official name (tiny.en), an OpenAI .pt file, or a CTranslate2 folder or its model.bin",
    )
    language: str | None = Field(
        default="en", description="Spoken language as a Whisper code; null detects it in every utterance"
    )
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="Where the model runs")
    threads: int = Field(
        default=2, ge=1, le=64, description="CPU threads of the encoder; the decoder runs on one (threads)"
    )

    short_window: bool = Field(
        default=True,
        description="Encode only the utterance and append cached silence, instead of the full 30 s window",
    )
    tail: float = Field(
        default=0.5,
        ge=0.1,
        le=5,
        description="Silence encoded after the utterance in the short window (seconds)",
    )
    max_duration: float = Field(
        default=120, ge=1, le=3600, description="Longer utterances are refused (seconds)"
    )
    max_tokens_per_second: float = Field(
        default=15, ge=5, le=50, description="More text than this in an utterance is a loop (tokens a second)"
    )
    timeout: float = Field(
        default=60,
        gt=0,
        le=600,
        description="A transcription that takes longer, waiting included, fails (seconds)",
    )
    max_pending: int = Field(
        default=16, ge=1, le=1024, description="Requests that may wait or run at once (requests)"
    )

    silence_dbfs: float = Field(
        default=-55, ge=-120, le=0, description="Sound whose loudest 40 ms stay below this is silence (dBFS)"
    )
    no_speech_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="No-speech probability that rejects doubtful text and silence phrases (0..1)",
    )
    logprob_threshold: float = Field(
        default=-1.0,
        ge=-10,
        le=0,
        description="Mean log probability a token below which text is doubtful (nats)",
    )
    compression_threshold: float = Field(
        default=2.4, ge=1, le=20, description="Text that zlib compresses better than this is a loop (ratio)"
    )
    retry_temperature: float = Field(
        default=0.4,
        ge=0,
        le=1,
        description="Sampling temperature of the one retry after a loop (0 is greedy)",
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of the retry's sampling; every utterance starts from it"
    )

    download: Literal["allow", "forbid"] = Field(
        default="allow", description="Whether an official name may be downloaded at start-up"
    )
