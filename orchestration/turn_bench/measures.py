"""From outcomes to figures: one row a measure, with its target and its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from orchestration.turn_bench.case import Column, Kind
from orchestration.turn_bench.intervals import Z, median_interval, wilson
from orchestration.turn_bench.outcome import Outcome

BROKEN: Final = frozenset({Kind.PAUSE, Kind.LIST, Kind.HESITANT})
ENDING: Final = BROKEN | {Kind.COMPLETE}
WRONG: Final = frozenset({Kind.BACKCHANNEL, Kind.SIDE_TALK, Kind.NOISE})
RESUMED_WITHIN: Final = 1.0  # seconds


class Unit(StrEnum):
    """What a figure is in."""

    SHARE = "share"
    MILLISECONDS = "ms"
    A_MINUTE = "a minute"


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % interval and how many cases or values are behind it; None without any."""

    value: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One row: what is measured, over which kinds, and what is aimed at.

    ``target`` is None where nothing was promised; ``more`` says whether more is better.
    """

    key: str
    what: str
    unit: Unit
    kinds: frozenset[Kind]
    figure: Callable[[Sequence[Outcome]], Figure]
    more: bool
    target: float | None = None

    def met(self, value: float) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        return value >= self.target if self.more else value <= self.target

    def of(self, outcomes: Iterable[Outcome], column: Column | None) -> Figure:
        """The figure of those outcomes that this row is about; ``column`` None takes all."""
        mine = [one for one in outcomes if one.kind in self.kinds and column in (None, one.column)]
        return self.figure(mine)


def share(hit: Callable[[Outcome], bool]) -> Callable[[Sequence[Outcome]], Figure]:
    """The share of cases in which ``hit``."""

    def figure(outcomes: Sequence[Outcome]) -> Figure:
        if not outcomes:
            return Figure(None, None, None, 0)
        hits = sum(map(hit, outcomes))
        return Figure(hits / len(outcomes), *wilson(hits, len(outcomes)), len(outcomes))

    return figure


def median_ms(seconds: Callable[[Outcome], float | None]) -> Callable[[Sequence[Outcome]], Figure]:
    """The median of what is there, in milliseconds."""

    def figure(outcomes: Sequence[Outcome]) -> Figure:
        values = [1000 * value for one in outcomes if (value := seconds(one)) is not None]
        if not values:
            return Figure(None, None, None, 0)
        return Figure(float(np.median(values)), *median_interval(values), len(values))

    return figure


def _resumed(outcomes: Sequence[Outcome]) -> Figure:
    wrongly = [one for one in outcomes if one.stopped is not None]
    return share(lambda one: one.resumed is not None and one.resumed <= RESUMED_WITHIN)(wrongly)


def _rate(of: Callable[[Outcome], int]) -> Callable[[Sequence[Outcome]], Figure]:
    """How often a minute of the user's speech."""

    def figure(outcomes: Sequence[Outcome]) -> Figure:
        minutes, count = sum(one.speech for one in outcomes) / 60, sum(map(of, outcomes))
        if not minutes:
            return Figure(None, None, None, 0)
        spread = Z * math.sqrt(max(count, 1)) / minutes  # as counts of rare events vary
        return Figure(count / minutes, max(0.0, count / minutes - spread), count / minutes + spread, count)

    return figure


def _placed(outcomes: Sequence[Outcome]) -> Figure:
    count, hits = sum(len(one.backchannels) for one in outcomes), sum(one.placed for one in outcomes)
    return Figure(hits / count, *wilson(hits, count), count) if count else Figure(None, None, None, 0)


def _row(
    key: str,
    what: str,
    kinds: Iterable[Kind],
    figure: Callable[[Sequence[Outcome]], Figure],
    *,
    more: bool,
    target: float | None = None,
    unit: Unit = Unit.SHARE,
) -> Measure:
    return Measure(key, what, unit, frozenset(kinds), figure, more, target)


def _kept(outcome: Outcome) -> bool:
    return outcome.stopped is None


MEASURES: Final = (
    _row(
        "takeover_in_pause",
        "takes the floor in a pause of the user",
        BROKEN,
        share(lambda one: one.spoke_early),
        more=False,
        target=0.1,
    ),
    *(
        _row(
            f"takeover_in_pause_{kind.value}",
            f"- {text}",
            {kind},
            share(lambda one: one.spoke_early),
            more=False,
        )
        for kind, text in (
            (Kind.PAUSE, "one pause of .3 to 2 s in a sentence"),
            (Kind.LIST, "numbers and lists"),
            (Kind.HESITANT, "hesitant speakers"),
        )
    ),
    _row(
        "takeover_at_end",
        "takes the floor at a real end",
        ENDING,
        share(lambda one: one.spoke_after),
        more=True,
        target=0.95,
    ),
    _row(
        "decision",
        "real end to decision, median",
        ENDING,
        median_ms(lambda one: one.decision),
        more=False,
        target=500,
        unit=Unit.MILLISECONDS,
    ),
    _row(
        "decision_complete",
        "- whole sentences",
        {Kind.COMPLETE},
        median_ms(lambda one: one.decision),
        more=False,
        unit=Unit.MILLISECONDS,
    ),
    _row(
        "first_sound",
        "real end to first sound, median (whole sentences)",
        {Kind.COMPLETE},
        median_ms(lambda one: one.first_sound),
        more=False,
        target=1_000,
        unit=Unit.MILLISECONDS,
    ),
    _row(
        "kept_over_backchannel",
        "keeps speaking over a backchannel",
        {Kind.BACKCHANNEL},
        share(_kept),
        more=True,
        target=0.9,
    ),
    _row(
        "floor_over_backchannel",
        "- or goes on within 1 s",
        {Kind.BACKCHANNEL},
        share(lambda one: _kept(one) or (one.resumed is not None and one.resumed <= RESUMED_WITHIN)),
        more=True,
    ),
    _row(
        "stopped_for_interruption",
        "stops for a real interruption",
        {Kind.INTERRUPTION},
        share(lambda one: not _kept(one) and one.resumed is None),
        more=True,
        target=0.95,
    ),
    _row(
        "stop_delay",
        "user's onset to sound stopped, median",
        {Kind.INTERRUPTION},
        median_ms(lambda one: one.stopped),
        more=False,
        target=400,
        unit=Unit.MILLISECONDS,
    ),
    _row(
        "resumed",
        "wrongly stopped: resumed within 1 s",
        WRONG,
        _resumed,
        more=True,
    ),
    _row(
        "resume_delay",
        "wrongly stopped: silent until it goes on, median",
        WRONG,
        median_ms(lambda one: one.resumed),
        more=False,
        target=1_000,
        unit=Unit.MILLISECONDS,
    ),
    _row(
        "kept_over_side_talk",
        "keeps speaking over side talk at 0-20 dB",
        {Kind.SIDE_TALK},
        share(_kept),
        more=True,
    ),
    _row("kept_over_noise", "keeps speaking over noise at 0-20 dB", {Kind.NOISE}, share(_kept), more=True),
    _row(
        "stopped_by_echo",
        "interrupts itself by its echo",
        {Kind.ECHO},
        share(lambda one: not _kept(one)),
        more=False,
        target=0.01,
    ),
    _row(
        "takeover_in_noise",
        "answers a whole sentence in noise at 0-20 dB",
        {Kind.NOISY_TURN},
        share(lambda one: one.spoke_after),
        more=True,
    ),
    _row(
        "spoke_into_silence",
        "speaks although nobody said anything",
        {Kind.SILENCE},
        share(lambda one: one.spoke_early),
        more=False,
        target=0.0,
    ),
    _row(
        "backchannels",
        "its own nods and backchannels, a minute of a long talk",
        {Kind.MONOLOGUE},
        _rate(lambda one: len(one.backchannels)),
        more=True,
        unit=Unit.A_MINUTE,
    ),
    _row(
        "soft_sounds",
        '- of these "mm-hmm" and the like',
        {Kind.MONOLOGUE},
        _rate(lambda one: one.soft_sounds),
        more=True,
        unit=Unit.A_MINUTE,
    ),
    _row(
        "placed",
        "- in pauses or after a fall of the voice",
        {Kind.MONOLOGUE},
        _placed,
        more=True,
        target=0.8,
    ),
)
