"""One of a synthesiser's voices, and the manner in which it says each clause."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from functools import cache

from orchestration.fallback.switch import Reports, Tell
from speech.manner import PLAIN, Manner
from speech.synthesizer import SpeaksInManners, SpeechChunk, Synthesizer

log = logging.getLogger(__name__)

MannerOf = Callable[[str], Manner]  # from a clause


def plainly(text: str) -> Manner:
    """Everything as the voice speaks by itself."""
    return PLAIN


def spoken(
    synthesizer: Synthesizer, manner: Manner, text: str, voice: str | None
) -> AsyncIterator[SpeechChunk]:
    """``text`` in ``manner``; a synthesiser that has only its own uses that, which the log says once."""
    if manner == PLAIN:
        return synthesizer.synthesize(text, voice)
    if isinstance(synthesizer, SpeaksInManners):
        return synthesizer.synthesize_in(manner, text, voice)
    _tell_of_one_manner(type(synthesizer).__name__)
    return synthesizer.synthesize(text, voice)


class ChosenVoice:
    """A ``Synthesizer`` that speaks with ``voice`` (empty: the default one) unless it is asked for another,
    and in the manner that ``manner_of`` finds for the text.
    """

    def __init__(self, synthesizer: Synthesizer, voice: str, manner_of: MannerOf = plainly) -> None:
        inner: Synthesizer = synthesizer
        while isinstance(inner, ChosenVoice):  # somebody else's, who speaks in other manners
            voice, inner = voice or inner._voice, inner._synthesizer
        self._synthesizer: Synthesizer = inner
        self._voice: str = voice
        self._manner_of = manner_of

    def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        """Speak ``text`` chunk by chunk."""
        return self.synthesize_in(self._manner_of(text), text, voice)

    def synthesize_in(
        self, manner: Manner, text: str, voice: str | None = None
    ) -> AsyncIterator[SpeechChunk]:
        """Speak ``text`` in ``manner``, whatever it says."""
        return spoken(self._synthesizer, manner, text, voice or self._voice or None)

    def reporting_to(self, tell: Tell) -> ChosenVoice:
        """The same voice for one caller, who is told when another synthesiser stands in."""
        inner = self._synthesizer
        told = inner.reporting_to(tell) if isinstance(inner, Reports) else inner
        return ChosenVoice(told, self._voice, self._manner_of)


@cache
def _tell_of_one_manner(kind: str) -> None:
    log.warning("%s has one manner of speaking: emotion changes nothing in its voice", kind)
