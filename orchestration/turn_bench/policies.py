"""The policies that are held against one another, each a change of the configuration and little else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from orchestration.configuration import Configuration
from orchestration.turn_bench.case import Kind

MIN_WORDS: Final = 3  # words that interrupt, as other frameworks have it


class UnknownPolicy(ValueError):
    """No policy, or no kind of case, has this name; the message lists those there are."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A name, what it means, and how a configuration comes to follow it.

    ``min_words``: the agent gives way only to so many recognised words, by the bench's own rule.
    """

    name: str
    summary: str
    configure: Callable[[Configuration], Configuration]
    min_words: int = 0


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


def _silence(configuration: Configuration) -> Configuration:
    return changed(configuration, turn_taking={"end_of_turn": {"policy": "silence"}})


def _smart_turn(configuration: Configuration) -> Configuration:
    return changed(configuration, turn_taking={"end_of_turn": {"policy": "smart_turn"}})


def _fused(configuration: Configuration) -> Configuration:
    return changed(configuration, turn_taking={"end_of_turn": {"policy": "fused"}})


def _min_words(configuration: Configuration) -> Configuration:
    quiet = changed(_silence(configuration), session={"barge_in": {"enabled": False}})
    return changed(quiet, session={"partial_every_s": 0.4})


POLICIES: Final = {
    policy.name: policy
    for policy in (
        Policy("silence", "a fixed silence ends the turn, any speech stops the agent", _silence),
        Policy(
            "smart_turn", "Smart Turn alone at its own threshold, any speech stops the agent", _smart_turn
        ),
        Policy(
            "min_words",
            f"a fixed silence ends the turn, {MIN_WORDS} recognised words stop the agent",
            _min_words,
            min_words=MIN_WORDS,
        ),
        Policy("configured", "as the configuration says", lambda configuration: configuration),
        Policy("fused", "all evidence weighed, speech judged before it stops the agent", _fused),
    )
}


def kinds_of(names: str) -> frozenset[Kind]:
    """The kinds named, separated by commas; all where none is. Raises ``UnknownPolicy``."""
    if not names.strip():
        return frozenset(Kind)
    known = {kind.value: kind for kind in Kind}
    wanted = [name.strip() for name in names.split(",")]
    for name in wanted:
        if name not in known:
            raise UnknownPolicy(f"no kind of case is called {name!r}; known: {', '.join(known)}")
    return frozenset(known[name] for name in wanted)


def policy_of(name: str) -> Policy:
    """The policy called ``name``; raises ``UnknownPolicy``."""
    if name not in POLICIES:
        raise UnknownPolicy(f"no policy is called {name!r}; known: {', '.join(POLICIES)}")
    return POLICIES[name]
