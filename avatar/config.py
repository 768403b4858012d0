"""Options of an animator."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from avatar.animator import FRAME_RATE


class HeadConfig(BaseModel):
    """Which head the agent is drawn with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(description="The data that heads are built from: a name of models.yaml, or a folder.")
    name: str = Field(default="mira", description="The head; avatar.head.HEADS lists the known ones.")


class WindowOptions(BaseModel):
    """How official DualTalk, which needs a whole clip, is run live: again and again over the last seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_s: float = Field(
        default=8.0, ge=1, le=30, description="Context that each pass looks at, seconds; trained with 8."
    )
    step_frames: int = Field(
        default=2,
        ge=1,
        le=25,
        description="A pass every so many frames of 40 ms. One frame less of the agent's sound has to be "
        "known ahead of time, and the user is heard that much late.",
    )
    look_ahead_frames: int = Field(
        default=0,
        ge=0,
        le=25,
        description="So many more frames of 40 ms of the agent's sound ahead of time, and of lateness for "
        "the user's: what follows a frame helps to tell it.",
    )
    blend_frames: int = Field(
        default=5,
        ge=0,
        le=25,
        description="Frames of 40 ms in which the difference to the pass before fades; 0 is a hard cut.",
    )
    dtype: Literal["float32", "float16", "bfloat16"] = Field(
        default="float32", description="Precision of weights and sums; half precision is for a GPU."
    )
    compile: bool = Field(
        default=False, description="Compile the model with torch.compile; minutes at start, faster passes."
    )
    flame_map_order: Literal["mediapipe", "arkit"] | None = Field(
        default=None, description="Order of the FLAME map's rows, where its file doesn't name them."
    )

    @property
    def window_frames(self) -> int:
        """Frames of 40 ms that one pass sees."""
        return round(self.window_s * FRAME_RATE)

    @property
    def ahead_frames(self) -> int:
        """Frames of 40 ms of the agent's sound ahead of time, by which the user is heard late."""
        return self.step_frames - 1 + self.look_ahead_frames

    @model_validator(mode="after")
    def _a_window_holds_what_is_shown(self) -> Self:
        if self.window_frames < self.ahead_frames + 2:
            raise ValueError(
                f"window_s {self.window_s:g} is {self.window_frames} frames; step_frames and "
                f"look_ahead_frames need {self.ahead_frames + 2} or more"
            )
        return self


class AnimatorConfig(BaseModel):
    """Which animator, and how lively."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        default="streaming", description="Animator to load; avatar.ANIMATORS lists the known ones."
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
    deterministic: bool = Field(
        default=False, description="Begin gestures by their probabilities' running sum instead of by chance."
    )
    checkpoint: Path | None = Field(
        default=None, description="Weights file, for animators that are trained models."
    )
    flame_map: Path | None = Field(
        default=None,
        description="The user's map between ARKit's shapes and FLAME, a folder or an npz, for models that "
        "move FLAME.",
    )
    device: str = Field(default="cpu", description="Where a model runs: cpu, cuda, cuda:1, ...")
    fallback: str | None = Field(
        default=None,
        description="Animator used instead, with a warning, where checkpoint or flame_map don't exist; "
        "without it they must.",
    )
    window: WindowOptions = Field(
        default=WindowOptions(), description="How the dualtalk animator is run live."
    )
