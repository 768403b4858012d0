"""Learns the fused end-of-turn policy's weights and waits from pauses of the development half.

The waits are chosen by replaying the pauses: evidence comes in when it comes in, and what was taken over or
answered when is counted. Nothing here may see the test half.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from agents.turn_taking.end_of_turn import SOON, EndOfTurnPolicy, Evidence, FusedPolicy, features_of
from agents.turn_taking.weights import Wait, Weights
from orchestration.media import FRAME_SECONDS
from orchestration.turn_bench.pauses import Pause
from orchestration.turn_bench.recordings import FRAGMENTS
from orchestration.turn_bench.waiting import CHANCES, LONGEST, QUICK, Judged, choose_waits

Asks = Literal["never", "when_unsure", "always"]

SOURCES: Final = ("smart_turn", "pitch", "energy", "words", "ending")
FOLDS: Final = 5  # parts of the pauses, each judged by what the others taught
ANSWERED: Final = 3.0  # seconds after which nobody would call the turn taken
GIVEN: Final = {"answer": 1.5}  # by hand: the recordings hold no answers
ASKED: Final = {"yes_or_no": 0.4, "short": 0.0, "open": -0.4, "number": -0.8, "nothing": 0.0}  # by hand


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds from the notice of a pause to each piece of evidence."""

    smart_turn: float = 0.12
    text: float = 0.30
    ending: float = 0.42


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did: share of pauses taken over, of ends taken, and delays of these in seconds."""

    pauses: int
    ends: int
    taken_over: float
    taken: float
    median: float
    p90: float
    mean: float


def usable(pause: Pause) -> bool:
    """Whether it is known if the turn was over: the end of a fragment is neither."""
    return pause.silence is not None or pause.case.rsplit("-", 1)[0] not in FRAGMENTS


def stages(pause: Pause, timing: Timing, *, ending: bool) -> list[tuple[float, Evidence]]:
    """The evidence that is known from which silence (seconds) on."""
    nothing = Evidence()
    heard = Evidence(pause.smart_turn, pause.pitch_rank, pause.energy_fall, pause.voice)
    read = replace(heard, text=pause.text)
    found = [(0.0, nothing), (timing.smart_turn, heard), (timing.text, read)]
    if ending:
        found.append((timing.ending, replace(read, ending=pause.ending)))
    return [(pause.late + after, evidence) for after, evidence in found]


def decided(known: Sequence[tuple[float, float]]) -> float:
    """Seconds of silence after which the turn ends, if nothing more is said; whole frames.

    ``known`` are the waits (seconds) that hold from which silence on (seconds), in their order.
    """
    for (since, needed), (until, _) in zip(known, [*known[1:], (math.inf, 0.0)], strict=True):
        ends = max(since, needed)
        if ends < until:
            return math.ceil(ends / FRAME_SECONDS - 1e-6) * FRAME_SECONDS
    raise AssertionError("the last stage always decides")


def replay(pauses: Sequence[Pause], policy: EndOfTurnPolicy, timing: Timing, asks: Asks = "never") -> Outcome:
    """What ``policy`` would have done, the language model being asked ``asks``."""
    return outcome_of(pauses, [delay_of(pause, policy, timing, asks) for pause in pauses])


def delay_of(pause: Pause, policy: EndOfTurnPolicy, timing: Timing, asks: Asks = "never") -> float:
    """Seconds of silence after which ``policy`` would have ended the turn."""
    known = [(since, policy.needed_silence(one)) for since, one in stages(pause, timing, ending=True)]
    asked = asks == "always" or (asks == "when_unsure" and known[-2][1] > SOON)
    if isinstance(policy, FusedPolicy):
        known[:2] = [(since, math.inf) for since, _ in known[:2]]  # it decides once it knows the words
    return decided(known if asked else known[:-1])


def outcome_of(pauses: Sequence[Pause], delays: Sequence[float]) -> Outcome:
    """What comes of deciding after ``delays`` (seconds); an end is taken if that is within ``ANSWERED``."""
    both = list(zip(pauses, delays, strict=True))
    early = [delay < pause.silence for pause, delay in both if pause.silence is not None]
    ends = np.array([delay for pause, delay in both if pause.silence is None])
    return Outcome(
        pauses=len(early),
        ends=ends.size,
        taken_over=float(np.mean(early)),
        taken=float(np.mean(ends <= ANSWERED)),
        median=float(np.median(ends)),
        p90=float(np.percentile(ends, 90)),
        mean=float(ends.mean()),
    )


def fit(
    pauses: Sequence[Pause], timing: Timing, *, strength: float = 0.3, chances: Sequence[float] = CHANCES
) -> Weights:
    """Weights from pauses of the development half; ``strength`` is the inverse of the regularisation.

    The waits lie at four of ``chances``, chosen by what each pause looks like to weights that were learnt
    without its sentence.
    """
    rows = [pause for pause in pauses if usable(pause)]
    names = sorted({name for source in features_of(_full(rows[0])).values() for name in source or {}})
    learnt = _learn(rows, names, strength)
    since = np.array([[at for at, _ in stages(pause, timing, ending=True)] for pause in rows])
    odds = np.zeros(since.shape)
    folds = GroupKFold(min(FOLDS, len({_sentence(pause) for pause in rows})))
    for others, these in folds.split(rows, groups=[_sentence(pause) for pause in rows]):
        judge = FusedPolicy(weights=_learn([rows[index] for index in others], names, strength))
        for index in these:
            likely = [judge.probability(known) for _, known in stages(rows[index], timing, ending=True)]
            odds[index] = [math.log(chance / (1 - chance)) for chance in likely]
    return learnt.model_copy(update={"waits": choose_waits(Judged.of(rows, since, odds), chances)})


def _learn(rows: Sequence[Pause], names: Sequence[str], strength: float) -> Weights:
    columns = [*names, *(f"without {source}" for source in SOURCES)]
    matrix, labels, weights = [], [], []
    for pause in rows:
        for evidence, weight in _variants(pause):
            matrix.append(_row(evidence, names))
            labels.append(pause.silence is None)
            weights.append(weight)
    model = LogisticRegression(C=strength, max_iter=2_000)
    model.fit(np.array(matrix), np.array(labels), sample_weight=np.array(weights))
    found = dict(zip(columns, (round(float(value), 4) for value in model.coef_[0]), strict=True))
    found |= GIVEN
    return Weights(
        bias=round(float(model.intercept_[0]), 4),
        features={name: found[name] for name in names},
        missing={source: found[f"without {source}"] for source in SOURCES},
        asked=ASKED,
        waits=(Wait(probability=0.9, seconds=QUICK), Wait(probability=0.1, seconds=LONGEST)),
    )


def _sentence(pause: Pause) -> str:
    """What is said in a case, whoever says it and wherever it is cut."""
    return re.sub(r"^en-[a-z-]+\+\w+-|-\d+$", "", pause.case)


def _full(pause: Pause) -> Evidence:
    known = stages(pause, Timing(), ending=True)[-1][1]
    return replace(known, pitch_rank=0.0, energy_fall=0.0, voice=0.0, text=known.text or "yes", ending=0.5)


def _variants(pause: Pause) -> list[tuple[Evidence, float]]:
    """The pause as it looks while evidence is still on its way, or never comes, with its weight."""
    (_, nothing), (_, heard), (_, read), (_, whole) = stages(pause, Timing(), ending=True)
    deaf = replace(whole, smart_turn=None)
    return [(nothing, 0.2), (heard, 0.5), (read, 1.0), (whole, 1.0), (deaf, 0.3)]


def _row(evidence: Evidence, names: Sequence[str]) -> list[float]:
    sources = features_of(evidence)
    known = {name: value for features in sources.values() for name, value in (features or {}).items()}
    return [known.get(name, 0.0) for name in names] + [float(sources[one] is None) for one in SOURCES]
