"""What one session has asked of its language model."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence

from agents.dialogue import TURN_OVERHEAD, estimate_tokens
from agents.language_model import LanguageModel, Message, ReplyPart, TextDelta, Toolbox
from agents.reply import closing
from orchestration.engines import Engines


class Spending:
    """Counts the tokens, read and written, of every request that goes through ``metered`` engines.

    By estimate, rather too many: what a prompt cache saves is not taken off.
    """

    def __init__(self) -> None:
        self.tokens = 0

    def metered(self, engines: Engines) -> Engines:
        """The same engines with a language model whose tokens count."""
        return dataclasses.replace(engines, language_model=_Metered(engines.language_model, self))


class _Metered:
    def __init__(self, model: LanguageModel, spending: Spending) -> None:
        self._model = model
        self._spending = spending

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """See ``LanguageModel.stream``."""
        self._spending.tokens += sum(estimate_tokens(message.content) + TURN_OVERHEAD for message in messages)
        written = 0  # characters
        try:
            async with closing(self._model.stream(messages, max_tokens=max_tokens, tools=tools)) as stream:
                async for part in stream:
                    written += len(part.text if isinstance(part, TextDelta) else part.arguments)
                    yield part
        finally:
            self._spending.tokens += estimate_tokens("x" * written)
