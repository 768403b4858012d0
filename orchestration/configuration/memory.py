"""What an agent keeps in mind of a long conversation, and how much one conversation may cost."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class MemoryConfig(BaseModel):
    """What becomes of turns that no longer fit ``session.dialogue_tokens``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary_tokens: int = Field(
        default=0,
        ge=0,
        le=4_096,
        description="Longest summary of the oldest turns, which the model writes before they go, tokens; "
        "0: they are forgotten.",
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=300, description="Longest time for a summary, before it is given up, seconds."
    )


class BudgetConfig(BaseModel):
    """What one conversation may use; then the agent says so and closes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: int | None = Field(
        default=None, ge=1, le=100_000, description="Turns that are answered, turns; none: no limit."
    )
    tokens: int | None = Field(
        default=None,
        ge=100,
        le=1_000_000_000,
        description="Tokens read and written by the language model, drafts included, by estimate, tokens; "
        "none: no limit.",
    )
