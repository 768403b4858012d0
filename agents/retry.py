"""A language model that survives the failure of another: one more try, then the next engine."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from agents.failures import WORTH_RETRYING
from agents.language_model import LanguageModel, LanguageModelError, Message, TextDelta
from agents.reply import closing

log = logging.getLogger(__name__)


class RetryingLanguageModel:
    """Asks the first of ``engines`` up to ``attempts`` times, then each of the others once.

    Only a reply of which nothing was passed on is asked for again: spoken words can't be taken back.
    ``failures`` counts them by error class.
    """

    def __init__(self, engines: Sequence[LanguageModel], attempts: int = 2) -> None:
        if not engines or attempts < 1:
            raise ValueError(f"{len(engines)} engines, {attempts} attempts: at least one of each is needed")
        self._tries = (engines[0],) * attempts + tuple(engines[1:])
        self._attempts = attempts
        self.failures: Counter[str] = Counter()

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[TextDelta]:
        """Stream the assistant's next message; raises the last engine's ``LanguageModelError``."""
        number = 0
        while True:
            begun = False
            try:
                async with closing(self._tries[number].stream(messages, max_tokens=max_tokens)) as reply:
                    async for delta in reply:
                        begun = True
                        yield delta
                return
            except LanguageModelError as error:
                self.failures[type(error).__name__] += 1
                following = self._next(number, error)
                log.warning(
                    "reply failed: %s",
                    error,
                    extra={"attempt": number + 1, "begun": begun, "next": following},
                )
                if begun or following is None:
                    raise
                number = following

    def _next(self, number: int, error: LanguageModelError) -> int | None:
        """The try after ``number``: the same engine where that may help, else another; None for no more."""
        following = number + 1 if isinstance(error, WORTH_RETRYING) else max(number + 1, self._attempts)
        return following if following < len(self._tries) else None
