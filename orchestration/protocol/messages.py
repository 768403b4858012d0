"""Every message of protocol version 1. Media carry pts and generation; the rest is JSON inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestration.media import FloatArray

VERSION: Final = 1
MAX_HISTORY: Final = 40  # turns
MAX_HISTORY_CHARACTERS: Final = 2_000  # of one turn
NO_USER_FRAME: Final = -1  # user_pts of a frame for which the user's sound came too late


class HistoryEntry(BaseModel):
    """One turn as the client remembers it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "agent"] = Field(description="who said it")
    text: str = Field(max_length=MAX_HISTORY_CHARACTERS, description="what was said, as far as it was heard")
    interrupted: bool = Field(default=False, description="the agent gave way before its end")


class Hello(BaseModel):
    """Client -> server, first: who is calling and how it will behave."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x01

    version: int = Field(default=VERSION, description="protocol version the client speaks")
    client: str = Field(default="", max_length=200, description="client name and version, for the log")
    acknowledges: bool = Field(
        default=True, description="the client sends Played; if not, what was sent counts as heard"
    )
    consents_to_recording: bool = Field(
        default=False, description="the person agreed to being recorded where the server records"
    )
    seed: int | None = Field(default=None, ge=0, lt=2**31, description="seed of the face; random if absent")
    persona: str | None = Field(
        default=None,
        max_length=200,
        description="who to talk with, a name from the options",
    )
    voice: str | None = Field(
        default=None,
        max_length=200,
        description="the agent's voice, a name from the options",
    )
    language: str | None = Field(
        default=None,
        max_length=35,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
        description="language to talk in, a BCP 47 tag; the persona's if absent",
    )
    resume: str | None = Field(
        default=None,
        max_length=200,
        description="token of an earlier Welcome, to go on from there",
    )
    history: tuple[HistoryEntry, ...] = Field(
        default=(),
        max_length=MAX_HISTORY,
        description="the conversation so far, oldest first, for a server that no longer knows the token",
    )


class Welcome(BaseModel):
    """Server -> client, the answer to Hello: everything fixed for the session, names once."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x81

    version: int = Field(description="protocol version the server speaks")
    session: str = Field(description="session id")
    fps: int = Field(description="frames a second of session time")
    user_sample_rate: int = Field(description="Hz of UserAudio, mono PCM16 little-endian")
    agent_sample_rate: int = Field(description="Hz of AgentFrame's sound, mono PCM16 little-endian")
    motion_names: tuple[str, ...] = Field(description="names of the 61 motion values, in order")
    persona: str = Field(description="name of the agent's persona")
    recording: bool = Field(description="whether this session is being recorded")
    max_seconds: float = Field(description="longest session the server allows, seconds")
    max_message_bytes: int = Field(description="largest message the server takes, bytes")
    voice: str = Field(default="", description="name of the agent's voice; empty where there is only one")
    head: str = Field(default="", description="name of the agent's head; empty where none is served")
    language: str = Field(default="", description="language of the talk, a BCP 47 tag")
    language_problem: str = Field(
        default="", description="what stands in the way of the language that was asked for; empty: nothing"
    )
    resume: str = Field(default="", description="token that resumes this conversation, once; empty: can't be")
    resumed: Literal["no", "memory", "history"] = Field(
        default="no", description="whether an earlier conversation goes on, and where it was remembered"
    )
    resume_within_s: float = Field(
        default=0.0, description="how long the conversation is kept for a client that vanished, seconds"
    )


class UserText(BaseModel):
    """Client -> server: the user typed instead of speaking; a whole turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x04

    text: str = Field(min_length=1, max_length=2000, description="what the user typed")


class HandOff(BaseModel):
    """Client -> server: another persona shall go on with this conversation, as soon as nobody speaks."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x07

    persona: str = Field(min_length=1, max_length=200, description="who, a name from the options")


class Bye(BaseModel):
    """Either side: the session is over, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x06

    reason: str = Field(default="", max_length=500, description="why, in a few words")


class Event(BaseModel):
    """Server -> client: something happened on the session's timeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x83

    pts: int = Field(ge=0, description="frame index")
    t: float = Field(ge=0, description="seconds of session time")
    type: str = Field(description="what happened; docs/protocol.md lists the types")
    generation: int = Field(ge=0, description="utterance number in force")
    data: dict[str, Any] = Field(default_factory=dict, description="details, by type")


class Error(BaseModel):
    """Server -> client: what went wrong and the way out."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[int] = 0x84

    code: str = Field(description="stable, machine-readable")
    message: str = Field(description="what happened, naming the value")
    remedy: str = Field(description="what to do about it")
    fatal: bool = Field(default=False, description="the connection closes after this")


@dataclass(frozen=True, slots=True)
class UserAudio:
    """Client -> server: 40 ms of the user; ``pts`` counts the client's own frames from 0."""

    kind: ClassVar[int] = 0x02

    pts: int
    pcm: FloatArray = field(repr=False)  # (640,) float32 at 16 kHz, -1..1; PCM16 on the wire
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Played:
    """Client -> server: the frame ``pts`` of ``generation`` has left the speaker."""

    kind: ClassVar[int] = 0x03

    pts: int
    generation: int


@dataclass(frozen=True, slots=True)
class UserMotion:
    """Client -> server: the user's face for the client's frame ``pts``, if a tracker knows it."""

    kind: ClassVar[int] = 0x05

    pts: int
    motion: FloatArray = field(repr=False)  # (61,) float32
    generation: int = 0


@dataclass(frozen=True, slots=True)
class AgentFrame:
    """Server -> client: one frame of the agent, sound and face together.

    ``user_pts`` is the client's frame that was heard at this pts, ``NO_USER_FRAME`` if none had come.
    ``flush`` tells the client to drop what it still holds of older generations: they were cancelled.
    """

    kind: ClassVar[int] = 0x82

    pts: int
    generation: int
    pcm: FloatArray = field(repr=False)  # (960,) float32 at 24 kHz, -1..1; PCM16 on the wire
    motion: FloatArray = field(repr=False)  # (61,) float32
    user_pts: int = NO_USER_FRAME
    speech: bool = False
    flush: bool = False


JsonMessage = Hello | Welcome | UserText | HandOff | Bye | Event | Error
MediaMessage = UserAudio | Played | UserMotion | AgentFrame
Message = JsonMessage | MediaMessage
