"""Speech recognition on openai-whisper's models.

Names are imported when they are first used: options alone don't load torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speech.whisper.checkpoint import load_checkpoint
    from speech.whisper.config import WhisperConfig
    from speech.whisper.errors import (
        ModelFileError,
        RecognizerBusyError,
        RecognizerTimeoutError,
        UtteranceError,
    )
    from speech.whisper.recognizer import WhisperRecognizer

__all__ = [
    "ModelFileError",
    "RecognizerBusyError",
    "RecognizerTimeoutError",
    "UtteranceError",
    "WhisperConfig",
    "WhisperRecognizer",
    "load_checkpoint",
]

_HOMES = {
    "ModelFileError": "errors",
    "RecognizerBusyError": "errors",
    "RecognizerTimeoutError": "errors",
    "UtteranceError": "errors",
    "WhisperConfig": "config",
    "WhisperRecognizer": "recognizer",
    "load_checkpoint": "checkpoint",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
