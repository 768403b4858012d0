"""What was said so far: the agent's memory of one conversation, as the model and as an export see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from agents.language_model import Message
from agents.persona import Persona

TURN_OVERHEAD = 5  # tokens of chat markup around one message
TRIMMED_SHARE = 0.7  # of the budget left after trimming, so that the cached prompt then holds for many turns
CUT = "—"  # ends what the agent was saying when it was interrupted
CHARACTERS_PER_TOKEN = 3  # English has about 4; erring towards too many tokens


class DialogueError(ValueError):
    """The dialogue was told something out of turn, or can't fit its budget; the message says what."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One stretch of talk by one side.

    ``generation`` numbers the agent's replies; None for the user, and for replies of an earlier session.
    """

    role: Literal["user", "assistant"]
    text: str
    generation: int | None = None
    interrupted: bool = False


def estimate_tokens(text: str) -> int:
    """Guess how many tokens ``text`` has, rather too many, where no tokeniser is at hand."""
    wide = sum(ord(character) > 0x2E7F for character in text)  # CJK and beyond: a token each, or more
    return wide + -(-(len(text) - wide) // CHARACTERS_PER_TOKEN)


class Dialogue:
    """The turns of one conversation, cut to a token budget for the model and whole for the export.

    The system prompt never changes and turns are only added at the end, so that a model with a prompt cache
    reads new words only; when the budget (``token_budget`` tokens for the whole prompt) is spent, the oldest
    turns go in one larger step. Raises ``DialogueError`` when the system prompt alone fills the budget.
    """

    def __init__(
        self, persona: Persona, token_budget: int, count_tokens: Callable[[str], int] = estimate_tokens
    ) -> None:
        self.persona = persona
        self._system = Message("system", persona.system_prompt())
        self._count = count_tokens
        self._budget = token_budget - self._cost(self._system)
        if self._budget <= TURN_OVERHEAD:
            raise DialogueError(
                f"persona {persona.name}: its system prompt has {self._cost(self._system)} tokens, which "
                f"leaves no room in a budget of {token_budget}; shorten its facts or raise the budget"
            )
        self._turns: list[Turn] = []
        self._open: tuple[int, int] | None = (
            None  # generation being spoken, and where in the turns it belongs
        )
        self._latest = -1  # highest generation begun
        self._first = 0  # oldest turn that the model still sees

    def add_user(self, text: str) -> None:
        """Remember what the user said; nothing but space is no turn."""
        if text.strip():
            self._turns.append(Turn("user", " ".join(text.split())))

    def restore(self, turns: Iterable[Turn]) -> None:
        """Go on with an earlier conversation: ``turns`` come before everything that is said from now on.

        Turns that hold nothing but space are left out. Raises ``DialogueError`` if something was said
        already.
        """
        if self._turns or self._open is not None:
            raise DialogueError(
                f"{len(self._turns)} turns were said already; restore a conversation before it goes on"
            )
        for turn in turns:
            if turn.text.strip():
                self._turns.append(Turn(turn.role, " ".join(turn.text.split()), None, turn.interrupted))

    def hand_over(self, persona: Persona) -> None:
        """Let ``persona`` speak from the next reply on; everything that was said stays.

        Raises ``DialogueError``, and changes nothing, if its system prompt leaves no room in the budget.
        """
        note = (
            f"\nYou have taken over this conversation from {self.persona.name}, who said what stands here as "
            "the assistant's words so far. Don't start again."
        )
        system = Message("system", persona.system_prompt() + note)
        budget = self._budget + self._cost(self._system) - self._cost(system)
        if budget <= TURN_OVERHEAD:
            raise DialogueError(
                f"persona {persona.name}: its system prompt has {self._cost(system)} tokens, which leaves no "
                f"room in what is left of the budget; shorten its facts or raise the budget"
            )
        self.persona, self._system, self._budget = persona, system, budget

    def begin_reply(self, generation: int) -> None:
        """Start reply number ``generation``, which must be higher than every one before.

        An earlier reply that was never committed counts as unheard. Raises ``DialogueError``.
        """
        if generation <= self._latest:
            raise DialogueError(f"reply {generation} begins after reply {self._latest}; numbers must rise")
        self._latest = generation
        self._open = (generation, len(self._turns))

    def commit(self, generation: int, heard: str, *, interrupted: bool = False) -> bool:
        """Keep the words of reply ``generation`` that were heard; what nobody heard was not said.

        The reply takes its place where it began, before what the user said meanwhile. Returns False, and
        changes nothing, for a reply that was committed before or that a newer one has replaced. Raises
        ``DialogueError`` for one that never began.
        """
        if generation > self._latest:
            raise DialogueError(
                f"reply {generation} is committed but never began; the latest is {self._latest}"
            )
        if self._open is None or self._open[0] != generation:
            return False
        _, place = self._open
        self._open = None
        if heard.strip():
            self._turns.insert(place, Turn("assistant", " ".join(heard.split()), generation, interrupted))
            self._first += place < self._first
        return True

    def preview(self, text: str) -> tuple[Message, ...]:
        """The prompt as it would be, had the user said ``text``; nothing is remembered."""
        count = len(self._turns)
        self.add_user(text)
        try:
            return self.messages()
        finally:
            del self._turns[count:]

    def messages(self) -> tuple[Message, ...]:
        """The prompt: system message, then as many of the latest turns as the budget holds."""
        merged = self._merged(self._first)
        if self._total(merged) > self._budget:
            self._trim()
            merged = self._merged(self._first)
            merged[0] = self._clip(merged[0], self._budget - self._total(merged[1:]))
        return (self._system, *merged)

    def transcript(self) -> tuple[Turn, ...]:
        """Every turn since the beginning, whatever the model has forgotten."""
        return tuple(self._turns)

    def close(self) -> None:
        """The conversation is over; a dialogue that does anything in the background stops it."""

    def _trim(self) -> None:
        """Forget the oldest turns, up to one by the user, until the rest is well within the budget."""
        self._first = self._first_that_leaves(TRIMMED_SHARE)

    def _first_that_leaves(self, share: float) -> int:
        """The turn of the user from which on the dialogue takes no more than ``share`` of the budget.

        The last one if even that is more; the present first turn if there is no other.
        """
        found = self._first
        last_user = max((n for n, turn in enumerate(self._turns) if turn.role == "user"), default=self._first)
        for first in range(self._first + 1, last_user + 1):
            opens = self._turns[first].role == "user" and self._turns[first - 1].role != "user"
            if opens:
                found = first
                if self._total(self._merged(first)) <= share * self._budget:
                    break
        return found

    def _merged(self, first: int) -> list[Message]:
        """Turns from ``first`` on as messages; neighbours of the same side become one."""
        messages: list[Message] = []
        for turn in self._turns[first:]:
            text = turn.text + CUT if turn.interrupted else turn.text
            if messages and messages[-1].role == turn.role:
                text = f"{messages.pop().content} {text}"
            messages.append(Message(turn.role, text))
        return messages

    def _clip(self, message: Message, budget: int) -> Message:
        """Keep the end of a message that is longer than its budget."""
        while self._cost(message) > budget and len(message.content) > 1:
            message = Message(message.role, message.content[-(-len(message.content) // 10) :])
        return message

    def _total(self, messages: list[Message]) -> int:
        return sum(self._cost(message) for message in messages)

    def _cost(self, message: Message) -> int:
        return self._count(message.content) + TURN_OVERHEAD
