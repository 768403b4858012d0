"""What is wrong with a configuration, said all at once with file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair: where (line and column from 1; 0 is unknown), what, and the fix."""

    file: Path
    line: int
    column: int
    key: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        key = f" {self.key}:" if self.key else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{place}:{key} {self.message}{fix}"


class ConfigurationError(ValueError):
    """A configuration can't be used; ``problems`` holds every reason, and the message one line for each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (str(p.file), p.line, p.column, p.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
