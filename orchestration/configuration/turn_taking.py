"""How turns are taken: when the user is believed to have finished, and how easily the agent gives way."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.turn_taking.interruption import PolicyName


class EndOfTurnPolicyConfig(BaseModel):
    """What decides, pause by pause, how much silence ends the user's turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: Literal["silence", "smart_turn", "fused"] = Field(
        default="silence",
        description="`silence`: always `end_of_turn.silence`. `smart_turn`: a model that hears whether the "
        "turn is over. `fused`: that model, the melody, the words and the dialogue weighed together.",
    )
    evidence_timeout_s: float = Field(
        default=2.0,
        gt=0,
        le=10,
        description="Longest wait for one piece of evidence about a pause, seconds; without it the others "
        "decide.",
    )
    ask_language_model: Literal["never", "when_unsure", "always"] = Field(
        default="when_unsure",
        description="When the language model is asked how likely the words are to end here; only `fused`. "
        "`when_unsure`: where sound and words ask for a long silence, so that there is time for it. "
        "`always`: at every pause; it shares the model with the reply, which begins later for it.",
    )


class InterruptionConfig(BaseModel):
    """What makes the agent give way to somebody who speaks while it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: PolicyName = Field(
        default="judged",
        description="`immediate`: any speech of `session.barge_in.min_speech_ms`. `min_words`: so many words "
        "that were understood. `judged`: falls silent for what sounds like words, then the words decide; "
        "goes on after a listener's, a cough, or its own echo.",
    )
    min_words: int = Field(
        default=2, ge=1, le=20, description="Words that stop the agent; only `min_words` (words)."
    )
    hears_claims: bool = Field(
        default=True,
        description="Whether a small network hears from the sound if somebody wants the floor or only "
        "listens; false: how much the mouth moves decides; only `judged` (yes or no).",
    )
    hold_limit_s: float = Field(
        default=0.9,
        ge=0.2,
        le=5,
        description="Longest silence of the agent until it is decided who goes on; only `judged`, seconds.",
    )


class IdentityConfig(BaseModel):
    """What becomes of somebody else than the user who speaks while the agent does; needs `speaker`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Whether voices that have had no turn are told from the user's, so that side talk "
        "doesn't stop the agent; only `judged` (yes or no).",
    )
    sure: float = Field(
        default=0.8,
        ge=0.5,
        lt=1,
        description="Probability from which it is somebody else (0.5..1); lower, and users are taken for "
        "others.",
    )
    wait_s: float = Field(
        default=1.6,
        ge=0.6,
        le=3,
        description="Speech within which it is told whose voice it is; the agent is silent meanwhile, "
        "seconds.",
    )
    insists_s: float = Field(
        default=3.0,
        ge=1,
        le=30,
        description="Speech after which somebody else gets the floor all the same, seconds.",
    )


class TurnTakingConfig(BaseModel):
    """Taking and giving the floor; the two knobs are what people ask for separately."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    patience: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="How long the user may think in the middle of a turn: 0 replies quickest, 1 waits "
        "longest (0..1).",
    )
    yielding: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="How easily the agent gives up the floor while it speaks: 0 hardly ever, 1 at any word "
        "(0..1).",
    )
    interruption: InterruptionConfig = Field(
        default=InterruptionConfig(), description="What stops the agent while it speaks."
    )
    identity: IdentityConfig = Field(
        default=IdentityConfig(), description="What somebody else's voice may do."
    )
    end_of_turn: EndOfTurnPolicyConfig = Field(
        default=EndOfTurnPolicyConfig(), description="What decides that the user has finished."
    )
