"""Whether the face goes with what is said."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EmotionConfig(BaseModel):
    """Smiles and brows by the emotion of the reply's words, which are read as English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether replies change the expression of the face.")
    strength: float = Field(
        default=0.6, ge=0, le=1, description="How much they do, 0 (not at all) to 1 (as an actor would)."
    )
