"""The words of recordings: from a table where they are known, else from Whisper, which hears each once."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestration.corpus.errors import CorpusError
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from speech.audio import is_silent, load_audio
from speech.whisper import WhisperConfig, WhisperRecognizer

RECOGNIZER = "base"  # of configs/models.yaml
KEPT = "transcripts.json"  # beside the bank's index


def read_table(path: Path) -> dict[str, str]:
    """Words by prompt from a table with the columns ``prompt`` and ``text``, split by tabs.

    Raises ``CorpusError`` if it can't be read or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        return {row["prompt"]: row["text"] for row in rows}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise CorpusError(
            f"{path} isn't a table of transcripts ({error}): give tab-separated columns prompt and text"
        ) from error


def transcribe(
    recordings: Mapping[str, Path], folder: Path, progress: Callable[[str, int, int], None], threads: int = 1
) -> dict[str, str]:
    """What Whisper hears in each recording; nothing for silence and what it rejects.

    What was heard before is read from ``folder`` and not heard again. Raises ``ModelError`` when the model is
    missing.
    """
    kept = folder / KEPT
    heard: dict[str, str] = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    missing = [name for name in recordings if name not in heard]
    if not missing:
        return {name: heard[name] for name in recordings}
    model = resolve(RECOGNIZER, "recognizer", load_registry())
    recognizer = WhisperRecognizer(
        WhisperConfig(model=model.location, language="en", threads=threads, timeout=600)
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for at, name in enumerate(missing):
            progress("listening to recordings", at, len(missing))
            pcm = load_audio(recordings[name])
            transcript = None if is_silent(pcm) else asyncio.run(recognizer.transcribe(pcm, words=False))
            heard[name] = transcript.text if transcript else ""
            if at % 20 == 19 or at == len(missing) - 1:
                part = kept.with_suffix(".part")
                part.write_text(json.dumps(heard, indent=1, sort_keys=True), encoding="utf-8")
                part.replace(kept)
        progress("listening to recordings", len(missing), len(missing))
    finally:
        recognizer.close()
    return {name: heard[name] for name in recordings}
