"""What a scenario file holds: who speaks, what is said when, and what is expected of the agent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agents.simulated_user import UserGoal
from orchestration.session.events import EventType
from orchestration.session.floor import Floor

Run = Literal["scripted", "real"]
NAME = r"^[a-z][a-z0-9_-]*$"
MOMENT = re.compile(r"^(?P<name>[a-z][a-z0-9_-]*)(?:\.(?P<edge>start|end)|#(?P<number>[1-9]\d{0,3}))?$")


def _known_event(name: str) -> str:
    known = [event.value for event in EventType]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        way_out = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
        raise PydanticCustomError(
            "unknown_event", "no event is called {name}; {way_out}", {"name": name, "way_out": way_out}
        )
    return name


def _moment(text: str) -> str:
    found = MOMENT.match(text)
    if found is None:
        raise PydanticCustomError(
            "moment",
            "no moment: give an event (first_sound), its second one (first_sound#2), or where something said "
            "begins or ends (ID.start, ID.end)",
        )
    if found["edge"] is None:
        _known_event(found["name"])
    return text


EventName = Annotated[str, AfterValidator(_known_event)]
Moment = Annotated[str, AfterValidator(_moment)]
Gain = Annotated[float, Field(ge=-80, le=20)]
_STRICT = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _exactly_one(model: BaseModel, names: Sequence[str]) -> None:
    given = [name for name in names if getattr(model, name) is not None]
    if len(given) != 1:
        raise PydanticCustomError(
            "exactly_one",
            "give exactly one of {names}; given: {given}",
            {"names": ", ".join(names), "given": ", ".join(given) or "none"},
        )


class Mind(UserGoal):
    """A speaker played by the system's language model towards a goal."""

    at: float = Field(default=1.0, ge=0, description="When the opening is said, seconds of session time.")
    pause: float = Field(
        default=0.8, ge=0, le=30, description="Between the agent's last sound and what is said next, seconds."
    )
    patience: float = Field(
        default=20.0, gt=0, le=120, description="Longest wait for an answer before going on, seconds."
    )
    scripted: tuple[str, ...] = Field(
        default=("Thank you, goodbye.",),
        min_length=1,
        description="What it says after the opening where engines are scripted, the last one over and over.",
    )


class Speaker(BaseModel):
    """Somebody or something that the agent's microphone hears."""

    model_config = _STRICT

    voice: str | None = Field(
        default=None,
        min_length=1,
        description="One of the configuration's voices, by name; none: one that isn't the agent's, if there "
        "is one.",
    )
    model: Mind | None = Field(default=None, description="Says what a language model makes up.")
    noise: Literal["white", "pink"] | None = Field(
        default=None, description="Is no person; at 0 dB of gain its level is -20 dB of full scale."
    )
    gain_db: Gain = Field(default=0.0, description="Added to the level of everything from here, decibels.")

    @model_validator(mode="after")
    def _noise_says_nothing(self) -> Self:
        if self.noise and (self.voice or self.model):
            raise PydanticCustomError("noise_speaks", "noise has neither a voice nor a model; remove them")
        return self


class Say(BaseModel):
    """One thing that a speaker says, when, and how loud."""

    model_config = _STRICT

    id: str | None = Field(default=None, pattern=NAME, description="Name, for `after: NAME.start` or `.end`.")
    speaker: str = Field(description="One of `speakers`.")
    at: float | None = Field(default=None, ge=0, description="When it begins, seconds of session time.")
    after: Moment | None = Field(default=None, description="The moment after which it begins.")
    offset: float = Field(default=0.0, ge=0, le=600, description="Seconds between that moment and it.")
    words: str | None = Field(
        default=None, min_length=1, max_length=1000, description="Text; for a wav what is said in it."
    )
    wav: str | None = Field(default=None, description="Sound file, relative to this file.")
    typed: str | None = Field(default=None, min_length=1, description="Text that is typed, not said.")
    length: float | None = Field(
        default=None,
        ge=0.04,
        le=600,
        description="Of noise, and of words where engines are scripted, seconds; words: .3 s each.",
    )
    gain_db: Gain = Field(default=0.0, description="Added to the speaker's own, decibels.")

    @model_validator(mode="after")
    def _one_time_and_one_thing(self) -> Self:
        _exactly_one(self, ("at", "after"))
        if self.typed is not None and (self.words or self.wav):
            raise PydanticCustomError("typed_and_said", "typed words are not said: remove words and wav")
        return self

    def label(self, index: int) -> str:
        """How it is called in messages."""
        return self.id or f"say {index + 1}"


class Expectation(BaseModel):
    """Something that must be, or must not be, in a stretch of the session."""

    model_config = _STRICT

    event: EventName | None = Field(default=None, description="An event of this type.")
    floor: Floor | None = Field(default=None, description="The floor is held by this side.")
    sound: bool | None = Field(default=None, description="The agent's voice sounds, or is silent.")
    agent_says: str | tuple[str, ...] | None = Field(
        default=None, description="The agent's reply holds these words; of several, any."
    )
    agent_heard: str | tuple[str, ...] | None = Field(
        default=None, description="What was heard of a reply, as it is remembered, holds these words."
    )
    user_heard: str | tuple[str, ...] | None = Field(
        default=None, description="A transcript of the user holds these words; of several, any."
    )
    data: dict[str, str | int | float | bool] = Field(
        default={}, description="Values that the event carries, by name."
    )
    after: Moment | None = Field(default=None, description="Where the stretch begins; none: at 0 s.")
    begin: float = Field(
        default=0.0,
        ge=-60,
        le=3600,
        alias="from",
        description="Moves its beginning, seconds; negative: earlier.",
    )
    within: float | None = Field(
        default=None, gt=0, le=3600, description="Where it ends after the moment, seconds; none: never."
    )
    absent: bool = Field(default=False, description="It must not be there.")
    throughout: bool = Field(default=False, description="Of floor and sound: for all of the stretch.")
    count: int | None = Field(default=None, ge=0, le=10_000, description="Exactly so many.")
    at_least: int | None = Field(default=None, ge=1, le=10_000, description="So many or more.")
    at_most: int | None = Field(default=None, ge=0, le=10_000, description="So many or fewer.")
    runs: tuple[Run, ...] = Field(
        default=("scripted", "real"), min_length=1, description="Where it is expected."
    )

    @model_validator(mode="after")
    def _one_thing_in_one_way(self) -> Self:
        _exactly_one(self, ("event", "floor", "sound", "agent_says", "agent_heard", "user_heard"))
        counted = any(value is not None for value in (self.count, self.at_least, self.at_most))
        if sum((self.absent, self.throughout, counted)) > 1:
            raise PydanticCustomError(
                "ways", "absent, throughout and counts exclude each other: keep one of them"
            )
        if self.throughout and self.floor is None and self.sound is None:
            raise PydanticCustomError("throughout", "only floor and sound last: remove throughout")
        if self.data and self.event is None:
            raise PydanticCustomError("data", "only events carry data: remove data, or name the event")
        if self.within is not None and self.within <= self.begin:
            raise PydanticCustomError(
                "empty", "the stretch ends at {within} s, before it begins", {"within": self.within}
            )
        return self


class ScriptedEngine(BaseModel):
    """What one engine does where engines are scripted."""

    model_config = _STRICT

    delay: float | None = Field(
        default=None, ge=0, le=600, description="Before it gives anything, seconds; none: as usual."
    )
    failures: int = Field(default=0, ge=0, le=1000, description="Calls that fail before one works.")
    stalls: int = Field(default=0, ge=0, le=1000, description="Calls that hang; of the language model only.")


class ScriptedSide(BaseModel):
    """The agent's engines where they are scripted; real ones do as they do."""

    model_config = _STRICT

    replies: tuple[str, ...] = Field(
        default=(), description="The agent's replies in turn, the last over and over; none: it repeats."
    )
    recognizer: ScriptedEngine = Field(default=ScriptedEngine(), description="Speech to text.")
    language_model: ScriptedEngine = Field(default=ScriptedEngine(), description="The reply's text.")
    synthesizer: ScriptedEngine = Field(default=ScriptedEngine(), description="Text to speech.")
    face_misses_every: int = Field(
        default=0, ge=0, le=1000, description="One face frame in so many doesn't come; 0: all come."
    )


class Scenario(BaseModel):
    """One conversation: who, what, when, and what must come of it."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=120, description="A sentence about what is to happen.")
    description: str = Field(default="", max_length=2000, description="Why it matters.")
    seed: int = Field(default=1, ge=0, lt=2**31, description="Of the face and of noise.")
    length: float = Field(gt=0, le=3600, description="Length of the session, seconds.")
    runs: tuple[Run, ...] = Field(
        default=("scripted", "real"), min_length=1, description="Where it can be held."
    )
    acknowledges: bool = Field(default=True, description="Whether the client tells what it has played.")
    speakers: dict[Annotated[str, Field(pattern=NAME)], Speaker] = Field(
        default={"user": Speaker()}, min_length=1, description="Who is heard, by name."
    )
    scripted: ScriptedSide = Field(default=ScriptedSide(), description="The agent's engines, scripted.")
    say: tuple[Say, ...] = Field(default=(), max_length=1000, description="What is said.")
    expect: tuple[Expectation, ...] = Field(min_length=1, max_length=1000, description="What must be.")
