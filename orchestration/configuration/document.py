"""A YAML file that remembers where each of its keys and values stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.configuration.problems import ConfigurationError, Problem

Location = Sequence[str | int]
MAX_BYTES = 1_048_576  # bytes; a configuration is written by hand, anything larger is another file


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed mapping (``data``) and the way back from a key path to its line."""

    path: Path
    data: dict[str, Any]
    problems: tuple[Problem, ...] = ()
    _root: yaml.MappingNode | None = field(default=None, repr=False)

    def position(self, location: Location) -> tuple[int, int]:
        """Line and column (from 1) of the deepest key on ``location`` that is in the file.

        Parts that name nothing in the file, such as the tag of a discriminated union, are passed over.
        """
        node: yaml.Node | None = self._root
        mark = node.start_mark if node is not None else None
        for part in location:
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(part):
                        node, mark = value, key.start_mark
                        break
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                mark = node.start_mark
        return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)

    def problem(self, location: Location, message: str, fix: str = "", key: str = "") -> Problem:
        """A problem at ``location`` of this file."""
        line, column = self.position(location)
        return Problem(self.path, line, column, key or ".".join(map(str, location)), message, fix)


def read_document(path: Path) -> Document:
    """Read ``path`` with the safe loader; keys given twice become ``problems``.

    Raises ``ConfigurationError`` when the file can't be read, is no YAML, or holds no mapping.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                [Problem(path, 0, 0, "", f"larger than {MAX_BYTES} bytes, no configuration")]
            )
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError([Problem(path, 0, 0, "", f"not UTF-8 text: {error.reason}")]) from error
    except OSError as error:
        message = f"can't be read: {(error.strerror or str(error)).lower()}"
        raise ConfigurationError([Problem(path, 0, 0, "", message)]) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError([_syntax_problem(path, error)]) from error
    except (
        ValueError,
        RecursionError,
    ) as error:  # e.g. the impossible date 2024-13-45, or nesting without end
        raise ConfigurationError([Problem(path, 0, 0, "", f"not valid YAML: {error}")]) from error
    if root is None:
        return Document(path, {})
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError([Problem(path, 1, 1, "", "must be a mapping of sections, `section: ...`")])
    return Document(path, data, tuple(_duplicates(path, root, set())), root)


def _syntax_problem(path: Path, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = getattr(error, "problem", None) or str(error).splitlines()[0]
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    return Problem(path, line, column, "", f"not valid YAML: {message}")


def _duplicates(path: Path, node: yaml.Node, visited: set[int]) -> Iterator[Problem]:
    if id(node) in visited:  # an alias: reported where its anchor stands
        return
    visited.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _duplicates(path, child, visited)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            line = key.start_mark.line + 1
            if name in first:
                message = f"given twice, first on line {first[name]}"
                yield Problem(path, line, key.start_mark.column + 1, name, message, "remove one")
            first.setdefault(name, line)
            yield from _duplicates(path, value, visited)
