"""Reading a configuration: every problem of the file, its persona and its models is reported together."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agents.persona import Persona
from orchestration.configuration.document import Document, Location, read_document
from orchestration.configuration.folder import configs_folder, packaged_names
from orchestration.configuration.problems import ConfigurationError, Problem
from orchestration.configuration.schema import Configuration
from orchestration.configuration.sections import MODEL_SECTIONS, configuration_path, named_models
from orchestration.configuration.validation import validate
from orchestration.models.errors import ModelError
from orchestration.models.ledger import Ledger
from orchestration.models.registry import Registry, load_registry
from orchestration.models.resolve import resolve

FILE_KEYS = ("model", "speaker_wav")


def load_configuration(source: str | Path, *, models: bool = True) -> Configuration:
    """Read a packaged configuration by name (``default``) or any YAML file by path.

    Relative paths of models, of the persona and of a voice sample are looked for beside the file first, then
    in the working folder. ``models=False`` skips the check that the models are on this machine. Model names
    are left as written, see ``resolve_models``. Raises ``ConfigurationError`` with all problems.
    """
    document = read_document(configuration_path(source))
    data = _anchored(document)
    problems = list(document.problems)
    persona_problems: list[Problem] = []
    if isinstance(data.get("persona"), str):
        data["persona"], persona_problems = _persona(document, data["persona"], ("persona",))
    if isinstance(data.get("personas"), list):
        data["personas"] = list(data["personas"])
        for index, value in enumerate(data["personas"]):
            if isinstance(value, str):
                data["personas"][index], wrong = _persona(document, value, ("personas", index))
                persona_problems += wrong
    configuration, found = validate(Configuration, document, data)
    if persona_problems:  # reported where they are, not as a persona that is null
        found = [problem for problem in found if not problem.key.startswith("persona")]
    problems += persona_problems + found
    if models:
        problems += _model_problems(document, data)
        problems += _notes_problems(document, data)
    if configuration is None or problems:
        raise ConfigurationError(problems)
    return configuration


def resolve_models(configuration: Configuration, registry: Registry | None = None) -> Configuration:
    """A copy whose engines' ``model`` is what they open: a path, or a name that their library has downloaded.

    Raises ``ConfigurationError`` naming every model that is missing or corrupt.
    """
    registry, ledger = registry or load_registry(), Ledger()
    located: dict[Location, str] = {}
    problems: list[Problem] = []
    for named in named_models(configuration.model_dump()):
        try:
            located[named.at] = resolve(named.name, named.role, registry, ledger=ledger).location
        except ModelError as error:
            key = ".".join(map(str, (*named.at, "model")))
            problems.append(Problem(Path("configuration"), 0, 0, key, str(error)))
    if problems:
        raise ConfigurationError(problems)
    sections = {str(at[0]): getattr(configuration, str(at[0])) for at in located}
    return configuration.model_copy(
        update={role: _located(section, (role,), located) for role, section in sections.items()}
    )


def _located(section: BaseModel, at: tuple[str | int, ...], located: Mapping[Location, str]) -> BaseModel:
    """A copy of the section ``at`` a place whose models, its fallbacks' too, are where they were found."""
    changes: dict[str, object] = {"model": located[at]} if at in located else {}
    if fallbacks := getattr(section, "fallbacks", ()):
        changes["fallbacks"] = tuple(
            _located(fallback, (*at, "fallbacks", index), located) for index, fallback in enumerate(fallbacks)
        )
    return section.model_copy(update=changes)


def _model_problems(document: Document, data: dict[str, Any]) -> list[Problem]:
    registry, ledger = load_registry(), Ledger()
    problems = []
    for named in named_models(data):
        try:
            resolve(named.name, named.role, registry, ledger=ledger)
        except ModelError as error:
            message = f"model {named.name}: {error.reason}"
            problems.append(document.problem((*named.at, "model"), message, error.fix))
    return problems


def _notes_problems(document: Document, data: dict[str, Any]) -> list[Problem]:
    notes = data.get("notes")
    folder = notes.get("folder") if isinstance(notes, dict) else None
    if not isinstance(folder, str) or Path(folder).expanduser().is_dir():
        return []
    fix = "create it, or correct the path"
    return [document.problem(("notes", "folder"), f"there is no folder {folder}", fix)]


def _anchored(document: Document) -> dict[str, Any]:
    """The document's data with those relative paths that lie beside the file made absolute."""
    data = dict(document.data)
    for role in MODEL_SECTIONS:
        section = _anchored_section(document, data.get(role))
        if isinstance(section, dict):
            if isinstance(section.get("fallbacks"), list):
                fallbacks = [_anchored_section(document, fallback) for fallback in section["fallbacks"]]
                section = section | {"fallbacks": fallbacks}
            data[role] = section
    notes = data.get("notes")
    if isinstance(notes, dict) and isinstance(notes.get("folder"), str):
        data["notes"] = notes | {"folder": _beside(document.path, notes["folder"])}
    return data


def _anchored_section(document: Document, section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    files = {key: section[key] for key in FILE_KEYS if isinstance(section.get(key), str)}
    section = section | {key: _beside(document.path, value) for key, value in files.items()}
    if isinstance(section.get("voices"), dict):
        voices = {name: _anchored_voice(document, voice) for name, voice in section["voices"].items()}
        section = section | {"voices": voices}
    return section


def _anchored_voice(document: Document, voice: Any) -> Any:
    if isinstance(voice, dict) and isinstance(voice.get("speaker_wav"), str):
        return voice | {"speaker_wav": _beside(document.path, voice["speaker_wav"])}
    return voice


def _beside(file: Path, value: str) -> str:
    path = file.parent / Path(value).expanduser()
    return str(path.resolve()) if "/" in value and path.exists() else value


def _persona(document: Document, value: str, at: Location) -> tuple[Persona | None, list[Problem]]:
    """The persona given ``at`` a place as a packaged name or a path, and what is wrong with its file."""
    if value in packaged_names("personas"):
        path = configs_folder() / "personas" / f"{value}.yaml"
    elif "/" in value or value.endswith((".yaml", ".yml")):
        path = Path(_beside(document.path, value)) if "/" in value else document.path.parent / value
    else:
        known = packaged_names("personas")
        close = difflib.get_close_matches(value, known, n=1)
        fix = f"did you mean {close[0]}?" if close else f"give a path, or one of: {', '.join(known)}"
        return None, [document.problem(at, f"no packaged persona is called {value!r}", fix)]
    try:
        own = read_document(path)
    except ConfigurationError as error:
        return None, list(error.problems)
    persona, problems = validate(Persona, own, own.data)
    return persona, [*own.problems, *problems]
