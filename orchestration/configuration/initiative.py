"""When an agent speaks without having been asked, and when it ends the conversation."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from agents.goodbye import GOODBYES


class IdleConfig(BaseModel):
    """What happens when nobody says anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after_s: float | None = Field(
        default=None,
        ge=1,
        le=3_600,
        description="Silence before one of the persona's `idle_prompts` is spoken, seconds; none: never.",
    )
    most: int = Field(
        default=2, ge=1, le=20, description="Prompts in a row, until the user says something, prompts."
    )


class ClosingConfig(BaseModel):
    """When the agent says the persona's `farewell` and ends the session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether the agent ends conversations.")
    goodbyes: tuple[str, ...] = Field(
        default=GOODBYES,
        max_length=100,
        description="What a user says who leaves; alone, or with words such as `okay`, `thanks` or the name.",
    )
    before_limit_s: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Time before the end of `session.max_length_min` from which it closes, seconds.",
    )
