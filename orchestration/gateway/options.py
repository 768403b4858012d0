"""What a client may choose before it says hello."""

from __future__ import annotations

from typing import Any

from orchestration.configuration import Configuration
from orchestration.gateway.heads import HEADS_PATH, LIGHT
from orchestration.protocol import VERSION


def options(configuration: Configuration) -> dict[str, Any]:
    """Personas, voices and heads by name, as JSON for ``GET /v1/options`` (docs/protocol.md)."""
    personas = configuration.offered()
    heads = {configuration.head_of(persona) for persona in personas.values()} - {""}
    return {
        "version": VERSION,
        "persona": configuration.persona.key,
        "personas": [
            {
                "name": name,
                "title": persona.name,
                "detail": persona.role[:1].upper() + persona.role[1:],
                "voice": configuration.voice_of(persona),
                "head": configuration.head_of(persona),
                "language": persona.language,
            }
            for name, persona in personas.items()
        ],
        "voices": [
            {"name": name, "title": voice.title or name, "detail": voice.detail}
            for name, voice in configuration.synthesizer.voices.items()
        ],
        "heads": {head: f"{HEADS_PATH}/{head}.glb" for head in sorted(heads)},
        "light_heads": {head: f"{HEADS_PATH}/{head}{LIGHT}.glb" for head in sorted(heads)},
        "recording": configuration.session.recording.enabled,
    }
