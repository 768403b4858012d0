"""Who speaks over the agent wants the floor or only listens: how well the sound alone tells, and how soon.

    python -m benchmarks.claim         # report on the test half, in out/bench/claim.json
    python -m benchmarks.claim --fit   # learn the packaged weights from the development half, in minutes

The person is the speaker of Debian's asterisk-core-sounds-en-wav: her sentences want the floor, hums cut out
of her words don't. The synthetic speakers are those of the turn-taking bench. Learning needs Debian's flite
as well, for more voices. Each sound is heard in three rooms, at five moments each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from orchestration.media import USER_FRAME_SAMPLES
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.claim_examples import Examples, examples
from orchestration.turn_bench.claim_fitting import fit, opinions
from orchestration.turn_bench.claim_sounds import ClaimSound, human_sounds, noises, synthetic_sounds
from orchestration.turn_bench.hums import hum
from orchestration.turn_bench.recordings import nasal_words, sentences
from orchestration.turn_bench.voices import synthetic_voices
from speech.claim import PACKAGED, ClaimMeter, ClaimWeights

ROOMS: Final = 3
SPANS: Final = ((0.1, 0.2), (0.2, 0.3), (0.3, 0.45), (0.45, 0.7))  # seconds since the onset
TIMED: Final = 400  # frames
HUMS: Final = 10  # of each nasal


def reported(rng: np.random.Generator) -> Iterator[ClaimSound]:
    """Sounds of the test half."""
    for one in sentences(Half.TEST):
        if one.is_sentence:
            yield ClaimSound("human", one.name, one.pcm, True)
    for word in nasal_words(Half.TEST):
        for index in range(HUMS):
            length, twice = float(rng.uniform(0.2, 0.45)), index % 2 == 1
            pcm = hum(word.pcm, length / 2 if twice else length, twice=twice)
            yield ClaimSound("human", f"hum-{word.name}-{index}", pcm, False)
    voices = synthetic_voices(Half.TEST)
    claiming = [(one.name, one.whole) for one in voices.sentences] + list(voices.interruptions)
    for said, claims in ((claiming, True), (voices.backchannels, False)):
        for name, pcm in said:
            yield ClaimSound("synthetic", name, pcm, claims)


def told_apart(found: Examples, weights: ClaimWeights) -> dict[str, dict[str, float]]:
    """Area under the curve for each source and span of seconds since the onset."""
    judged = np.array(
        [weights.judged(seen[:steps]) for seen, steps in zip(found.seen, found.steps, strict=True)]
    )
    sources = np.array(found.sources)
    table: dict[str, dict[str, float]] = {}
    for source in sorted(set(found.sources)):
        table[source] = {}
        for first, last in SPANS:
            mine = (sources == source) & (found.elapsed >= first) & (found.elapsed < last)
            if len(set(found.claims[mine])) == 2:
                area = roc_auc_score(found.claims[mine], judged[mine])
                table[source][f"{first:g}-{last:g} s"] = round(float(area), 3)
    return table


def milliseconds(rng: np.random.Generator) -> dict[str, float]:
    """Processor time of following a frame, and of judging .6 s; medians."""
    meter = ClaimMeter()
    took: dict[str, list[int]] = {"following": [], "judging": []}
    for frame in rng.normal(0, 0.1, (TIMED, USER_FRAME_SAMPLES)).astype(np.float32):
        start = time.process_time_ns()
        meter.step(frame)
        between = time.process_time_ns()
        meter.measure(0.6)
        took["following"].append(between - start)
        took["judging"].append(time.process_time_ns() - between)
    return {name: round(float(np.median(values)) / 1e6, 3) for name, values in took.items()}


def learn(path: Path, seed: int) -> None:
    """Fit the weights from nothing and write them."""
    rng = np.random.default_rng(seed)
    sounds = [*human_sounds(rng), *noises(rng), *synthetic_sounds(rng)]
    print(f"{len(sounds)} sounds, {sum(one.claims for one in sounds)} of which want the floor", flush=True)
    found = examples(sounds, ROOMS, np.random.default_rng(seed + 1))
    network = fit(found, seed)
    right = (opinions(network, found) > 0.5) == (found.claims > 0.5)
    print(f"{len(found.steps)} examples, {right.mean():.1%} right")
    network.weights().save(path)
    print(f"{path}: {path.stat().st_size} bytes")


def main() -> None:
    """Report, or learn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fit", action="store_true", help="learn the packaged weights first")
    parser.add_argument("--weights", type=Path, default=PACKAGED, help="where they are, or are written")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/bench/claim.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.fit:
        learn(options.weights, options.seed)
        return
    rng = np.random.default_rng(options.seed)
    found = examples(list(reported(rng)), ROOMS, rng)
    report: dict[str, Any] = {
        "set": "held out (odd MD5)",
        "told apart, area under the curve": told_apart(found, ClaimWeights.load(options.weights)),
        "a frame, ms": milliseconds(rng),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
