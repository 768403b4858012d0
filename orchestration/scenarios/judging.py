"""Holds what was expected against what came."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from orchestration.scenarios.account import Account, Stretch
from orchestration.scenarios.invariants import broken_rules
from orchestration.scenarios.schema import Expectation, Run, Scenario
from orchestration.session.events import EventType

EPSILON: Final = 1e-6  # seconds; times are sums of frames
SHOWN: Final = 3  # times of what was found that are told
RULES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was expected, whether it was so, and what was found instead or how soon."""

    what: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True)
class _Window:
    origin: float  # seconds of session time, of the moment that times are told from
    begin: float
    end: float

    def holds(self, t: float) -> bool:
        return self.begin - EPSILON <= t <= self.end + EPSILON


def judge(scenario: Scenario, account: Account, run: Run) -> list[Verdict]:
    """A verdict on everything that is expected in this ``run``, and on what holds in every conversation."""
    verdicts = [_judge(wanted, account) for wanted in scenario.expect if run in wanted.runs]
    for label, moment in account.unsaid.items():
        verdicts.append(Verdict(f"{label} is said", False, f"{moment} never came"))
    verdicts += [Verdict("the scenario goes on", False, trouble) for trouble in account.troubles]
    broken = broken_rules(account.recording)
    found = "; ".join(broken[:RULES_SHOWN]) + (f"; {len(broken)} in all" if len(broken) > RULES_SHOWN else "")
    verdicts.append(Verdict("face, floor and generations are in order", not broken, found))
    return verdicts


def told(wanted: Expectation) -> str:
    """The expectation in words."""
    if wanted.event is not None:
        what = wanted.event + "".join(f" {key}={value}" for key, value in wanted.data.items())
    elif wanted.floor is not None:
        what = f"floor: {wanted.floor}"
    elif wanted.sound is not None:
        what = "the agent sounds" if wanted.sound else "the agent is silent"
    else:
        who = next(name for name in ("agent_says", "agent_heard", "user_heard") if getattr(wanted, name))
        what = f"{who.replace('_', ' ')}: {' | '.join(_several(getattr(wanted, who)))}"
    if wanted.absent:
        what = f"no {what}"
    if wanted.throughout:
        what += " throughout"
    for sign, value in (("", wanted.count), (">= ", wanted.at_least), ("<= ", wanted.at_most)):
        what += "" if value is None else f", {sign}{value} times"
    what += f", from {wanted.begin:+g} s" if wanted.begin else ""
    what += "" if wanted.within is None else f", within {wanted.within:g} s"
    return what + (f" of {wanted.after}" if wanted.after else "")


def _judge(wanted: Expectation, account: Account) -> Verdict:
    what = told(wanted)
    moment = (0.0, None) if wanted.after is None else account.moment(wanted.after)
    if moment is None:
        return Verdict(what, False, f"{wanted.after} never came")
    origin, itself = moment
    end = account.seconds if wanted.within is None else origin + wanted.within
    window = _Window(origin, max(0.0, origin + wanted.begin), end)
    if wanted.throughout:
        return _lasts(wanted, account, what, window)
    skip = None if itself is None or wanted.event != itself.type else itself.t
    times = list(_times(wanted, account, window, skip))
    inside = [t for t in times if window.holds(t)]
    passed = _counts(wanted, len(inside))
    return Verdict(what, passed, _found(inside, times, window, told_from=wanted.after))


def _counts(wanted: Expectation, found: int) -> bool:
    if wanted.absent:
        return found == 0
    if wanted.count is not None:
        return found == wanted.count
    least = wanted.at_least if wanted.at_least is not None else (0 if wanted.at_most is not None else 1)
    return found >= least and (wanted.at_most is None or found <= wanted.at_most)


def _times(wanted: Expectation, account: Account, window: _Window, skip: float | None) -> Iterator[float]:
    """When what is wanted came, anywhere in the session."""
    if wanted.event is not None:
        for event in account.recording.events:
            if event.type != wanted.event or not wanted.data.items() <= event.data.items():
                continue
            if skip is not None and event.t == skip:
                skip = None  # the moment from which is counted doesn't answer itself
                continue
            yield event.t
    elif wanted.floor is not None:
        yield from _begins(account.floor(), wanted.floor, window)
    elif wanted.sound is not None:
        yield from _begins(account.sound(), wanted.sound, window)
    elif wanted.agent_says is not None:
        for reply in account.replies():
            yield from list(_holding(reply, wanted.agent_says))[:1]
    elif wanted.agent_heard is not None:
        yield from _holding(account.texts(EventType.HEARD), wanted.agent_heard)
    elif wanted.user_heard is not None:
        yield from _holding(account.texts(EventType.FINAL_TRANSCRIPT), wanted.user_heard)


def _begins(stretches: Iterable[Stretch], state: object, window: _Window) -> Iterator[float]:
    """When the state began; one that lasts already counts at the beginning of the window."""
    for stretch in stretches:
        if stretch.state == state:
            lasts = stretch.begin < window.begin < stretch.end - EPSILON
            yield window.begin if lasts else stretch.begin


def _lasts(wanted: Expectation, account: Account, what: str, window: _Window) -> Verdict:
    stretches = account.floor() if wanted.floor is not None else account.sound()
    state = wanted.floor if wanted.floor is not None else wanted.sound
    for stretch in stretches:
        overlaps = stretch.begin < window.end - EPSILON and stretch.end > window.begin + EPSILON
        if overlaps and stretch.state != state:
            came = max(stretch.begin, window.begin)
            return Verdict(what, False, f"{_name(stretch.state)} at {came:.2f} s")
    return Verdict(what, True, f"{window.begin:.2f} to {window.end:.2f} s")


def _name(state: object) -> str:
    if isinstance(state, bool):
        return "it sounds" if state else "it is silent"
    return str(state)


def _holding(texts: Iterable[tuple[float, str]], wanted: str | tuple[str, ...]) -> Iterator[float]:
    for t, text in texts:
        if any(f" {_words(words)} " in f" {_words(text)} " for words in _several(wanted)):
            yield t


def _several(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted


def _words(text: str) -> str:
    """Without case and punctuation, words one space apart."""
    return " ".join(re.findall(r"[\w']+", text.casefold()))


def _found(inside: list[float], times: list[float], window: _Window, told_from: str | None) -> str:
    shown = inside or times
    if not shown:
        return "never"
    if told_from is None:
        text = ", ".join(f"{t:.2f} s" for t in shown[:SHOWN])
    else:
        text = ", ".join(f"{t - window.origin:+.2f} s" for t in shown[:SHOWN])
    text += f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return text if inside else f"only at {text}"
