"""The streaming model as a training task: a data set's windows, on FLAME or ARKit motion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from avatar.streaming.checkpoint import save
from avatar.streaming.config import StreamingConfig
from avatar.streaming.model import StreamingDualTalk
from avatar.training.arkit_files import ARKIT
from avatar.training.config import TrainingConfig
from avatar.training.dualtalk_data import FLAME, MotionFiles
from avatar.training.dualtalk_windows import WindowBatches
from avatar.training.streaming_spread import spread_of
from avatar.training.streaming_windows import StreamingLoss
from avatar.training.task import TrainingError, TrainingTask
from avatar.training.training_windows import training_windows

FILES: Final[dict[str, MotionFiles]] = {"flame-56": FLAME, "arkit-61": ARKIT}
GIVEN: Final = ("motion", "motion_dim", "gestures")  # sizes that the data set decides


class StreamingSettings(BaseModel):
    """A training's ``settings`` where its model is ``streaming``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    motion: Literal["flame-56", "arkit-61"] = Field(
        default="flame-56", description="Motion of the data set: DualTalk's FLAME, or visavis' own npz files."
    )
    sizes: StreamingConfig = Field(
        default_factory=dict,  # completed by _complete
        validate_default=True,
        description="Sizes and look-ahead that differ from the package's model: fields of StreamingConfig.",
    )
    known_motion: float = Field(
        default=0.5, ge=0, le=1, description="Share of windows in which the partner's motion is given."
    )
    feedback: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Share of windows in which the model is given its own last frames, as it is live; in the "
        "others it is given the true ones.",
    )
    noise: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Noise on true last frames, in each column's standard deviations.",
    )

    @field_validator("sizes", mode="before")
    @classmethod
    def _complete(cls, sizes: Any, info: ValidationInfo) -> Any:
        if isinstance(sizes, StreamingConfig):
            sizes = sizes.model_dump(exclude=set(GIVEN))
        motion = info.data.get("motion")
        if not isinstance(sizes, Mapping) or motion is None:
            return sizes
        named = [name for name in GIVEN if name in sizes]
        if named:
            raise ValueError(f"{', '.join(named)} can't be chosen: the data set decides; leave it out")
        return {**sizes, "motion": motion, "motion_dim": FILES[motion].columns, "gestures": 0}


def streaming_task(config: TrainingConfig) -> TrainingTask:
    """A streaming model and its data from a training's configuration; weights are seeded by ``config.seed``.

    A data set labels no gestures, so the model begins none by chance. Raises pydantic's ``ValidationError``
    for wrong settings, ``DatasetError`` for unusable data, and ``TrainingError`` for windows that are too
    short for the look-ahead.
    """
    settings = StreamingSettings.model_validate(config.settings)
    sizes, files = settings.sizes, FILES[settings.motion]
    train, validation, notes = training_windows(config, files)
    ahead = max(sizes.agent_look_ahead, sizes.user_look_ahead)
    if train.frames - ahead < 2:
        raise TrainingError(
            f"a window of {train.frames} frames holds no motion beyond a look-ahead of {ahead}; "
            "choose longer windows"
        )
    torch.manual_seed(config.seed)
    try:
        model = StreamingDualTalk(sizes)
    except ValueError as error:
        raise TrainingError(f"settings.sizes: {error}") from error
    spread = spread_of(train)
    model.begin_at(torch.from_numpy(spread.mean))
    batch, workers = config.optimisation.batch, config.windows.workers
    shuffle = not config.reference_defects.unshuffled
    weights = sum(parameter.numel() for parameter in model.parameters())

    def keep(trained: StreamingDualTalk, path: Path) -> None:
        save(trained, path, data=config.data.name, seed=str(config.seed))

    return TrainingTask(
        model=model,
        loss=StreamingLoss(
            spread, known_motion=settings.known_motion, feedback=settings.feedback, noise=settings.noise
        ),
        train=WindowBatches(train, batch, shuffle=shuffle, seed=config.seed, workers=workers),
        validation=WindowBatches(validation, batch, shuffle=False, workers=workers),
        save=keep,
        notes=(*notes, f"{weights / 1e6:.2f} million weights, random, on {settings.motion}"),
    )
