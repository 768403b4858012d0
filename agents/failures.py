"""The ways a language model fails, for choosing between a retry, another engine and an apology."""

from __future__ import annotations

from agents.language_model import LanguageModelError


class LanguageModelTimeout(LanguageModelError):
    """The first token or the whole reply did not arrive within the configured time."""


class LanguageModelUnavailable(LanguageModelError):
    """The engine can't be reached, is overloaded, broke, or cut its reply short."""


class LanguageModelRefused(LanguageModelError):
    """The engine won't take the request: wrong key, unknown model, prompt too long."""


class EmptyReply(LanguageModelError):
    """The reply ended without a single visible character."""
