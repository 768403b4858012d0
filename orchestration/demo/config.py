"""Who talks to the agent in the demonstration."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from speech.coqui.config import CoquiConfig


class DemoConfig(BaseModel):
    """The simulated person and what they ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: tuple[str, ...] = Field(min_length=1, description="What the person says, turn by turn.")
    voice: CoquiConfig = Field(description="The person's voice.")
    seed: int = Field(default=0, ge=0, lt=2**31, description="Seed of the agent's face.")
    pause_s: float = Field(default=0.8, ge=0, le=10, description="Silence before each question, seconds.")
    patience_s: float = Field(default=60.0, gt=0, le=600, description="Longest wait for an answer, seconds.")


def load_demo(path: Path) -> DemoConfig:
    """Read a demonstration from YAML; raises pydantic's ``ValidationError``."""
    return DemoConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
