"""What the agent remembers: of its own words only those whose sound was played."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from agents.language_model import Message
from orchestration.media import FRAME_RATE
from orchestration.session.events import EventType
from orchestration.session.timeline import Timeline
from orchestration.session.utterance import Utterance

RECENT_REPLIES: Final = 16  # replies whose words a client may still correct


class Remembers(Protocol):
    """What holds the turns: :class:`agents.dialogue.Dialogue`, or another ledger that works like it."""

    def add_user(self, text: str) -> None: ...

    def begin_reply(self, generation: int) -> None: ...

    def commit(self, generation: int, heard: str, *, interrupted: bool = False) -> bool: ...

    def preview(self, text: str) -> Sequence[Message]: ...

    def messages(self) -> Sequence[Message]: ...


class Memory:
    """Feeds the dialogue: the user's turns as they are understood, the agent's as they are heard.

    A reply is settled (written down for good) once its last frame is acknowledged, or
    ``acknowledge_timeout`` seconds after it was sent, or when the user's next turn is to be remembered.
    """

    def __init__(self, dialogue: Remembers, timeline: Timeline, acknowledge_timeout: float) -> None:
        self._dialogue = dialogue
        self._timeline = timeline
        self._timeout = acknowledge_timeout
        self._utterance: Utterance | None = None  # the reply not yet settled
        self._settle_by = float("inf")
        self._recent: deque[Utterance] = deque(maxlen=RECENT_REPLIES)
        self._said_last = ""

    def user_said(self, text: str) -> None:
        """Remember a turn of the user."""
        self.settle()
        self._dialogue.add_user(text)

    def overhear(self, text: str) -> None:
        """Remember what the user said while the agent held the floor; its reply keeps its place before it."""
        self._dialogue.add_user(text)

    def preview(self, text: str) -> Sequence[Message] | None:
        """What the language model would continue, had the user said ``text``.

        None while it is not known how much was heard of the last reply.
        """
        return self._dialogue.preview(text) if self._utterance is None else None

    @property
    def said_last(self) -> str:
        """The agent's latest words as far as they were heard; empty before the first."""
        return self._said_last if self._utterance is None else self._utterance.heard()

    @property
    def settled(self) -> bool:
        """What was heard of the last reply is known and written down."""
        return self._utterance is None

    def begin_reply(self, utterance: Utterance) -> Sequence[Message]:
        """A reply is about to be made; returns what the language model is to continue."""
        self.settle()
        self._utterance = utterance
        self._recent.append(utterance)
        self._settle_by = float("inf")
        self._dialogue.begin_reply(utterance.generation)
        return self._dialogue.messages()

    def acknowledge(self, pts: int, generation: int) -> None:
        """The client has played the frame ``pts`` of ``generation``."""
        if self._utterance is not None and self._utterance.carried_by(generation):
            self._utterance.acknowledge(pts, generation)

    def truncate(self, generation: int, seconds: float) -> str | None:
        """The client says that only the first ``seconds`` of a reply were heard; returns their words.

        A reply that is settled stays written down as it was. None for one that isn't known (any more).
        """
        for utterance in self._recent:
            if utterance.generation == generation:
                utterance.truncate(int(seconds * FRAME_RATE + 1e-6))
                return utterance.heard()
        return None

    def reply_sent(self) -> None:
        """The last frame of the reply went out, or the rest was cancelled."""
        self._settle_by = self._timeline.now() + self._timeout

    def tick(self) -> None:
        """Settle the reply if it was played, or if word of that doesn't come."""
        utterance = self._utterance
        if utterance is None or self._settle_by == float("inf"):
            return
        if (utterance.wholly_played and not utterance.cut) or self._timeline.now() >= self._settle_by:
            self.settle()

    def settle(self) -> None:
        """Write down what was heard of the last reply."""
        utterance, self._utterance = self._utterance, None
        if utterance is not None:
            heard = self._said_last = utterance.heard()
            interrupted = utterance.cut or not utterance.wholly_played
            self._dialogue.commit(utterance.generation, heard, interrupted=interrupted)
            if utterance.sendings or heard:
                self._timeline.emit(
                    EventType.HEARD, generation=utterance.generation, text=heard, interrupted=interrupted
                )
