"""Words that are given instead of thought of, said like any reply: greetings, prompts, farewells."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence

from agents.language_model import Message, ReplyPart, TextDelta, Toolbox
from orchestration.engines import Engines
from orchestration.session.reply import ReplyLimits

MOST_SENTENCES = 20  # of given words, whatever the persona's replies are limited to


class Recital:
    """A language model that has one thing to say, at once."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """The given words, whatever was asked."""
        yield TextDelta(self._text, 0.0)


def reciting(engines: Engines, text: str) -> Engines:
    """The same engines, which will say ``text`` and ask no model for it."""
    return dataclasses.replace(engines, language_model=Recital(text))


def recital_limits(limits: ReplyLimits) -> ReplyLimits:
    """The limits of given words: said as a whole and in whatever language they were written."""
    reading = dataclasses.replace(limits.reading, judge=None)
    return dataclasses.replace(limits, max_sentences=MOST_SENTENCES, reading=reading)
