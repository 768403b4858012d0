"""Options of composed conversations, and the error for material that none can be composed of."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Span = tuple[float, float]


class DyadError(ValueError):
    """Utterances, lengths or speaking motion of which no conversation can be made."""


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="after")
    def _spans_rise(self) -> Self:
        for name, value in self:
            if isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(
                    f"{name} runs from {value[0]:g} down to {value[1]:g}; name the lower end first"
                )
        return self


class TimingOptions(_Options):
    """When which party speaks; the defaults are people's (Levinson & Torreira 2015)."""

    turn: Span = Field(default=(3.0, 20.0), description="Shortest and longest long turn, s.")
    short_turns: Share = Field(
        default=0.3, description="Share of turns that are short: 1.2 s to the shortest long one."
    )
    pause: float = Field(default=0.45, gt=0, le=0.9, description="Median pause inside a turn, s.")
    gap: float = Field(
        default=0.2, gt=0, le=0.9, description="Median gap between turns that don't overlap, s."
    )
    overlaps: Share = Field(default=0.4, description="Share of turn changes at which both are heard at once.")
    interruptions: Share = Field(
        default=0.06, description="Share of turns that the other cuts short; they count as overlaps."
    )
    backchannels: tuple[Share, Share] = Field(
        default=(0.16, 0.19),
        description="Backchannels' share of all contributions, drawn for each conversation.",
    )
    silence: tuple[Share, Share] = Field(
        default=(0.055, 0.095),
        description="Share of time in stretches of 1 s and more with both silent, drawn for each.",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.interruptions > self.overlaps:
            raise ValueError(
                f"interruptions ({self.interruptions:g}) overlap, so there can't be more than "
                f"overlaps ({self.overlaps:g})"
            )
        if self.turn[0] < 1.5:
            raise ValueError(f"turn begins at {self.turn[0]:g} s; a long turn takes at least 1.5 s")
        if self.backchannels[1] > 0.5 or self.silence[1] > 0.5:
            raise ValueError("backchannels and silence can take up half of a conversation at most")
        return self


class ListeningOptions(_Options):
    """How much a face does besides speaking."""

    liveliness: float = Field(
        default=1.0, ge=0, le=2, description="Factor on the rate of every gesture; 1 is natural."
    )
    mimicry: float = Field(
        default=0.2, ge=0, le=1, description="Gain of the copy of the partner's slow head movement; 0 is off."
    )
    smiles_return: Share = Field(default=0.4, description="Chance that a smile of the partner's is returned.")


class RoomOptions(_Options):
    """What lies between a voice and the ear: microphone, room, line. It changes sound, never motion."""

    clean: Share = Field(
        default=0.3, description="Chance that a side is only set to its level, as an agent's voice is."
    )
    level: Span = Field(
        default=(-30.0, -12.0), description="Level of a side's speech, dBFS root mean square."
    )
    telephone: Share = Field(default=0.3, description="Chance of a telephone's band, 300 to 3400 Hz.")
    reverberation: Share = Field(default=0.5, description="Chance of a small room.")
    decay: Span = Field(default=(0.1, 0.4), description="Time in which the room's sound falls by 60 dB, s.")
    noise: Share = Field(default=0.7, description="Chance of noise: white, pink, or other people talking.")
    noise_ratio: Span = Field(default=(10.0, 40.0), description="Speech over noise, dB.")
    cross_talk: Share = Field(default=0.4, description="Chance that a side also hears the other.")
    cross_talk_level: Span = Field(
        default=(-40.0, -25.0), description="The other's voice against the own, dB."
    )
    codec: Share = Field(default=0.2, description="Chance of 8-bit mu-law coding.")

    @model_validator(mode="after")
    def _below_full_scale(self) -> Self:
        if self.level[1] > -6 or self.level[0] < -60:
            raise ValueError(f"level is {self.level}; speech lies between -60 and -6 dBFS")
        if self.decay[0] <= 0 or self.decay[1] > 2:
            raise ValueError(f"decay is {self.decay}; a room takes from 0 to 2 s")
        return self


class DyadOptions(_Options):
    """A composed conversation."""

    timing: TimingOptions = Field(
        default_factory=TimingOptions, description="Turns, gaps, overlaps, silences."
    )
    listening: ListeningOptions = Field(default_factory=ListeningOptions, description="Gestures and mimicry.")
    room: RoomOptions | None = Field(
        default_factory=RoomOptions, description="What the sound goes through; none leaves it as it was said."
    )
    speed: Span = Field(
        default=(0.9, 1.1),
        description="Factor on a voice's rate and pitch together; 1.1 is 1.65 semitones up.",
    )

    @model_validator(mode="after")
    def _natural(self) -> Self:
        if self.speed[0] < 0.8 or self.speed[1] > 1.25:
            raise ValueError(f"speed is {self.speed}; voices stay human between .8 and 1.25")
        return self
