"""What the agent says unasked: a greeting, a prompt in a long silence, and the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from orchestration.engines import Engines
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.spending import Spending
from orchestration.session.timeline import Timeline

LIMIT_REACHED = "the session reached its limit of time"


@dataclass(frozen=True, slots=True)
class InitiativeOptions:
    """What is said, and when; by default nothing ever is."""

    greeting: str = ""  # said first; empty: the user begins
    idle_after: float | None = None  # seconds of nobody's floor; None: never
    idle_prompts: tuple[str, ...] = ()
    idle_most: int = 2  # in a row
    takes_leave: Callable[[str], bool] | None = None  # whether a turn is a goodbye; None: none is
    farewell: str = ""
    time_is_over: str = ""  # said instead of a farewell when a limit is reached
    close_at: float | None = None  # seconds of session time; None: the session is cut off at its limit
    turns: int | None = None  # that are answered
    tokens: int | None = None  # that the language model reads and writes


SILENT_UNLESS_ASKED = InitiativeOptions()


class Talks(Protocol):
    """What is asked of the conversation."""

    @property
    def floor(self) -> Floor:
        """Who holds the turn."""
        ...

    @property
    def settled(self) -> bool:
        """What was heard of the last reply is known."""
        ...

    def say(self, text: str) -> bool:
        """Say given words as a reply; False where somebody holds the floor."""
        ...


@dataclass(slots=True)
class _Closing:
    reason: str
    firm: bool  # the user can't talk the agent out of it
    heard: bool = False  # its words have begun to sound


class Initiative:
    """Follows one conversation tick by tick; ``tick`` says when it is over."""

    def __init__(self, options: InitiativeOptions, timeline: Timeline) -> None:
        self._options = options
        self._timeline = timeline
        self._spending = Spending()
        self._greeting = options.greeting
        self._quiet_since = 0.0
        self._prompted = 0  # times in a row
        self._answered = 0  # turns
        self._answering = False  # a turn is being answered, and nothing was heard of that yet
        self._closing: _Closing | None = None

    def become(self, options: InitiativeOptions) -> None:
        """Somebody else speaks from now on; what was spent so far counts on, and nobody greets again."""
        self._options = options

    def metered(self, engines: Engines) -> Engines:
        """Engines for a reply; what it costs counts where there is a budget."""
        return engines if self._options.tokens is None else self._spending.metered(engines)

    def instead(self, text: str) -> str | None:
        """What is said to a turn of the user instead of the language model's reply; None: the model replies.

        With these words the conversation closes.
        """
        self._closing = None  # the user went on after all
        self._prompted = 0
        options = self._options
        if options.takes_leave is not None and options.takes_leave(text):
            return self._close("the user said goodbye", options.farewell, firm=False)
        limit = self._limit()
        if limit:
            return self._close(limit, options.time_is_over, firm=True)
        self._answering = True
        return None

    def tick(self, talks: Talks) -> str | None:
        """Speak if it is time to; the reason of the end once the last word was heard, None until then."""
        floor = talks.floor
        if floor is Floor.AGENT and self._answering:
            self._answering = False
            self._answered += 1
        if self._closing is not None:
            return self._follow(self._closing, talks)
        if floor is Floor.USER:
            self._greeting = ""  # the user was first
            self._prompted = 0
        now = self._timeline.now()
        if floor is not Floor.NOBODY or not talks.settled:
            self._quiet_since = now
        elif self._greeting:
            if talks.say(self._greeting):
                self._greeting = ""
        elif self._options.close_at is not None and now >= self._options.close_at:
            if talks.say(self._options.time_is_over):
                self._close(LIMIT_REACHED, self._options.time_is_over, firm=True)
        elif self._is_idle(now):
            prompts = self._options.idle_prompts
            self._prompted += talks.say(prompts[self._prompted % len(prompts)])
        return None

    def _is_idle(self, now: float) -> bool:
        options = self._options
        if options.idle_after is None or not options.idle_prompts or self._prompted >= options.idle_most:
            return False
        return now - self._quiet_since >= options.idle_after

    def _limit(self) -> str:
        """Which limit is reached; empty: none."""
        options = self._options
        if options.turns is not None and self._answered >= options.turns:
            return f"the conversation had its {options.turns} turns"
        if options.tokens is not None and self._spending.tokens >= options.tokens:
            return f"the conversation used its {options.tokens} tokens"
        if options.close_at is not None and self._timeline.now() >= options.close_at:
            return LIMIT_REACHED
        return ""

    def _close(self, reason: str, words: str, *, firm: bool) -> str:
        self._closing = _Closing(reason, firm)
        self._timeline.emit(EventType.CLOSING, reason=reason)
        return words

    def _follow(self, closing: _Closing, talks: Talks) -> str | None:
        match talks.floor:
            case Floor.AGENT:
                closing.heard = True
            case Floor.USER if closing.firm and closing.heard:
                return closing.reason  # who interrupts the last word has heard it
            case Floor.USER:
                self._closing = None
            case Floor.NOBODY if talks.settled:
                return closing.reason
        return None
