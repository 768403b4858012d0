"""A language model that is shown what the notes say about the turn it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from agents.language_model import LanguageModel, Message, ReplyPart, Toolbox
from agents.notes.index import Passage
from agents.notes.passages import Notes
from agents.reply import closing


class GroundedLanguageModel:
    """Puts passages of ``notes`` before the user's last words; nothing of it is remembered.

    Only that message changes, so that everything before it stays in the model's prompt cache.
    """

    def __init__(self, model: LanguageModel, notes: Notes) -> None:
        self.model = model
        self.notes = notes

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """Stream the reply to ``messages`` with the notes in sight; see ``LanguageModel.stream``."""
        shown = list(messages)
        asked = max((n for n, message in enumerate(shown) if message.role == "user"), default=None)
        if asked is not None:
            found = await self.notes.find(shown[asked].content)
            shown[asked] = with_passages(shown[asked], found)
        stream = self.model.stream(tuple(shown), max_tokens=max_tokens, tools=tools)
        async with closing(stream) as parts:
            async for part in parts:
                yield part


def with_passages(message: Message, found: Sequence[Passage]) -> Message:
    """``message`` with the passages before what was said; as it is where there are none."""
    if not found:
        return message
    notes = "\n".join(f"- {passage.text}" for passage in found)
    return replace(message, content=f"Notes that may help:\n{notes}\n\n{message.content}")
