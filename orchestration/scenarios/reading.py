"""Reads scenario files; what is wrong in any of them is said at once, with file, line and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.configuration.document import Document, read_document
from orchestration.configuration.problems import ConfigurationError, Problem
from orchestration.configuration.validation import validate
from orchestration.scenarios.schema import MOMENT, Scenario


@dataclass(frozen=True, slots=True)
class ScenarioFile:
    """A scenario and where it stands; paths in it are relative to that."""

    path: Path
    scenario: Scenario


def read_scenarios(paths: Sequence[Path]) -> list[ScenarioFile]:
    """Every scenario of ``paths``: YAML files, or folders of them, searched to the bottom.

    Raises ``ConfigurationError`` with the problems of all files together.
    """
    problems: list[Problem] = []
    files: list[ScenarioFile] = []
    for path in _expanded(paths, problems):
        try:
            files.append(read_scenario(path))
        except ConfigurationError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigurationError(problems)
    return files


def read_scenario(path: Path) -> ScenarioFile:
    """One scenario file. Raises ``ConfigurationError`` with all of its problems."""
    document = read_document(path)
    scenario, problems = validate(Scenario, document, document.data)
    problems = [*document.problems, *problems, *_references(document)]
    if scenario is None or problems:
        raise ConfigurationError(problems)
    return ScenarioFile(path, scenario)


def _expanded(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml"))
        if not found:
            problems.append(Problem(path, 0, 0, "", "holds no scenario", "give a folder of YAML files"))
        yield from found


def _references(document: Document) -> Iterator[Problem]:
    """What names something that isn't there; from the data, so that other problems don't hide it."""
    speakers = document.data.get("speakers", {"user": {}})
    said = list(_mappings(document.data.get("say")))
    ids: dict[str, int] = {}
    for index, entry in said:
        name = entry.get("id")
        if isinstance(name, str) and ids.setdefault(name, index) != index:
            yield document.problem(("say", index, "id"), f"{name!r} is said twice", "give each its own id")
    if isinstance(speakers, dict):
        for index, entry in said:
            yield from _speaker(document, speakers, index, entry)
    for section in ("say", "expect"):
        for index, entry in _mappings(document.data.get(section)):
            yield from _moment(document, (section, index, "after"), entry.get("after"), ids)
    for index, entry in said:
        if isinstance(entry.get("wav"), str) and not (document.path.parent / entry["wav"]).is_file():
            fix = "give the path of a sound file, relative to this file"
            yield document.problem(("say", index, "wav"), f"{entry['wav']}: no such file", fix)
        length = document.data.get("length")
        at = entry.get("at")
        if isinstance(at, int | float) and isinstance(length, int | float) and at >= length:
            message = f"{at:g} s is after the end, {length:g} s"
            yield document.problem(("say", index, "at"), message, "make the scenario longer")


def _speaker(
    document: Document, speakers: dict[Any, Any], index: int, entry: dict[str, Any]
) -> Iterator[Problem]:
    name = entry.get("speaker")
    if not isinstance(name, str):
        return
    if name not in speakers:
        close = difflib.get_close_matches(name, [str(key) for key in speakers], n=1)
        fix = f"did you mean {close[0]}?" if close else f"known: {', '.join(map(str, speakers))}"
        yield document.problem(("say", index, "speaker"), f"no speaker is called {name!r}", fix)
        return
    speaker = speakers[name] if isinstance(speakers[name], dict) else {}
    if speaker.get("noise"):
        if "length" not in entry:
            yield document.problem(("say", index), "noise has no length", "give length, seconds")
        for key in ("words", "wav", "typed"):
            if key in entry:
                yield document.problem(("say", index, key), f"{name} is noise and says nothing", "remove it")
    elif not any(entry.get(key) for key in ("words", "wav", "typed")):
        yield document.problem(("say", index), "nothing is said", "give words, wav or typed")


def _moment(
    document: Document, at: tuple[str | int, ...], text: object, ids: dict[str, int]
) -> Iterator[Problem]:
    found = MOMENT.match(text) if isinstance(text, str) else None
    if found is not None and found["edge"] and found["name"] not in ids:
        known = ", ".join(sorted(ids)) or "give something said an id"
        yield document.problem(at, f"nothing said has the id {found['name']!r}", f"known: {known}")


def _mappings(section: object) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, entry in enumerate(section if isinstance(section, list) else ()):
        if isinstance(entry, dict):
            yield index, entry
