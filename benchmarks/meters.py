"""What the meters beside the models cost: processor time a frame or a clause.

    python -m benchmarks.meters [--out out/bench/meters.json]

Pitch, echo and the mouth's movement are measured over a minute of recordings of a person (Debian's
asterisk-core-sounds-en-wav) with other recordings coming back as echo; emotion and language over the
sentences of the persona's facts. The median of a frame or clause, milliseconds.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from agents.emotion import emotion_of
from agents.reply_language import LanguageJudge
from benchmarks.barge_in import recordings
from orchestration.configuration import load_configuration
from orchestration.media import USER_FRAME_SAMPLES, FloatArray
from speech.articulation import Articulation
from speech.echo import EchoMeter
from speech.pitch import PitchTracker

FRAMES = 1_500  # a minute
ECHO_FRAMES = 3  # by which the echo is late
ECHO_GAIN = 0.3


def median_ms(step: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Median processor time of ``step`` over ``items``, in milliseconds."""
    took = []
    for item in items:
        start = time.process_time_ns()
        step(item)
        took.append(time.process_time_ns() - start)
    return float(np.median(took)) / 1e6


def frames() -> FloatArray:
    """A minute of recordings, (1500, 640)."""
    pcm = np.concatenate([pcm for _, pcm in recordings(odd=False, count=40)])
    return pcm[: FRAMES * USER_FRAME_SAMPLES].reshape(-1, USER_FRAME_SAMPLES)


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/bench/meters.json"))
    options = parser.parse_args()
    user = frames()
    agent = np.roll(user, 500, axis=0)
    echoed = user + ECHO_GAIN * np.roll(agent, ECHO_FRAMES, axis=0)
    echo, mouth = EchoMeter(), Articulation()

    def hear(at: int) -> None:
        echo.sent(agent[at])
        echo.heard(echoed[at])
        echo.share()

    def look(at: int) -> None:
        mouth.step(user[at])
        mouth.measure()

    persona = load_configuration("default").persona
    clauses = [fact.answer for fact in persona.facts] * 5
    judge = LanguageJudge()
    judge.load()
    emotion_of(clauses[0])  # loads its words
    report = {
        "pitch": median_ms(PitchTracker().step, user),
        "echo": median_ms(hear, range(FRAMES)),
        "mouth": median_ms(look, range(FRAMES)),
        "emotion": median_ms(emotion_of, clauses),
        "language": median_ms(lambda text: judge.told(text, "en"), clauses),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"cores": os.cpu_count(), "ms": report}, indent=2) + "\n")
    for name, took in report.items():
        print(f"{name:10} {took:.3f} ms")


if __name__ == "__main__":
    main()
