"""Everything a training is told: material, optimisation, when it stops, the model's own settings."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from avatar.training.defects import ReferenceDefects


class DataConfig(BaseModel):
    """Which windows of the data set are learnt from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window: float = Field(default=8.0, gt=0, le=600, description="Length of a window, s.")
    hop: float | None = Field(
        default=None, gt=0, le=600, description="From window to window, s; none: the window's length."
    )
    both_sides: bool = Field(
        default=False, description="Learn both speakers' faces, not only speaker 1's: twice the windows."
    )
    skip_short: bool = Field(
        default=False, description="Leave recordings shorter than a window out; otherwise they are an error."
    )
    validation_share: float = Field(
        default=0.1,
        gt=0,
        lt=1,
        description="Share of the training conversations kept for validation where the data set has no val.",
    )
    workers: int = Field(
        default=0, ge=0, le=64, description="Processes that read ahead; 0 reads between the steps."
    )


class OptimisationConfig(BaseModel):
    """How weights are changed, and when to stop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(default=1000, ge=1, description="Most passes over the training windows.")
    batch: int = Field(default=32, ge=1, description="Windows in one forward pass.")
    accumulate: int = Field(
        default=1,
        ge=1,
        description="Batches whose gradients are added before a step: batch x accumulate windows a step.",
    )
    optimiser: Literal["adam", "adamw"] = Field(default="adam", description="The paper's is adam.")
    learning_rate: float = Field(default=1e-4, gt=0, description="Step size at the start.")
    weight_decay: float = Field(default=0.0, ge=0, description="Share of a weight taken away, for adamw.")
    schedule: Literal["step", "cosine", "constant"] = Field(
        default="step", description="How the rate falls: in steps (the paper), as a cosine to 0, or never."
    )
    step_epochs: int = Field(default=50, ge=1, description="Epochs between two falls of schedule `step`.")
    step_factor: float = Field(default=0.8, gt=0, le=1, description="What the rate is multiplied by then.")
    warm_up: int = Field(default=0, ge=0, description="First steps, over which the rate rises from 0.")
    averaging: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Memory of an average of the weights over the steps, such as 0.995, which is then what "
        "is validated and kept. None: the weights themselves.",
    )
    gradient_norm: float | None = Field(
        default=None, gt=0, description="Longest gradient; longer ones are scaled down. None: as they are."
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32",
        description="Type that forward passes compute in; weights stay float32. float16 needs a GPU.",
    )
    patience: int | None = Field(
        default=30,
        ge=1,
        description="Epochs without a better validation loss after which training stops; none: never.",
    )
    least_gain: float = Field(
        default=0.0, ge=0, description="What counts as better: the validation loss falls by more than this."
    )


class TrainingConfig(BaseModel):
    """One training, as a YAML file holds it and as the output folder's ``config.yaml`` keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(description="Which model, by its name in avatar.training.models.MODELS.")
    data: Path = Field(description="Folder of the data set.")
    seed: int = Field(
        default=0, ge=0, lt=2**31, description="Seed of the weights, the windows' order and the dropout."
    )
    device: str = Field(
        default="auto", description="auto: a GPU where there is one; or torch's name, such as cpu or cuda:1."
    )
    windows: DataConfig = Field(default=DataConfig(), description="Which windows are learnt from.")
    optimisation: OptimisationConfig = Field(
        default=OptimisationConfig(), description="How weights are changed, and when to stop."
    )
    settings: dict[str, JsonValue] = Field(
        default={}, description="The model's own settings, checked by the model."
    )
    reference_defects: ReferenceDefects = Field(
        default=ReferenceDefects(), description="Known defects of the DualTalk reference to reproduce."
    )
