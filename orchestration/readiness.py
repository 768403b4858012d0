"""What is done once before the first session, so that no user waits for it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from agents.dialogue import Dialogue
from agents.language_model import LanguageModelError
from orchestration.apologies import speak_apology
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from speech.synthesizer import SpeechChunk

log = logging.getLogger(__name__)


async def make_ready(engines: Engines, configuration: Configuration) -> Engines:
    """Prepare the apology and let the language model read the persona; returns the engines to be used.

    Only the default persona and its voice: the others are prepared when they are first asked for.
    An engine that fails here is logged: the others still serve, and sessions try it again.
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
    return dataclasses.replace(engines, apology=apology)
