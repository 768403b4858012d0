"""What the meters beside the models cost: processor time a frame or a clause.

    python -m benchmarks.meters [--out out/bench/meters.json]

Pitch, echo and the mouth's movement are measured over a minute of recordings of a person (Debian's
asterisk-core-sounds-en-wav) with other recordings coming back as echo; emotion and language over the
sentences of the persona's facts; a voice is heard in 1.2 s of speech and learnt from 2.5. The median of a
frame, clause or stretch of speech, milliseconds.
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
from orchestration.media import USER_FRAME_SAMPLES, USER_SAMPLE_RATE, FloatArray
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from orchestration.voices import ThreadedVoices
from speech.articulation import Articulation
from speech.echo import EchoMeter
from speech.pitch import PitchTracker
from speech.speaker.encoder import SpeakerConfig

FRAMES = 1_500  # a minute
ECHO_FRAMES = 3  # by which the echo is late
ECHO_GAIN = 0.3
HEARD = round(1.2 * USER_SAMPLE_RATE)  # samples of speech of which it is asked whose it is
LEARNT = round(2.5 * USER_SAMPLE_RATE)  # samples of a turn that a voice is learnt from


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
    speaker = resolve("ge2e-speaker", "speaker", load_registry())
    voices = ThreadedVoices(SpeakerConfig(model=speaker.location))
    speech = user.reshape(-1)
    places = range(0, speech.size - LEARNT, 2 * USER_SAMPLE_RATE)
    voices.hear_now(speech[:HEARD])  # loads the model
    report = {
        "pitch": median_ms(PitchTracker().step, user),
        "echo": median_ms(hear, range(FRAMES)),
        "mouth": median_ms(look, range(FRAMES)),
        "emotion": median_ms(emotion_of, clauses),
        "language": median_ms(lambda text: judge.told(text, "en"), clauses),
        "voice heard": median_ms(lambda at: voices.hear_now(speech[at : at + HEARD]), places),
        "voice learnt": median_ms(lambda at: voices.learn_now(speech[at : at + LEARNT]), places),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"cores": os.cpu_count(), "ms": report}, indent=2) + "\n")
    for name, took in report.items():
        print(f"{name:10} {took:.3f} ms")


if __name__ == "__main__":
    main()
