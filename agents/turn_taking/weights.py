"""What the fused end-of-turn policy has learnt: ``end_of_turn.yaml`` beside this file, or another one."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

PACKAGED = Path(__file__).with_name("end_of_turn.yaml")


class Wait(BaseModel):
    """At this probability of the turn's being over, so much silence ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probability: float = Field(gt=0, lt=1, description="That the turn is over (0..1).")
    seconds: float = Field(gt=0, le=10, description="Silence that ends it at the middle patience (seconds).")


class Weights(BaseModel):
    """A logistic model over the evidence, and the waits that follow from its probability."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bias: float = Field(description="Log-odds of a pause about which nothing else is said (nats).")
    features: dict[str, float] = Field(description="Log-odds for each unit of a feature, by name (nats).")
    missing: dict[str, float] = Field(description="Log-odds where a source says nothing, by source (nats).")
    asked: dict[str, float] = Field(
        default={}, description="Log-odds after the agent's question, by its sort (nats); set by hand."
    )
    waits: tuple[Wait, ...] = Field(min_length=2, description="Most likely over first; straight between.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for earlier, later in pairwise(self.waits):
            if later.probability >= earlier.probability or later.seconds < earlier.seconds:
                raise ValueError(
                    f"a wait of {later.seconds} s at {later.probability} follows {earlier.seconds} s at "
                    f"{earlier.probability}; order them by falling probability and rising seconds"
                )
        return self

    def wait(self, probability: float) -> float:
        """Seconds of silence at a probability 0..1, straight lines in log-odds between the known ones."""
        if probability >= self.waits[0].probability:
            return self.waits[0].seconds
        for earlier, later in pairwise(self.waits):
            if probability >= later.probability:
                low, high = _log_odds(later.probability), _log_odds(earlier.probability)
                share = (_log_odds(probability) - low) / (high - low)
                return later.seconds + share * (earlier.seconds - later.seconds)
        return self.waits[-1].seconds


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def read_weights(path: Path) -> Weights:
    """Read weights; raises ``ValueError`` that names the file where it holds none."""
    try:
        return Weights.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise ValueError(
            f"{path}: no end-of-turn weights ({error}); fit some: `python -m benchmarks.end_of_turn --fit`"
        ) from error


@cache
def packaged_weights() -> Weights:
    """The weights that come with the package."""
    return read_weights(PACKAGED)
