"""What is done once before the first session, so that no user waits for it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from agents.dialogue import Dialogue
from agents.embedder import Embedder
from agents.language_model import LanguageModelError
from orchestration.apologies import speak_apology
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.knowledge import open_notes
from speech.synthesizer import SpeechChunk

log = logging.getLogger(__name__)


async def make_ready(
    engines: Engines, configuration: Configuration, embedder: Embedder | None = None
) -> Engines:
    """Prepare the apology and the notes, and let the language model read the persona; returns the engines.

    Only the default persona and its voice: the others are prepared when they are first asked for.
    An engine that fails here is logged: the others still serve, and sessions try it again. Raises
    ``NotesError`` or ``EmbedderError`` when the notes can't be used.
    """
    persona = configuration.persona
    apology: Sequence[SpeechChunk] = ()
    if configuration.session.fallback == "apology":
        voice = configuration.voice_of(persona) or None
        timeout = configuration.serving.synthesizer.timeout_s
        apology = tuple(await speak_apology(engines.synthesizer, persona.apology, voice, timeout))
    dialogue = Dialogue(persona, token_budget=configuration.session.dialogue_tokens)
    dialogue.add_user("Hello.")
    try:
        async for _ in engines.language_model.stream(dialogue.messages(), max_tokens=1):
            pass
    except LanguageModelError as error:
        log.error("the language model is not ready: %s", error)
    notes = await open_notes(configuration, embedder)
    return dataclasses.replace(engines, apology=apology, notes=notes)
