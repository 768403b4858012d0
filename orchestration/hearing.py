"""A recogniser for a conversation in one language."""

from __future__ import annotations

import dataclasses
import logging

from orchestration.engines import Engines
from orchestration.fallback.switch import Reports, Tell
from orchestration.media import FloatArray
from speech.recognizer import HearsLanguages, Transcript

log = logging.getLogger(__name__)


class ChosenLanguage:
    """A ``Recognizer`` that hears ``language`` (ISO 639-1), whatever its model was set to."""

    def __init__(self, recognizer: HearsLanguages, language: str) -> None:
        self._recognizer = recognizer
        self._language = language

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        """See ``Recognizer.transcribe``."""
        return await self._recognizer.transcribe_in(self._language, pcm, words=words)

    def reporting_to(self, tell: Tell) -> ChosenLanguage:
        """The same for one caller, who is told when another recogniser stands in."""
        inner = self._recognizer
        return ChosenLanguage(
            inner.reporting_to(tell) if isinstance(inner, Reports) else inner, self._language
        )


def hearing(engines: Engines, language: str) -> Engines:
    """The same engines, listening for ``language`` (a BCP 47 tag); empty: as they are."""
    if not language:
        return engines
    recognizer = engines.recognizer
    if not isinstance(recognizer, HearsLanguages):
        log.warning("%s can't be told to hear %r and listens as before", type(recognizer).__name__, language)
        return engines
    heard = ChosenLanguage(recognizer, language.partition("-")[0])
    return dataclasses.replace(engines, recognizer=heard)
