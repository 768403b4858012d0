"""Lips on /p b m/: people notice a visible gap there before anything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE, FloatArray
from avatar.evaluation.quality.bootstrap import by_cluster, ratio
from avatar.evaluation.quality.performance import Instance, Performance, cluster_of, clusters, instances
from avatar.evaluation.quality.row import Row, Unit
from avatar.evaluation.quality.script import turn_mask
from avatar.evaluation.quality.targets import AtLeast
from avatar.evaluation.quality.vowels import MID, OPEN

CLOSURES = frozenset(["P", "B", "M"])
SHUT = 0.05  # lip gap that nobody sees
MARGIN = 0.04  # s around the phone within which the lips must meet
ALWAYS = 0.95  # chance from which lips that are closed say nothing
CHANCES = 20  # places elsewhere in the utterance tried for each instance


def lip_rows(performances: Sequence[Performance], section: str, prefix: str) -> list[Row]:
    """Closure on /p b m/, and, since a mouth that never opens would pass that, opening on vowels.

    Closed: the lip gap is below .05 in at least one frame within 40 ms of the phone. ``chance`` in the
    details is the same share for intervals of the same lengths anywhere in the same utterances.
    """
    gaps = {id(item): measures.lip_gap(item.motion) for item in performances}
    return [_closure(performances, gaps, section, prefix), _opening(performances, gaps, section, prefix)]


def _closure(
    performances: Sequence[Performance], gaps: dict[int, FloatArray], section: str, prefix: str
) -> Row:
    found = list(instances(performances, CLOSURES))
    target = AtLeast(0.90, ">= 90 %")
    key, what = f"{prefix}.lips", "lips closed on /p b m/, within 40 ms"
    if not found:
        return Row(key, section, what, None, target, Unit.SHARE, 0, "instances", why="no /p b m/ was said")
    smallest = np.array([gaps[id(item.performance)][item.frames(MARGIN)].min() for item in found])
    closed = (smallest < SHUT).astype(np.float64)
    of, count = cluster_of(found), clusters(performances)
    details = {
        "chance": _chance(found, gaps),
        "closed_within_the_phone": _share(found, gaps, 0.0),
        "closed_to_a_tenth_of_the_range": float(np.mean(smallest < _tenths(found, gaps))),
        "median_gap": float(np.median(smallest)),
        "prompts": float(count),
    }
    for name in sorted(CLOSURES):
        of_name = [value for value, item in zip(closed, found, strict=True) if item.phone.name == name]
        if of_name:
            details[f"/{name.lower()}/"] = float(np.mean(of_name))
    if details["chance"] >= ALWAYS:
        why = f"lips closed throughout (chance {100 * details['chance']:.0f} %)"
        return Row(
            key, section, what, None, target, Unit.SHARE, len(found), "instances",
            details=details, why=why, failed=True,
        )  # fmt: skip
    return Row(
        key, section, what, float(closed.mean()), target, Unit.SHARE, len(found), "instances",
        samples=ratio(by_cluster(closed, of, count), by_cluster(np.ones_like(closed), of, count)),
        details=details,
        note=f"chance {100 * details['chance']:.0f} %",
    )  # fmt: skip


def _opening(
    performances: Sequence[Performance], gaps: dict[int, FloatArray], section: str, prefix: str
) -> Row:
    found = list(instances(performances, OPEN | MID))
    target = AtLeast(0.90, ">= 90 %", graded=False)
    key, what = f"{prefix}.opening", "control: lips open on open and mid vowels"
    if not found:
        return Row(
            key, section, what, None, target, Unit.SHARE, 0, "vowels", why="no open or mid vowel was said"
        )
    largest = np.array([gaps[id(item.performance)][item.frames()].max() for item in found])
    opened = (largest >= SHUT).astype(np.float64)
    of, count = cluster_of(found), clusters(performances)
    return Row(
        key, section, what, float(opened.mean()), target, Unit.SHARE, len(found), "vowels",
        samples=ratio(by_cluster(opened, of, count), by_cluster(np.ones_like(opened), of, count)),
        details={"median_gap": float(np.median(largest))},
    )  # fmt: skip


def _share(found: Sequence[Instance], gaps: dict[int, FloatArray], margin: float) -> float:
    shut = [gaps[id(item.performance)][item.frames(margin)].min() < SHUT for item in found]
    return float(np.mean(shut))


def _tenths(found: Sequence[Instance], gaps: dict[int, FloatArray]) -> NDArray[np.float64]:
    """A tenth of each performance's 95th percentile while speaking: a mumbling mouth has to close further."""
    tenths = {}
    for item in {id(one.performance): one.performance for one in found}.values():
        spoken = turn_mask(item.script.agent, item.script.frames)
        tenths[id(item)] = 0.1 * float(np.percentile(gaps[id(item)][spoken], 95))
    return np.array([tenths[id(item.performance)] for item in found])


def _chance(found: Sequence[Instance], gaps: dict[int, FloatArray]) -> float:
    """Share closed at random places of each instance's own utterance, seeded."""
    rng = np.random.default_rng(0)
    hits = 0
    for item in found:
        gap, span = gaps[id(item.performance)], item.frames(MARGIN)
        length = span.stop - span.start
        start, end = (round(at * FRAME_RATE) for at in item.placed.spoken)
        places = rng.integers(start, max(start + 1, end - length + 1), CHANCES)
        hits += sum(bool(gap[at : at + length].min() < SHUT) for at in places)
    return hits / (CHANCES * len(found))
