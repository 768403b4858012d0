"""What the agent shows and sounds like while it listens and while it thinks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class ListeningConfig(BaseModel):
    """Feedback to a user who speaks: nods, and now and then a soft sound that doesn't take the turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nods_per_minute: float = Field(
        default=8.0,
        ge=0,
        le=60,
        description="Most answers, nods and sounds together, a minute of the user's speech; 0: none.",
    )
    sounds_per_minute: float = Field(
        default=3.0,
        ge=0,
        le=30,
        description="Most soft sounds among them, a minute of the user's speech; 0: none.",
    )
    sounds: tuple[Word, ...] = Field(
        default=("Mm-hmm.", "Um-hum.", "Yeah."),
        max_length=16,
        description="What is said softly, prepared in each voice; what a voice says badly is left out.",
    )
    gain_db: float = Field(
        default=-12.0, ge=-40, le=0, description="Level of these sounds against the voice's own, dB."
    )
    after_interruption_s: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="How long the agent only listens after it was interrupted, seconds.",
    )


class ThinkingConfig(BaseModel):
    """What is seen and heard of an agent whose reply takes its time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    looks_away: bool = Field(
        default=True, description="Whether the face looks away while the reply is being found."
    )
    after_s: float = Field(
        default=0.6, ge=0, le=30, description="Wait for the reply before it does so, seconds."
    )
    filler: tuple[Word, ...] = Field(
        default=(),
        max_length=16,
        description='What is said once into a longer wait, such as "Let me see."; empty: nothing.',
    )
    filler_after_s: float = Field(
        default=1.5, ge=0.2, le=30, description="Wait for the reply before something is said, seconds."
    )
