"""With whom, and with which voice, a client is going to talk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from agents.dialogue import Turn
from agents.persona import Persona
from orchestration.configuration import Configuration
from orchestration.protocol import HistoryEntry, ProtocolError


class UnknownPersona(ProtocolError):
    """The client asked for a persona that isn't offered."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__("unknown_persona", f"no persona is called {name!r}", f"ask for one of: {known}")


class UnknownVoice(ProtocolError):
    """The client asked for a voice that isn't offered."""

    def __init__(self, name: str, known: str) -> None:
        remedy = f"ask for one of: {known}" if known else "ask for none: this agent has one voice"
        super().__init__("unknown_voice", f"no voice is called {name!r}", remedy)


@dataclass(frozen=True, slots=True)
class Choice:
    """A persona and the name of the voice it speaks with; an empty name is the synthesiser's only voice."""

    persona: Persona
    voice: str
    heard_in: str = ""  # language that the recogniser is told; empty: it listens as it is set
    language_problem: str = ""  # what stands in the way of the language that was asked for


def choose(
    configuration: Configuration, persona: str | None, voice: str | None, language: str | None = None
) -> Choice:
    """What a client gets that asks for ``persona`` and ``voice``, names from the options or nothing.

    A ``language`` that can't be had is no error: the choice says what stands in its way. Raises
    ``UnknownPersona`` or ``UnknownVoice`` naming the known ones.
    """
    offered, voices = configuration.offered(), configuration.synthesizer.voices
    if persona is not None and persona not in offered:
        raise UnknownPersona(persona, ", ".join(offered))
    if voice is not None and voice not in voices:
        raise UnknownVoice(voice, ", ".join(voices))
    chosen = configuration.persona if persona is None else offered[persona]
    own = Choice(chosen, configuration.voice_of(chosen) if voice is None else voice)
    return own if language is None else in_language(configuration, own, language, voice)


def in_language(configuration: Configuration, choice: Choice, tag: str, voice: str | None) -> Choice:
    """The same choice for a talk in the language ``tag``; ``voice`` is the one that was asked for, if any.

    A tag is known with or without its region. Where it isn't, the talk stays in the persona's language.
    """
    persona, languages = choice.persona, configuration.session.languages
    wanted, known = tag.casefold(), {name.casefold(): name for name in languages}
    if wanted.partition("-")[0] == persona.language.casefold().partition("-")[0]:
        return choice
    found = known.get(wanted) or known.get(wanted.partition("-")[0])
    if found is None:
        others = ", ".join([persona.language, *languages])
        problem = f"nobody here talks {tag!r}; known: {others}. The talk is in {persona.language!r}"
        return replace(choice, language_problem=problem)
    language = languages[found]
    spoken = voice or language.voice
    style = f"{persona.style} Answer in {language.name}.".strip()
    problem = "" if spoken else f"no voice here speaks {language.name}: it sounds like {persona.language!r}"
    return Choice(
        persona.model_copy(update={"language": found, "style": style}), spoken or choice.voice, found, problem
    )


def remembered(entry: HistoryEntry) -> Turn:
    """A turn as the client remembers it, as the dialogue does."""
    role: Literal["user", "assistant"] = "user" if entry.role == "user" else "assistant"
    return Turn(role, entry.text, interrupted=entry.interrupted and role == "assistant")
