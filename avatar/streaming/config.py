"""Sizes of the streaming model, as its checkpoint carries them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from avatar.motion import COLUMNS


class StreamingConfig(BaseModel):
    """Everything that decides the shapes of the weights and how far the model sees; a frame is 40 ms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    motion: str = Field(default="arkit-61", description="Motion space of input and output.")
    motion_dim: int = Field(
        default=COLUMNS, ge=1, le=512, description="Numbers of one frame of motion: 61 ARKit, 56 FLAME."
    )
    feature_dim: int = Field(default=128, ge=8, le=1024, description="Width of every part.")
    mel_bands: int = Field(default=64, ge=8, le=128, description="Bands of the log-mel frames.")
    encoder_dim: tuple[int, int] = Field(
        default=(96, 128), description="Widths of the encoder's first two convolutions."
    )
    dilations: tuple[int, ...] = Field(
        default=(1, 2, 4), description="Of the encoder's residual convolutions, frames."
    )
    motion_window: int = Field(
        default=25, ge=1, le=250, description="Frames of the partner's motion that its sound attends to."
    )
    context: int = Field(
        default=200, ge=1, le=2_000, description="Frames that the interaction module attends to: 200 are 8 s."
    )
    layers: int = Field(default=2, ge=1, le=24, description="Of the interaction module.")
    heads: int = Field(default=4, ge=1, le=64, description="Of every attention.")
    dropout: float = Field(default=0.1, ge=0, lt=1, description="While training.")
    gestures: int = Field(default=5, ge=0, le=64, description="Kinds of gesture that chance begins.")
    gesture_frames: int = Field(
        default=75, ge=1, le=500, description="Frames for which a gesture shapes the motion after its onset."
    )
    gesture_rest: tuple[int, ...] = Field(
        default=(30, 75, 30, 75, 75),
        min_length=1,
        description="Frames after each gesture's onset in which it doesn't begin again; the last for more.",
    )
    agent_look_ahead: int = Field(
        default=4, ge=0, le=25, description="Frames of the agent's own sound known ahead of the face."
    )
    user_look_ahead: int = Field(
        default=0,
        ge=0,
        le=2,
        description="Frames of the user's sound known ahead of the face; 0 live.",
    )

    @property
    def rests(self) -> list[int]:
        """``gesture_rest`` for each kind of gesture, frames."""
        return [self.gesture_rest[min(kind, len(self.gesture_rest) - 1)] for kind in range(self.gestures)]
