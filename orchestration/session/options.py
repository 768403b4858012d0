"""How a conversation takes turns, as its configuration says."""

from __future__ import annotations

from dataclasses import dataclass

from agents.turn_taking.interruption import Immediate, InterruptionPolicy
from orchestration.session.initiative import SILENT_UNLESS_ASKED, InitiativeOptions
from orchestration.session.reply import ReplyLimits


@dataclass(frozen=True, slots=True)
class ConversationOptions:
    """How turns are taken and how long engines are waited for."""

    reply: ReplyLimits
    recognizer_timeout: float  # seconds
    recognizer_retries: int
    partial_every: float  # seconds of speech between partial transcripts
    pre_roll: float  # seconds of sound kept from before speech was noticed
    barge_in: bool
    barge_in_after: float  # seconds of user speech
    acknowledge_timeout: float  # seconds after the last packet of a reply
    draft: bool  # begin to answer at a pause, before the turn is known to be over
    initiative: InitiativeOptions = SILENT_UNLESS_ASKED  # what is said unasked
    answer_turns: bool = True  # False: a spoken turn is remembered, and answered only when asked to
    interruption: InterruptionPolicy | None = None  # None: `barge_in_after` stops the agent, whatever is said

    @property
    def yields(self) -> InterruptionPolicy | None:
        """What decides who goes on when both speak; None: the agent does."""
        return (self.interruption or Immediate(self.barge_in_after)) if self.barge_in else None
