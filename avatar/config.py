"""Options of an animator."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class HeadConfig(BaseModel):
    """Which head the agent is drawn with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(description="The data that heads are built from: a name of models.yaml, or a folder.")
    name: str = Field(default="mira", description="The head; avatar.head.HEADS lists the known ones.")


class AnimatorConfig(BaseModel):
    """Which animator, and how lively."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="procedural", description="Animator to load; avatar.ANIMATORS lists the known ones."
    )
    seed: int = Field(
        default=0, ge=0, description="Seed mixed with each stream's own; changes every random choice."
    )
    intensity: float = Field(
        1.0, ge=0, le=2, description="Gain of head movement and expression; 1 is natural."
    )
    articulation: float = Field(
        default=1.0, ge=0, le=2, description="Gain of the mouth's shapes; 1 is natural."
    )
    mimicry: float = Field(
        1.0, ge=0, le=2, description="Gain of answers to the user's smile and nods; 0 is off."
    )
