"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARNING = "warning"  # it runs, but not as well as it could
    FAILED = "failed"  # it does not run until this is repaired
    SKIPPED = "skipped"  # not looked at; the detail says why


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what helps (``fix`` is empty when all is well)."""

    subject: str
    state: State
    detail: str
    fix: str = ""
