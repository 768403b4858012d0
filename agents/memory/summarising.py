"""A dialogue whose oldest turns become a summary before the model forgets them."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from agents.dialogue import TURN_OVERHEAD, Dialogue, Turn, estimate_tokens
from agents.language_model import LanguageModel, LanguageModelError, Message
from agents.memory.summary import INSTRUCTIONS, request, summarise
from agents.persona import Persona

log = logging.getLogger(__name__)

BEGIN_SHARE = 0.75  # of the budget that is spent when the next summary is begun
KEEP_SHARE = 0.5  # of the budget that is left to the turns which stay as they were said
EARLIER = "Earlier in this conversation: "


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """How summaries are made."""

    tokens: int  # longest summary, taken from the dialogue's budget
    timeout: float  # seconds


class SummarisingDialogue(Dialogue):
    """Works like :class:`~agents.dialogue.Dialogue`, and remembers the gist of what left the prompt.

    A summary is made in the background when a reply has been heard, and given up at once when the next reply
    is to be made, which therefore never waits for it; the reply after tries again. It stands at the end of
    the system message, so that a model with a prompt cache reads its persona no more than once, and the rest
    once a summary. Where none came in time, the oldest turns are forgotten as without it, but the next
    summary takes them in. ``counts`` tells how many were ``made``, ``withdrawn``, ``failed``, and how many
    turns were ``forgotten`` meanwhile. Needs a running event loop; ``close`` it.

    Raises ``DialogueError`` when the persona and a summary leave no room in the budget.
    """

    def __init__(
        self,
        persona: Persona,
        token_budget: int,
        model: LanguageModel,
        options: SummaryOptions,
        count_tokens: Callable[[str], int] = estimate_tokens,
    ) -> None:
        reserved = options.tokens + count_tokens(EARLIER)
        super().__init__(persona, token_budget - reserved, count_tokens)
        self.summary = ""
        self.counts: Counter[str] = Counter()
        self._model = model
        self._options = options
        # Turns that one summary can take in: its prompt must fit the same model.
        self._readable = token_budget - reserved - options.tokens - count_tokens(INSTRUCTIONS)
        self._covered = 0  # turns that the summary has taken in
        self._working: asyncio.Task[None] | None = None

    def commit(self, generation: int, heard: str, *, interrupted: bool = False) -> bool:
        """See ``Dialogue.commit``; what was heard may make the next summary due."""
        kept = super().commit(generation, heard, interrupted=interrupted)
        self._begin_if_due()
        return kept

    def begin_reply(self, generation: int) -> None:
        """See ``Dialogue.begin_reply``; a summary that is being made is given up."""
        self._withdraw()
        super().begin_reply(generation)

    def preview(self, text: str) -> tuple[Message, ...]:
        """See ``Dialogue.preview``; a summary that is being made is given up."""
        self._withdraw()
        return super().preview(text)

    def messages(self) -> tuple[Message, ...]:
        """The prompt, the summary at the end of its system message."""
        before = self._first
        system, *turns = super().messages()
        self._note_forgotten(before)
        if self.summary:
            system = Message("system", f"{system.content}\n\n{EARLIER}{self.summary}")
        return (system, *turns)

    def close(self) -> None:
        """Give up the summary that is being made."""
        self._withdraw()

    # -- summaries --------------------------------------------------------------------------------

    def _begin_if_due(self) -> None:
        spent = self._total(self._merged(self._first))
        if self._is_working or spent <= BEGIN_SHARE * self._budget:
            return
        until = self._first_that_leaves(KEEP_SHARE)
        if until > self._covered:
            self._working = asyncio.create_task(self._summarise(self._covered, until))

    async def _summarise(self, since: int, until: int) -> None:
        try:
            async with asyncio.timeout(self._options.timeout):
                messages = request(self.summary, self._last_readable(since, until), self.persona.name)
                summary = await summarise(self._model, messages, self._options.tokens, self._count)
        except TimeoutError:
            self._fail(f"it took longer than {self._options.timeout:g} s")
        except LanguageModelError as error:
            self._fail(str(error))
        else:
            self.summary, self._covered = summary, until
            self._first = max(self._first, until)
            self.counts["made"] += 1
            log.info("%d turns are summarised: %s", until, summary)

    def _last_readable(self, since: int, until: int) -> list[Turn]:
        """The turns to take in, without the oldest of them where all are more than the model can read."""
        room, first = self._readable, until
        while first > since and room > 0:
            first -= 1
            room -= self._count(self._turns[first].text) + TURN_OVERHEAD
        return self._turns[first + (room < 0 and first < until - 1) : until]

    @property
    def _is_working(self) -> bool:
        return self._working is not None and not self._working.done()

    def _withdraw(self) -> None:
        if self._working is not None and self._is_working:
            self._working.cancel()
            self._working = None
            self.counts["withdrawn"] += 1

    def _fail(self, why: str) -> None:
        self.counts["failed"] += 1
        log.warning("no summary of the conversation so far, its oldest turns will be forgotten: %s", why)

    def _note_forgotten(self, before: int) -> None:
        lost = self._first - max(before, self._covered)
        if lost > 0:
            self.counts["forgotten"] += lost
            log.warning("%d turns left the prompt before they were summarised", lost)
