"""What a folder with Kokoro holds: the model, its vocabulary, and a table of styles for each speaker."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speech.coqui.errors import VoiceError
from speech.coqui.voice import FloatArray

MODEL = "kokoro.onnx"
DESCRIPTION = "config.json"
VOICES = "voices"
STYLE = 256  # numbers of one style
_LANGUAGES = {"a": "en-us", "b": "en-gb"}  # by the first letter of a speaker's name


class KokoroDescription(BaseModel):
    """The part of Kokoro's ``config.json`` that speaking needs."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    vocab: dict[str, int] = Field(min_length=1, description="The number of each phonetic letter.")
    plbert: dict[str, float] = Field(description="The text encoder; no other kind of voice has one.")


def holds_kokoro(folder: Path) -> bool:
    """Is it Kokoro's model that lies in ``folder``?"""
    return (folder / MODEL).is_file() and (folder / VOICES).is_dir()


def read_vocabulary(folder: Path) -> dict[str, int]:
    """The number of each phonetic letter. Raises ``VoiceError`` where none is told."""
    path = folder / DESCRIPTION
    try:
        return KokoroDescription.model_validate(json.loads(path.read_text("utf-8"))).vocab
    except FileNotFoundError as error:
        raise VoiceError(f"the voice {folder} needs its {DESCRIPTION}; install it again") from error
    except (ValidationError, ValueError) as error:
        raise VoiceError(f"{path} isn't the description of a Kokoro model: {error}") from error


def speakers(folder: Path) -> tuple[str, ...]:
    """The names of the speakers whose styles are there, in order."""
    return tuple(sorted(path.stem for path in (folder / VOICES).glob("*.bin") if path.stem[0] in _LANGUAGES))


def language_of(speaker: str) -> str:
    """What ``speaker`` reads, as espeak-ng calls it: ``en-us`` or ``en-gb``."""
    return _LANGUAGES[speaker[0]]


def read_styles(folder: Path, speaker: str) -> FloatArray:
    """The styles (longest piece in symbols, 256) of ``speaker``, a row for each length of a piece.

    Raises ``VoiceError`` where there is no such speaker, naming who there is, and for a broken table.
    """
    known = speakers(folder)
    if speaker not in known:
        there = ", ".join(known) or f"nobody: {folder / VOICES} has no speaker's .bin; install it again"
        raise VoiceError(f"the voice {folder} has no speaker {speaker!r}; it has {there}")
    path = folder / VOICES / f"{speaker}.bin"
    values = np.fromfile(path, dtype="<f4")
    if not len(values) or len(values) % STYLE:
        raise VoiceError(f"{path} has {len(values)} numbers, no multiple of {STYLE}; install the voice again")
    return values.reshape(-1, STYLE).astype(np.float32)
