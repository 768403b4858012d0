"""What can go wrong with a voice."""

from __future__ import annotations


class VoiceError(RuntimeError):
    """A voice can't be opened; the message names the model and the remedy."""


class SynthesisError(RuntimeError):
    """A text can't be spoken; the message names the offending value and the remedy."""
