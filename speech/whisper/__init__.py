"""Speech recognition on openai-whisper's models."""

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
