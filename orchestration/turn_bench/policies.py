"""The policies that are held against one another, each a change of the configuration and little else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from orchestration.configuration import Configuration
from orchestration.turn_bench.case import Column, Kind

Named = TypeVar("Named", bound=StrEnum)


class UnknownPolicy(ValueError):
    """No policy, kind of case or column has this name; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A name, what it means, and how a configuration comes to follow it."""

    name: str
    summary: str
    configure: Callable[[Configuration], Configuration]


def changed(configuration: Configuration, **sections: dict[str, Any]) -> Configuration:
    """A copy in which some fields of some sections are others, checked like a file."""
    data = configuration.model_dump()
    for section, fields in sections.items():
        data[section] = _merged(data[section], fields)
    return Configuration.model_validate(data)


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        merged[key] = _merged(old[key], value) if isinstance(value, dict) and key in old else value
    return merged


def _following(end_of_turn: str, interruption: str) -> Callable[[Configuration], Configuration]:
    def configure(configuration: Configuration) -> Configuration:
        policies = {"end_of_turn": {"policy": end_of_turn}, "interruption": {"policy": interruption}}
        return changed(configuration, turn_taking=policies)

    return configure


POLICIES: Final = {
    policy.name: policy
    for policy in (
        Policy(
            "silence",
            "a fixed silence ends the turn, any speech stops the agent",
            _following("silence", "immediate"),
        ),
        Policy(
            "smart_turn",
            "Smart Turn alone at its own threshold, any speech stops the agent",
            _following("smart_turn", "immediate"),
        ),
        Policy(
            "min_words",
            "a fixed silence ends the turn, a minimum of recognised words stops the agent",
            _following("silence", "min_words"),
        ),
        Policy(
            "fused",
            "all evidence about a pause is weighed, and speech judged before it stops the agent",
            _following("fused", "judged"),
        ),
        Policy("configured", "as the configuration says", lambda configuration: configuration),
    )
}


def kinds_of(names: str) -> frozenset[Kind]:
    """The kinds named, separated by commas; all where none is. Raises ``UnknownPolicy``."""
    return frozenset(_named(Kind, names, "kind of case")) or frozenset(Kind)


def columns_of(names: str) -> frozenset[Column]:
    """The columns named, separated by commas; all where none is. Raises ``UnknownPolicy``."""
    return frozenset(_named(Column, names, "column")) or frozenset(Column)


def _named(known: type[Named], names: str, what: str) -> list[Named]:
    by_name = {one.value: one for one in known}
    wanted = [name.strip() for name in names.split(",")] if names.strip() else []
    for name in wanted:
        if name not in by_name:
            raise UnknownPolicy(f"no {what} is called {name!r}; known: {', '.join(by_name)}")
    return [by_name[name] for name in wanted]


def policy_of(name: str) -> Policy:
    """The policy called ``name``; raises ``UnknownPolicy``."""
    if name not in POLICIES:
        raise UnknownPolicy(f"no policy is called {name!r}; known: {', '.join(POLICIES)}")
    return POLICIES[name]
