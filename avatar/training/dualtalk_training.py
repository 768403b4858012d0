"""DualTalk as a training task: its windows, its loss, what of it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from transformers import Wav2Vec2Config, Wav2Vec2Model

from avatar.dualtalk import CheckpointError, DualTalk, DualTalkConfig, load_checkpoint, save_checkpoint
from avatar.dualtalk.config import FLAME, official_encoder
from avatar.training.config import TrainingConfig
from avatar.training.dualtalk_loss import DualTalkLoss, LossWeights
from avatar.training.dualtalk_windows import WindowBatches
from avatar.training.task import TrainingError, TrainingTask
from avatar.training.training_windows import training_windows

ENCODERS = ("audio_encoder1", "audio_encoder2")


class DualTalkSettings(BaseModel):
    """A training's ``settings`` where its model is ``dualtalk``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature_dim: int = Field(default=256, ge=4, multiple_of=4, description="Features a frame of each side.")
    audio_encoder: dict[str, Any] | None = Field(
        default=None,
        description="Fields of transformers' Wav2Vec2Config; none: wav2vec2-large-960h-lv60-self's.",
    )
    encoder_weights: Path | None = Field(
        default=None,
        description="Folder of a pretrained wav2vec2 as transformers saves it (config.json and weights) "
        "that both encoders begin with; its sizes replace audio_encoder. None: random encoders.",
    )
    checkpoint: Path | None = Field(
        default=None, description="DualTalk checkpoint to begin with, in place of random weights."
    )
    freeze_extractor: bool = Field(
        default=True, description="Leave wav2vec2's convolutional extractors as they are, as the paper does."
    )
    loss: LossWeights = Field(default=LossWeights(), description="Weights of the loss's parts.")


def dualtalk_task(config: TrainingConfig) -> TrainingTask:
    """A DualTalk and its data from a training's configuration; weights are seeded by ``config.seed``.

    Raises pydantic's ``ValidationError`` for wrong settings, ``DatasetError`` for unusable data, and
    ``TrainingError`` for weights that can't be begun with.
    """
    settings = DualTalkSettings.model_validate(config.settings)
    train, validation, notes = training_windows(config)
    model, how = _model(settings, config.seed)
    defects = config.reference_defects
    batch, workers = config.optimisation.batch, config.windows.workers
    on = [name for name, value in defects.model_dump().items() if value]
    return TrainingTask(
        model=model,
        loss=DualTalkLoss(settings.loss),
        train=WindowBatches(train, batch, shuffle=not defects.unshuffled, seed=config.seed, workers=workers),
        validation=WindowBatches(validation, batch, shuffle=False, workers=workers),
        save=save_checkpoint,
        notes=(*notes, how, *([f"defects of the reference that are on: {', '.join(on)}"] if on else [])),
    )


def _model(settings: DualTalkSettings, seed: int) -> tuple[DualTalk, str]:
    if settings.checkpoint is not None and settings.encoder_weights is not None:
        raise TrainingError("give checkpoint or encoder_weights, not both: a checkpoint holds its encoders")
    if settings.checkpoint is not None:
        try:
            own = load_checkpoint(settings.checkpoint)
            sized = settings.audio_encoder is None and own.config.blendshape_dim == FLAME
            model = own if sized else load_checkpoint(settings.checkpoint, _sizes(settings))
        except CheckpointError as error:
            raise TrainingError(str(error)) from error
        how = f"begins with {settings.checkpoint.name}"
    else:
        torch.manual_seed(seed)
        model = DualTalk(_sizes(settings))
        how = "begins with random weights, also in the audio encoders, whose pretraining the paper relies on"
        if settings.encoder_weights is not None:
            _begin_with(model, settings.encoder_weights)
            how = f"audio encoders begin with {settings.encoder_weights.name}"
    for name in ENCODERS:
        extractor = getattr(model.joint_encoder, name).feature_extractor
        extractor.requires_grad_(not settings.freeze_extractor)
    return model, how


def _sizes(settings: DualTalkSettings) -> DualTalkConfig:
    encoder: Wav2Vec2Config | dict[str, Any] = official_encoder()
    if settings.encoder_weights is not None:
        encoder = _pretrained_config(settings.encoder_weights)
    elif settings.audio_encoder is not None:
        encoder = settings.audio_encoder
    return DualTalkConfig.model_validate(
        {"blendshape_dim": FLAME, "feature_dim": settings.feature_dim, "audio_encoder": encoder}
    )


def _pretrained_config(folder: Path) -> Wav2Vec2Config:
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{folder}: no config.json; give a folder that transformers saved a wav2vec2 in")
    return Wav2Vec2Config.from_pretrained(folder, local_files_only=True)


def _begin_with(model: DualTalk, folder: Path) -> None:
    try:
        pretrained = Wav2Vec2Model.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainingError(f"{folder}: no wav2vec2 weights ({error})") from error
    for name in ENCODERS:
        getattr(model.joint_encoder, name).load_state_dict(pretrained.state_dict())
