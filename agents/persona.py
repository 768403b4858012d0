"""Who the agent is: its words about itself, its facts, its voice and how long it talks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class PersonaError(ValueError):
    """A persona file can't be read; the message names the file, every wrong field and the remedy."""


class Fact(BaseModel):
    """Something the agent knows, as the questions people ask for it and the sentence that answers them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    questions: tuple[str, ...] = Field(min_length=1, max_length=10, description="How people ask for it.")
    answer: str = Field(
        min_length=1, max_length=400, description="One sentence that can be said aloud as it is."
    )


class Persona(BaseModel):
    """One character that an agent plays.

    Small models answer well only from their prompt, and best when it lists questions with their answers, so
    ``facts`` carries what people will ask for, in several wordings where one is not enough.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80, description="What the agent is called.")
    role: str = Field(
        min_length=1,
        max_length=400,
        description="Who the agent is, to follow `You are NAME, `; no full stop.",
    )
    style: str = Field(
        default="Answer in one short sentence.",
        max_length=400,
        description="How the agent talks, as instructions to the model.",
    )
    facts: tuple[Fact, ...] = Field(default=(), max_length=100, description="What the agent knows.")
    greeting: str = Field(
        default="", max_length=400, description="What the agent says first; empty for nothing."
    )
    idle_prompts: tuple[Annotated[str, Field(min_length=1, max_length=400)], ...] = Field(
        default=("Are you still there?",),
        max_length=20,
        description="What the agent says when nobody has spoken for long, in turn.",
    )
    farewell: str = Field(
        default="Goodbye.", min_length=1, max_length=400, description="What the agent says last."
    )
    budget_spent: str = Field(
        default="I'm afraid our time is over. Goodbye.",
        min_length=1,
        max_length=400,
        description="What the agent says last when the conversation may go on no longer.",
    )
    apology: str = Field(
        default="Sorry, I lost my thread. Could you say that again?",
        min_length=1,
        max_length=400,
        description="What the agent says when its mind or its hearing fails.",
    )
    code_shown: str = Field(
        default="I've put the code on screen.",
        max_length=200,
        description="What the agent says instead of reading code out; empty for nothing.",
    )
    table_shown: str = Field(
        default="I've put the table on screen.",
        max_length=200,
        description="What the agent says instead of reading a table out; empty for nothing.",
    )
    tools: tuple[str, ...] = Field(
        default=(),
        max_length=64,
        description="Tools that the agent may call, by name or pattern such as `calendar__*`; none: none.",
    )
    bridges: tuple[str, ...] = Field(
        default=("One moment.",),
        max_length=20,
        description="What the agent says while a tool takes long, in turn; none: it waits in silence.",
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language tag (BCP 47) of the talk.",
    )
    voice: str = Field(
        default="", max_length=200, description="Name of the synthesiser's voice; empty for its own choice."
    )
    head: str = Field(
        default="", max_length=200, description="Name of the head; empty for the system's own choice."
    )
    max_tokens: int = Field(default=40, ge=1, le=1024, description="Longest reply, tokens.")
    max_sentences: int = Field(
        default=2, ge=1, le=20, description="Sentences of a reply that are said aloud."
    )

    @property
    def key(self) -> str:
        """The name in small letters with hyphens, by which a client asks for this persona."""
        return re.sub(r"[\W_]+", "-", self.name.casefold()).strip("-") or "agent"

    def system_prompt(self) -> str:
        """The model's first message, the same for every turn, so that it is read once and then cached."""
        lines = [f"You are {self.name}, {self.role}. {self.style}".rstrip()]
        lines.extend(f"- {question}\n{fact.answer}" for fact in self.facts for question in fact.questions)
        return "\n".join(lines)


def load_persona(path: Path) -> Persona:
    """Read a persona from a YAML file; raises ``PersonaError`` with everything that is wrong at once."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PersonaError(
            f"{path}: can't read the persona: {error.strerror}; name an existing file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PersonaError(f"{path}: not YAML in UTF-8: {error}") from error
    if not isinstance(data, dict):
        raise PersonaError(
            f"{path}: holds {type(data).__name__}, a persona is a mapping with `name` and `role`"
        )
    try:
        return Persona.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()
        )
        raise PersonaError(f"{path}: {problems}") from error
