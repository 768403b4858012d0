"""Languages that a conversation may be held in besides the persona's own."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Tag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]  # BCP 47


class LanguageConfig(BaseModel):
    """One language; the recogniser and the language model must know it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        min_length=2, max_length=40, description="What the language model is told to answer in, say German."
    )
    voice: str = Field(
        default="",
        max_length=200,
        description="The one of `synthesizer.voices` that speaks it; empty: none does, and clients are told.",
    )
