"""How one conversation behaves: its limits, barge-in, fallback and recording."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class BargeInConfig(BaseModel):
    """What happens when the user speaks while the agent does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether the user's speech stops the agent's.")
    min_speech_ms: int = Field(
        default=240,
        ge=40,
        le=2_000,
        description="Speech that the user must produce before the agent gives way, milliseconds.",
    )


class RecordingConfig(BaseModel):
    """What is kept on disk of a conversation; nothing unless it is switched on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether sessions may be recorded at all.")
    consent_required: bool = Field(
        default=True,
        description="Record only sessions whose client says in its greeting that the user consents.",
    )
    folder: Path = Field(
        default=Path("out/recordings"), description="Folder that gets one subfolder a session."
    )


class SessionConfig(BaseModel):
    """Limits and behaviour of one session; a frame is 40 ms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_length_min: float = Field(default=30.0, gt=0, le=240, description="Longest conversation, minutes.")
    user_late_frames: int = Field(
        default=250,
        ge=5,
        le=7_500,
        description="Frames of the user's sound missing in a row before the session ends, 40 ms each.",
    )
    user_ahead_frames: int = Field(
        default=50,
        ge=2,
        le=1_500,
        description="Frames that a client may be ahead of real time before it is told so, 40 ms each.",
    )
    packet_lead_frames: int = Field(
        default=2,
        ge=0,
        le=25,
        description="Packets sent ahead of the clock, for the client's jitter buffer, 40 ms each.",
    )
    playout_limit_s: float = Field(
        default=30.0,
        ge=1,
        le=300,
        description="Agent sound that may wait to be played before the synthesiser is held back, seconds.",
    )
    fallback: Literal["apology", "silence"] = Field(
        default="apology",
        description="After a failed call and its retries: speak the persona's apology, or stay silent.",
    )
    barge_in: BargeInConfig = Field(
        default=BargeInConfig(), description="When the user may interrupt the agent."
    )
    recording: RecordingConfig = Field(default=RecordingConfig(), description="What is kept on disk.")
