"""Whether the face and the voice go with what is said."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ToneConfig(BaseModel):
    """What one emotion, wholly felt, changes in a voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pace_percent: float = Field(ge=-25, le=25, description="How much faster it speaks, %; below 0: slower.")
    pitch_percent: float = Field(ge=-20, le=20, description="How much higher it speaks, %; below 0: lower.")
    gain_db: float = Field(ge=-10, le=5, description="How much louder it speaks, dB; below 0: softer.")


class VoiceToneConfig(BaseModel):
    """The voice's part.

    Directions are those in which speakers agree (Juslin and Laukka 2003, Scherer 2003: joy and alarm faster,
    higher and louder, sadness slower, lower and softer), sizes a part of an actor's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strength: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="How much the voice changes, 0 (not at all) to 1 (all of the below).",
    )
    joy: ToneConfig = Field(
        default=ToneConfig(pace_percent=10, pitch_percent=10, gain_db=1.5), description="Of what is good."
    )
    sadness: ToneConfig = Field(
        default=ToneConfig(pace_percent=-12, pitch_percent=-8, gain_db=-3), description="Of what is bad."
    )
    alarm: ToneConfig = Field(
        default=ToneConfig(pace_percent=8, pitch_percent=6, gain_db=2),
        description="Of what is bad and exclaimed.",
    )


class EmotionConfig(BaseModel):
    """Smiles, brows and tone of voice by the emotion of the reply's words, which are read as English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=False, description="Whether replies change the face and the voice.")
    strength: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="How much they change the face, 0 (not at all) to 1 (as an actor would).",
    )
    voice: VoiceToneConfig = Field(default=VoiceToneConfig(), description="How much they change the voice.")
