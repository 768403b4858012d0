"""When a turn is over: the fused policy beside silence alone and Smart Turn alone, on recorded pauses.

    python -m benchmarks.end_of_turn         # report on the test half, in out/bench/end_of_turn.json
    python -m benchmarks.end_of_turn --fit   # learn the packaged weights from the development half

The pauses come from a person's recordings (Debian's asterisk-core-sounds-en-wav), cut and joined, and from
synthetic speakers. Every pause is heard by the models of the default configuration once; the policies then
get the evidence after fixed times (``Timing``), so that a busy machine changes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import yaml
from sklearn.metrics import roc_auc_score

from agents.turn_taking.end_of_turn import EndOfTurnPolicy, Evidence, FusedPolicy, SmartTurnPolicy
from agents.turn_taking.weights import PACKAGED
from orchestration.configuration import load_configuration, resolve_models
from orchestration.turn_bench.case import Case, Half, Kind
from orchestration.turn_bench.fitting import Asks, Timing, delay_of, fit, replay, stages, usable
from orchestration.turn_bench.pauses import (
    Pause,
    PauseListener,
    median_seconds,
    read_pauses,
    write_pauses,
)
from orchestration.turn_bench.recordings import nasal_words, sentences, words
from orchestration.turn_bench.turns import human_turns, synthetic_turns
from orchestration.turn_bench.voices import synthetic_voices
from speech.smart_turn import SmartTurnConfig

OUT: Final = Path("out/bench")
# How many cases of each kind: of a person, and of synthetic speakers.
KINDS: Final = (Kind.PAUSE, Kind.COMPLETE, Kind.LIST, Kind.HESITANT, Kind.NOISY_TURN, Kind.MONOLOGUE)
COUNTS: Final = {
    Half.DEVELOPMENT: ((120, 90, 16, 16, 12, 2), (30, 24, 8, 10, 4, 1)),
    Half.TEST: ((60, 50, 8, 10, 6, 1), (16, 14, 4, 4, 2, 1)),
}
NUMBERS: Final = ("smart_turn", "pitch_rank", "energy_fall", "voice", "ending")  # of what is known of a pause
LATE: Final = 1.0  # seconds; ends that are decided later are told one by one
SEEDS: Final = {Half.DEVELOPMENT: 11, Half.TEST: 12}


class SilenceAlone:
    """The same silence for every pause, seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def probability(self, evidence: Evidence) -> float:
        """Silence alone doesn't say."""
        return float("nan")

    def needed_silence(self, evidence: Evidence) -> float:
        """Whatever is known."""
        return self._seconds


def cases(half: Half) -> list[Case]:
    """The turns of one half."""
    rng = np.random.default_rng(SEEDS[half])
    human, synthetic = (dict(zip(KINDS, counts, strict=True)) for counts in COUNTS[half])
    said, items, nasals = list(sentences(half)), list(words(half)), list(nasal_words(half))
    return [
        *human_turns(said, items, nasals, human, rng),
        *synthetic_turns(synthetic_voices(half), synthetic, rng),
    ]


async def heard(half: Half, *, again: bool) -> list[Pause]:
    """The pauses of one half, from an earlier run unless they are to be heard ``again``."""
    path = OUT / f"pauses-{half.value}.jsonl"
    if path.is_file() and not again:
        return read_pauses(path)
    configuration = load_configuration("default")
    if configuration.smart_turn is None:
        configuration = configuration.model_copy(update={"smart_turn": SmartTurnConfig()})
    listener = PauseListener(resolve_models(configuration))
    try:
        pauses = [pause for case in cases(half) for pause in await listener.hear(case)]
    finally:
        listener.close()
    write_pauses(pauses, path)
    return pauses


def groups(pauses: list[Pause]) -> dict[str, list[Pause]]:
    """The pauses by whose they are and what happens."""
    human = [pause for pause in pauses if pause.column == "human"]
    return {
        "human, sentences": [pause for pause in human if pause.kind in ("pause", "complete")],
        "human, all": human,
        "synthetic, all": [pause for pause in pauses if pause.column == "synthetic"],
    }


def report(pauses: list[Pause]) -> None:
    """Print and keep how the policies do on the test half."""
    policies: dict[str, tuple[EndOfTurnPolicy, Asks]] = {
        "silence .52 s": (SilenceAlone(0.52), "never"),
        "silence 1.0 s": (SilenceAlone(1.0), "never"),
        "Smart Turn alone": (SmartTurnPolicy(), "never"),
        "fused": (FusedPolicy(), "when_unsure"),
        "fused, model never asked": (FusedPolicy(), "never"),
        "fused, model always asked": (FusedPolicy(), "always"),
        "fused, patience 0": (FusedPolicy(0.0), "when_unsure"),
        "fused, patience 1": (FusedPolicy(1.0), "when_unsure"),
    }
    kept = {}
    for name, chosen in groups(pauses).items():
        print(
            f"\n{name}: {sum(p.silence is not None for p in chosen)} pauses, "
            f"{sum(p.silence is None for p in chosen)} ends"
        )
        for policy, (judge, asks) in policies.items():
            outcome = replay(chosen, judge, Timing(), asks)
            kept[f"{name}: {policy}"] = asdict(outcome)
            print(
                f"  {policy:28} taken over {outcome.taken_over:6.1%}  ends taken {outcome.taken:6.1%}  "
                f"delay median {outcome.median:.2f} mean {outcome.mean:.2f} p90 {outcome.p90:.2f} s"
            )
    smart_turn, text, ending_seconds = median_seconds(pauses)
    print(f"\nmedian times here: Smart Turn {smart_turn:.2f}, text {text:.2f}, ending {ending_seconds:.2f} s")
    (OUT / "end_of_turn.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def learn(pauses: list[Pause]) -> None:
    """Fit the packaged weights; the file's own comment stays."""
    comment = [line for line in PACKAGED.read_text(encoding="utf-8").splitlines(True) if line.startswith("#")]
    weights = fit(pauses, Timing()).model_dump(mode="json")
    PACKAGED.write_text("".join(comment) + yaml.safe_dump(weights, sort_keys=False), encoding="utf-8")
    known = [pause for pause in pauses if usable(pause)]
    for name, chosen in groups(known).items():
        print(f"development half, {name}: {replay(chosen, FusedPolicy(), Timing(), 'when_unsure')}")
        print(f"  area under the curve, each by itself: {alone(chosen)}")
    explain(known)


def alone(pauses: list[Pause]) -> str:
    """How well each piece of evidence tells ends from pauses by itself: areas under the curve, 0..1."""
    found = []
    for name in NUMBERS:
        known = [
            (pause.silence is None, value) for pause in pauses if (value := getattr(pause, name)) is not None
        ]
        over, values = zip(*known, strict=True)
        found.append(f"{name} {roc_auc_score(over, values):.2f}")
    return ", ".join(found)


def explain(pauses: list[Pause]) -> None:
    """Print what is known of the ends that are decided late, to see what holds them up."""
    judge = FusedPolicy()
    for pause in pauses:
        delay = delay_of(pause, judge, Timing(), "when_unsure")
        if pause.silence is None and delay > LATE:
            known = [judge.probability(one) for _, one in stages(pause, Timing(), ending=True)]
            values = ((name, getattr(pause, name)) for name in NUMBERS)
            told = " ".join(
                f"{name} {'-' if value is None else format(value, '.2f')}" for name, value in values
            )
            chances = " ".join(f"{chance:.2f}" for chance in known)
            print(f"{pause.column:9} {pause.kind:10} {delay:.2f} s  {chances}  {told}  {pause.text!r}")


def main() -> None:
    """Report, or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--fit", action="store_true", help="learn the weights from the development half")
    parser.add_argument("--again", action="store_true", help="hear the recordings again")
    options = parser.parse_args()
    half = Half.DEVELOPMENT if options.fit else Half.TEST
    pauses = asyncio.run(heard(half, again=options.again))
    learn(pauses) if options.fit else report([pause for pause in pauses if usable(pause)])


if __name__ == "__main__":
    main()
