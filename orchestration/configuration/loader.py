"""Reading a configuration: every problem of the file, its persona and its models is reported together."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from agents.persona import Persona
from orchestration.configuration.document import Document, Location, read_document
from orchestration.configuration.folder import configs_folder, packaged_names
from orchestration.configuration.problems import ConfigurationError, Problem
from orchestration.configuration.schema import Configuration
from orchestration.configuration.sections import MODEL_SECTIONS, configuration_path, model_names
from orchestration.configuration.validation import validate
from orchestration.models.errors import ModelError
from orchestration.models.ledger import Ledger
from orchestration.models.registry import Registry, load_registry
from orchestration.models.resolve import resolve

FILE_KEYS = (("synthesizer", "speaker_wav"), *((section, "model") for section in MODEL_SECTIONS))


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
    if configuration is None or problems:
        raise ConfigurationError(problems)
    return configuration


def resolve_models(configuration: Configuration, registry: Registry | None = None) -> Configuration:
    """A copy whose engines' ``model`` is what they open: a path, or a name that their library has downloaded.

    Raises ``ConfigurationError`` naming every model that is missing or corrupt.
    """
    registry, ledger = registry or load_registry(), Ledger()
    sections: dict[str, object] = {}
    problems: list[Problem] = []
    for role, name in model_names(configuration.model_dump()).items():
        try:
            location = resolve(name, role, registry, ledger=ledger).location
        except ModelError as error:
            problems.append(Problem(Path("configuration"), 0, 0, f"{role}.model", str(error)))
        else:
            sections[role] = getattr(configuration, role).model_copy(update={"model": location})
    if problems:
        raise ConfigurationError(problems)
    return configuration.model_copy(update=sections)


def _model_problems(document: Document, data: dict[str, Any]) -> list[Problem]:
    registry, ledger = load_registry(), Ledger()
    problems = []
    for role, name in model_names(data).items():
        try:
            resolve(name, role, registry, ledger=ledger)
        except ModelError as error:
            problems.append(document.problem((role, "model"), f"model {name}: {error.reason}", error.fix))
    return problems


def _anchored(document: Document) -> dict[str, Any]:
    """The document's data with those relative paths that lie beside the file made absolute."""
    data = dict(document.data)
    for section, key in FILE_KEYS:
        values = data.get(section)
        if isinstance(values, dict) and isinstance(values.get(key), str):
            data[section] = values | {key: _beside(document.path, values[key])}
    synthesizer = data.get("synthesizer")
    if isinstance(synthesizer, dict) and isinstance(synthesizer.get("voices"), dict):
        voices = {name: _anchored_voice(document, voice) for name, voice in synthesizer["voices"].items()}
        data["synthesizer"] = synthesizer | {"voices": voices}
    return data


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
