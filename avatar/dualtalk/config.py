"""What a DualTalk is built from: the motion's width, the features' width, and its audio encoders' sizes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from transformers import Wav2Vec2Config

FLAME = 56  # columns: expression 50, jaw 3, neck 3


def official_encoder() -> Wav2Vec2Config:
    """The sizes of wav2vec2-large-960h-lv60-self, both encoders of official checkpoints: 315 M parameters."""
    return Wav2Vec2Config(
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        feat_extract_norm="layer",
        conv_bias=True,
        do_stable_layer_norm=True,
        feat_proj_dropout=0.1,
    )


def _encoder(given: object) -> Wav2Vec2Config:
    if isinstance(given, Wav2Vec2Config):
        encoder = given
    elif isinstance(given, dict):
        known = set(Wav2Vec2Config().to_dict())
        unknown = sorted(str(name) for name in set(given) - known)
        if unknown:
            raise ValueError(f"Wav2Vec2Config has no {', '.join(unknown)}")
        encoder = Wav2Vec2Config(**given)
    else:
        raise ValueError(f"a Wav2Vec2Config or a dict of its fields is due, not {type(given).__name__}")
    if encoder.add_adapter:
        raise ValueError("add_adapter must be off: an adapter would take frames away")
    return encoder


def _fields(encoder: Wav2Vec2Config) -> dict[str, Any]:
    """The fields that differ from transformers' defaults, so that other versions of it can read them."""
    usual = Wav2Vec2Config().to_dict()
    derived = ("num_feat_extract_layers", "transformers_version")
    return {
        name: value
        for name, value in encoder.to_dict().items()
        if name not in derived and value != usual.get(name)
    }


class _EncoderField:
    """Takes a Wav2Vec2Config as a whole: it is a dataclass, into which pydantic would look otherwise."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _encoder, serialization=core_schema.plain_serializer_function_ser_schema(_fields)
        )


class DualTalkConfig(BaseModel):
    """Sizes of a DualTalk; the defaults are those of official checkpoints."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    blendshape_dim: int = Field(
        default=FLAME,
        ge=1,
        description="Columns of motion: 56 for FLAME, 61 for ARKit's shapes and rotations.",
    )
    feature_dim: int = Field(
        default=256,
        ge=4,
        multiple_of=4,
        description="Features a frame of each side, a multiple of 4 (heads).",
    )
    audio_encoder: Annotated[Wav2Vec2Config, _EncoderField] = Field(
        default_factory=official_encoder,
        description="Sizes of both audio encoders: transformers' Wav2Vec2Config, or a dict of its fields.",
    )
    normalise_audio: bool = Field(
        default=True,
        description="Bring each clip to zero mean and unit variance first; off where the caller has done so.",
    )
