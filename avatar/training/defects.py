"""What is wrong in the DualTalk reference, each to be switched on for reproducing its published figures."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReferenceDefects(BaseModel):
    """Known defects of the reference's training and evaluation; all are off unless asked for.

    What the paper describes and its code lacks (30 frames a second, a biased alignment attention, a
    non-linearity in the modulation) needs no switch: the model follows the code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    aliased_windows: bool = Field(
        default=False,
        description="Every window of a recording is its last whole one, since one description is "
        "shared by all its windows and overwritten: most material is never seen. Off: each window is itself.",
    )
    zero_grad_before_backward: bool = Field(
        default=False,
        description="Gradients are cleared before every backward pass, so that of accumulated batches only "
        "the last counts. Off: they add up to the gradient of one large batch.",
    )
    unshuffled: bool = Field(
        default=False,
        description="Windows come in the files' order in every epoch. Off: shuffled by seed and epoch.",
    )
    validate_on_test: bool = Field(
        default=False,
        description="The best weights are chosen on the test set, which flatters the figures reported on it. "
        "Off: on a validation split of its own, if need be carved from the training set by conversation.",
    )
    swapped_sid: bool = Field(
        default=False,
        description="SID takes the truth for the prediction and the other way round: clusters are fitted on "
        "the prediction. The evaluation reports both; this chooses which one it calls SID.",
    )

    @classmethod
    def all(cls) -> ReferenceDefects:
        """Every defect on: the reference as it is."""
        return cls(**dict.fromkeys(cls.model_fields, True))
