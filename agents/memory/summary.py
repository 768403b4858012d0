"""Having a language model put the beginning of a conversation into a few sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agents.dialogue import Turn
from agents.failures import EmptyReply
from agents.language_model import LanguageModel, Message, TextDelta
from agents.reply import closing

INSTRUCTIONS = (
    "You keep notes of a conversation. Write down in a few short sentences what was said: names, wishes, "
    "numbers, answers and promises. Write only what was said, and nothing else."
)


def request(earlier: str, turns: Sequence[Turn], agent: str) -> tuple[Message, ...]:
    """What the model is asked: the summary so far (empty at first) and the turns that it is to take in."""
    lines = [f"{'User' if turn.role == 'user' else agent}: {turn.text}" for turn in turns]
    if earlier:
        lines.insert(0, f"Notes so far: {earlier}")
    lines.append("\nNotes of this conversation, in a few short sentences:")
    return (Message("system", INSTRUCTIONS), Message("user", "\n".join(lines)))


async def summarise(
    model: LanguageModel, messages: Sequence[Message], most: int, count: Callable[[str], int]
) -> str:
    """The model's summary, at most ``most`` tokens by ``count``, cut at a word.

    Raises ``EmptyReply`` when there is none, ``LanguageModelError`` when the model fails.
    """
    said: list[str] = []
    async with closing(model.stream(messages, max_tokens=most)) as stream:
        async for part in stream:
            if isinstance(part, TextDelta):
                said.append(part.text)
    words = "".join(said).split()
    while words and count(" ".join(words)) > most:
        words.pop()
    if not words:
        raise EmptyReply("the summary came back empty; use a larger model or a longer memory.summary_tokens")
    return " ".join(words)
