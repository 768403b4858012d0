"""What is done once before the first session, so that no user waits for it."""

from __future__ import annotations

import dataclasses
import logging

from agents.dialogue import Dialogue
from agents.language_model import LanguageModelError
from orchestration.configuration import Configuration
from orchestration.engines import EngineError, Engines
from speech.synthesizer import SpeechChunk

log = logging.getLogger(__name__)


async def make_ready(engines: Engines, configuration: Configuration) -> Engines:
    """Prepare the apology and let the language model read the persona; returns the engines to be used.

    An engine that fails here is logged: the others still serve, and sessions try it again.
    """
    apology: tuple[SpeechChunk, ...] = ()
    if configuration.session.fallback == "apology":
        try:
            chunks = [chunk async for chunk in engines.synthesizer.synthesize(configuration.persona.apology)]
            apology = tuple(chunks)
        except (EngineError, RuntimeError, ValueError) as error:
            log.error("the apology could not be prepared, silence will stand in for it: %s", error)
    dialogue = Dialogue(configuration.persona, token_budget=configuration.session.dialogue_tokens)
    dialogue.add_user("Hello.")
    try:
        async for _ in engines.language_model.stream(dialogue.messages(), max_tokens=1):
            pass
    except LanguageModelError as error:
        log.error("the language model is not ready: %s", error)
    return dataclasses.replace(engines, apology=apology)
