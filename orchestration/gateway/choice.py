"""With whom, and with which voice, a client is going to talk."""

from __future__ import annotations

from dataclasses import dataclass
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


def choose(configuration: Configuration, persona: str | None, voice: str | None) -> Choice:
    """What a client gets that asks for ``persona`` and ``voice``, names from the options or nothing.

    Raises ``UnknownPersona`` or ``UnknownVoice`` naming the known ones.
    """
    offered, voices = configuration.offered(), configuration.synthesizer.voices
    if persona is not None and persona not in offered:
        raise UnknownPersona(persona, ", ".join(offered))
    if voice is not None and voice not in voices:
        raise UnknownVoice(voice, ", ".join(voices))
    chosen = configuration.persona if persona is None else offered[persona]
    return Choice(chosen, configuration.voice_of(chosen) if voice is None else voice)


def remembered(entry: HistoryEntry) -> Turn:
    """A turn as the client remembers it, as the dialogue does."""
    role: Literal["user", "assistant"] = "user" if entry.role == "user" else "assistant"
    return Turn(role, entry.text, interrupted=entry.interrupted and role == "assistant")
