"""Speech recognition on openai-whisper's models.

Importing the package, its options or its errors doesn't import torch: a process that only reads a
configuration, such as the gateway, stays light. The recogniser itself comes at its first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from speech.whisper.config import WhisperConfig
from speech.whisper.errors import (
    ModelFileError,
    RecognizerBusyError,
    RecognizerTimeoutError,
    UtteranceError,
)

if TYPE_CHECKING:
    from speech.whisper.checkpoint import load_checkpoint
    from speech.whisper.recognizer import WhisperRecognizer

_AT_FIRST_USE = {
    "WhisperRecognizer": "speech.whisper.recognizer",
    "load_checkpoint": "speech.whisper.checkpoint",
}

__all__ = [
    "ModelFileError",
    "RecognizerBusyError",
    "RecognizerTimeoutError",
    "UtteranceError",
    "WhisperConfig",
    "WhisperRecognizer",
    "load_checkpoint",
]


def __getattr__(name: str) -> object:
    if name in _AT_FIRST_USE:
        return getattr(importlib.import_module(_AT_FIRST_USE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
