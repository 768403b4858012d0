"""What sessions can look up: the notes of a configuration, found through its embedder."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from agents.embedder import Embedder
from agents.notes.grounded import GroundedLanguageModel
from agents.notes.passages import Notes
from orchestration.configuration import Configuration

if TYPE_CHECKING:
    from orchestration.engines import Engines


async def open_notes(configuration: Configuration, embedder: Embedder | None) -> Notes | None:
    """The notes of a configuration, read and embedded; None where it has none.

    Raises ``NotesError`` when their folder isn't there, ``EmbedderError`` when they can't be embedded.
    """
    if configuration.notes is None or configuration.embedder is None or embedder is None:
        return None
    notes = Notes(configuration.notes, embedder, configuration.embedder.model)
    await notes.open()
    return notes


def grounded(engines: Engines) -> Engines:
    """The same engines, whose replies see what the notes say about the turn they answer."""
    if engines.notes is None:
        return engines
    model = GroundedLanguageModel(engines.language_model, engines.notes)
    return dataclasses.replace(engines, language_model=model)
