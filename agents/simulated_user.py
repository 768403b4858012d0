"""The other side of a conversation without a person: what a simulated user says next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from agents.language_model import LanguageModel, Message, TextDelta
from agents.reply import closing, limit_sentences


class SimulatedUser(Protocol):
    """Decides what the user says, given the dialogue so far (the agent is its ``assistant``)."""

    async def next_utterance(self, dialogue: Sequence[Message]) -> str | None:
        """What the user says next; None when the user has nothing more to say."""
        ...


class ScriptedUser:
    """Says given utterances in turn, whatever the agent answers."""

    def __init__(self, utterances: Sequence[str]) -> None:
        self._left = list(utterances)

    async def next_utterance(self, dialogue: Sequence[Message]) -> str | None:
        """The next utterance of the script; None at its end."""
        return self._left.pop(0) if self._left else None


class UserGoal(BaseModel):
    """What a simulated user is and wants."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str = Field(min_length=1, max_length=400, description="Who the user is, to follow `You are `.")
    goal: str = Field(min_length=1, max_length=400, description="What the user wants, to follow `You want `.")
    opening: str = Field(min_length=1, max_length=400, description="What the user says first.")
    turns: int = Field(default=6, ge=1, le=200, description="Utterances after which the user leaves.")
    goodbye: str = Field(default="goodbye", min_length=1, description="Word by which the user ends the talk.")


class ModelUser:
    """A user played by a language model towards a goal, for at most ``goal.turns`` utterances.

    The model sees the dialogue with the roles exchanged: the agent's turns are its user's. The quality is the
    model's: a model of a few hundred million parameters repeats questions, one of several billion doesn't.
    """

    def __init__(self, model: LanguageModel, goal: UserGoal, max_tokens: int = 40) -> None:
        self._model = model
        self._goal = goal
        self._max_tokens = max_tokens
        self._said = 0
        self._leaving = False

    async def next_utterance(self, dialogue: Sequence[Message]) -> str | None:
        """The next utterance; None after the goodbye or the last turn. Raises ``LanguageModelError``."""
        if self._leaving or self._said == self._goal.turns:
            return None
        self._said += 1
        if self._said == 1:
            return self._goal.opening
        reply = limit_sentences(
            self._model.stream(self._prompt(dialogue), max_tokens=self._max_tokens), sentences=1
        )
        async with closing(reply):
            text = "".join([part.text async for part in reply if isinstance(part, TextDelta)]).strip()
        self._leaving = self._goal.goodbye.lower() in text.lower()
        return text

    def _prompt(self, dialogue: Sequence[Message]) -> list[Message]:
        system = Message(
            "system",
            f"You are {self._goal.role}. You want {self._goal.goal}. Ask one short question at a time. "
            f"Say {self._goal.goodbye} when you have your answer.",
        )
        exchanged = [
            Message("user" if message.role == "assistant" else "assistant", message.content)
            for message in dialogue
            if message.role != "system"
        ]
        return [system, *exchanged]
