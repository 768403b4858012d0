"""What can go wrong in the Whisper recogniser."""

from __future__ import annotations


class ModelFileError(RuntimeError):
    """A model file is missing, damaged or of the wrong kind; the message names the file and the remedy."""


class UtteranceError(ValueError):
    """The sound cannot be transcribed; the message names the value and the remedy."""


class RecognizerBusyError(RuntimeError):
    """More requests wait than the configured bound; the caller should drop or delay some."""


class RecognizerTimeoutError(TimeoutError):
    """A transcription took longer than the configured time limit."""


class DecodingStopped(Exception):
    """Raised inside the worker thread when nobody wants the result any more; not a fault."""
