"""How one conversation behaves: its limits, barge-in, fallback and recording."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestration.configuration.initiative import ClosingConfig, IdleConfig
from orchestration.configuration.languages import LanguageConfig, Tag


class BargeInConfig(BaseModel):
    """What happens when the user speaks while the agent does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="Whether the user's speech stops the agent's.")
    min_speech_ms: int = Field(
        default=100,
        ge=40,
        le=2_000,
        description="Sound of the user's speech, without pauses, before the agent gives way, milliseconds; "
        "below 100, short noises stop it too.",
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


class LiveLinkConfig(BaseModel):
    """The faces of running sessions as Live Link Face sends them, for engines beside the page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether faces are sent by UDP.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Machine that listens, name or address.")
    port: int = Field(default=11_111, ge=1, le=65_535, description="UDP port that it listens on.")
    subject: str = Field(
        default="visavis",
        min_length=1,
        max_length=60,
        description="Name of the face in Live Link; a second session at the same time is NAME-2, and so on.",
    )
    delay_ms: int = Field(
        default=80,
        ge=0,
        le=5_000,
        description="How much later a face is sent than its sound, which the client still buffers, "
        "milliseconds.",
    )


class SessionConfig(BaseModel):
    """Limits and behaviour of one session; a frame is 40 ms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_length_min: float = Field(default=30.0, gt=0, le=240, description="Longest conversation, minutes.")
    user_prefill_frames: int = Field(
        1,
        ge=0,
        le=25,
        description="Frames of the user that wait before the first is heard, against jitter, 40 ms each.",
    )
    user_backlog_frames: int = Field(
        4,
        ge=1,
        le=100,
        description="Frames of the user that may wait after a delay before they are heard two at a time.",
    )
    user_ahead_frames: int = Field(
        default=50,
        ge=2,
        le=1_500,
        description="Frames that a client may be ahead of real time before it is told so, 40 ms each.",
    )
    playout_limit_s: float = Field(
        default=30.0,
        ge=1,
        le=300,
        description="Agent sound that may wait to be played before the synthesiser is held back, seconds.",
    )
    pre_roll_s: float = Field(
        0.32,
        ge=0.04,
        le=2,
        description="Sound kept from before speech was noticed, so that no first sound is lost, seconds.",
    )
    partial_every_s: float = Field(
        0.8, ge=0.2, le=30, description="Speech between two partial transcripts, seconds."
    )
    draft_replies: bool = Field(
        default=True,
        description="Begin to answer at a pause, before the turn is known to be over; costs the models' time "
        "when the user goes on.",
    )
    first_token_timeout_s: float = Field(
        8.0, gt=0, le=120, description="Longest wait for the first words of a reply, seconds."
    )
    acknowledge_timeout_s: float = Field(
        2.0,
        gt=0,
        le=30,
        description="Wait for word of what the client played before a reply is remembered, seconds.",
    )
    dialogue_tokens: int = Field(
        1_024, ge=128, le=1_000_000, description="Longest dialogue that the language model sees, tokens."
    )
    reply_words: int = Field(
        default=120,
        ge=10,
        le=2_000,
        description="Words of a reply that are said, where the language model doesn't end by itself; 120 are "
        "about 45 seconds.",
    )
    other_languages: Literal["show", "say"] = Field(
        default="show",
        description="A reply in another language than the persona's: only show it, or say it all the same.",
    )
    fallback: Literal["apology", "silence"] = Field(
        default="apology",
        description="After a failed call and its retries: speak the persona's apology, or stay silent.",
    )
    greets: bool = Field(
        default=False, description="Whether the agent speaks first, with the persona's `greeting`."
    )
    idle: IdleConfig = Field(default=IdleConfig(), description="When nobody says anything.")
    closing: ClosingConfig = Field(default=ClosingConfig(), description="When the agent says goodbye.")
    languages: dict[Tag, LanguageConfig] = Field(
        default={},
        max_length=100,
        description="Languages that a client may ask for besides the persona's, by tag, say de.",
    )
    barge_in: BargeInConfig = Field(
        default=BargeInConfig(), description="When the user may interrupt the agent."
    )
    recording: RecordingConfig = Field(default=RecordingConfig(), description="What is kept on disk.")
    live_link: LiveLinkConfig = Field(default=LiveLinkConfig(), description="Faces for engines, by UDP.")
