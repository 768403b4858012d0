"""Composed conversations: timing and behaviour against people's, how fast they are made, a minute to look at.

    python -m benchmarks.dyads [--bank DIR] [--material train] [--count 30] [--out out/bench/dyads.json]

Needs the bank of utterances (`visavis corpus bank`). A picture of one minute lies beside the figures: both
voices, faces, heads, and the onsets of gestures.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from avatar import measures
from avatar.animator import FRAME_RATE
from avatar.motion import HEAD, Column
from avatar.training.dyads.bank import read_bank
from avatar.training.dyads.compose import Conversation, compose, converse
from avatar.training.dyads.dyad import Dyad, Gesture
from avatar.training.dyads.listening.cues import find_cues
from avatar.training.dyads.options import DyadOptions
from avatar.training.dyads.timing_measure import measure_timing
from avatar.training.dyads.utterance import Utterance
from orchestration.corpus.making import default_folder

matplotlib.use("Agg")
import matplotlib.pyplot as plt

SECONDS = 90.0
NO_ROOM = DyadOptions(room=None)
SHIFTS = 1000
DUE = 5  # frames round the moment at which a cue is answered
GROUPS = {
    "head": list(range(HEAD.start, HEAD.stop)),
    "brows": [Column.browInnerUp, Column.browOuterUpLeft, Column.browDownLeft],
    "cheeks": [Column.cheekSquintLeft, Column.cheekSquintRight],
    "mouth": [Column.jawOpen, Column.mouthSmileLeft, Column.mouthPucker, Column.mouthFunnel],
}


def attends(dyad: Dyad, party: int) -> NDArray[np.bool_]:
    """Frames in which this party listens and only listens."""
    return dyad.holds_floor[1 - party] & ~dyad.holds_floor[party]


def timing(conversations: Sequence[Conversation]) -> dict[str, object]:
    """The figures of ``measure_timing``."""
    measured = measure_timing([c.contributions for c in conversations], SECONDS)
    return {
        "median gap s": measured.median_gap,
        "changes that overlap": measured.overlaps,
        "backchannels of contributions": measured.backchannels,
        "interruptions of changes": measured.interruptions,
        "time in silences of 1 s and more": measured.silence,
        "turns": len(measured.turns),
        "turn s, 5/50/95 %": np.percentile(measured.turns, [5, 50, 95]).tolist(),
    }


def behaviour(conversations: Sequence[Conversation]) -> dict[str, object]:
    """Gestures a minute of listening, nods as measured on motion, head speeds."""
    sides = [(c.dyad, party) for c in conversations for party in range(2)]
    begun = sum((dyad.onsets[party][attends(dyad, party)] != 0).sum(axis=0) for dyad, party in sides)
    minutes = sum(attends(dyad, party).sum() for dyad, party in sides) / FRAME_RATE / 60
    nods = [measures.nods(dyad.motion[party], attends(dyad, party)) for dyad, party in sides]
    speeds = [
        np.mean([measures.head_speed(dyad.motion[party], where(dyad, party)) for dyad, party in sides])
        for where in (lambda dyad, party: dyad.holds_floor[party], attends)
    ]
    return {
        "gestures a minute of listening": float(np.sum(begun) / minutes),
        **{
            f"{gesture.name.lower()} a minute": float(n / minutes)
            for gesture, n in zip(Gesture, begun, strict=True)
        },
        "measured nods a minute": float(np.mean([nod.per_minute for nod in nods])),
        "nod Hz": float(np.median([nod.rate for nod in nods if nod.cycles])),
        "nod degrees": float(np.degrees(np.median([nod.depth for nod in nods if nod.cycles]))),
        "head degrees/s: speaking, listening": [float(speed) for speed in speeds],
    }


def responsiveness(conversations: Sequence[Conversation]) -> dict[str, float]:
    """Share of nods at the time when a cue is answered, against the same nods shifted while listening."""
    rng = np.random.default_rng(0)
    observed, count, shifted = 0, 0, np.zeros(SHIFTS)
    for conversation in conversations:
        for party in range(2):
            where = attends(conversation.dyad, party)
            cues = find_cues(conversation.voices[1 - party])
            due = np.zeros(len(where), dtype=bool)
            for times, delay in ((cues.low_pitch, 0.7), (cues.phrase_ends, 0.36)):
                for cue in times:
                    middle = round((cue + delay) * FRAME_RATE)
                    due[max(0, middle - DUE) : middle + DUE + 1] = True
            due, nods = due[where], conversation.dyad.onsets[party][where, Gesture.NOD] > 0
            observed += int(due[nods].sum())
            count += int(nods.sum())
            shifted += [due[np.roll(nods, int(rng.integers(len(nods))))].sum() for _ in range(SHIFTS)]
    return {
        "nods": count,
        "at cues": observed / count,
        "at cues, shifted": float(shifted.mean() / count),
        "z": float((observed - shifted.mean()) / shifted.std()),
        "p": float((1 + (shifted >= observed).sum()) / (1 + SHIFTS)),
    }


def jumps(conversations: Sequence[Conversation]) -> dict[str, object]:
    """Largest change within 5 frames of a change of role, over the usual one of that party speaking."""
    largest: dict[str, list[float]] = {name: [] for name in GROUPS}
    for conversation in conversations:
        for motion, floor in zip(conversation.dyad.motion, conversation.dyad.holds_floor, strict=True):
            for name, columns in GROUPS.items():
                size = np.linalg.norm(np.diff(motion[:, columns].astype(np.float64), axis=0), axis=1)
                usual = np.sqrt(np.mean(size[floor[1:]] ** 2))
                largest[name] += [
                    float(size[max(0, switch - 5) : switch + 6].max() / usual)
                    for switch in np.flatnonzero(np.diff(floor.astype(int)))
                ]
    return {
        name: {
            "switches": len(found),
            "largest sigma": max(found),
            "over 3": int(np.sum(np.array(found) > 3)),
        }
        for name, found in largest.items()
    }


def speed(utterances: Sequence[Utterance], count: int) -> float:
    """Seconds of conversation made in a second of one core, rooms and speaking faces included."""
    started = time.process_time()
    for seed in range(count):
        compose(utterances, np.random.default_rng(seed), SECONDS, DyadOptions())
    return count * SECONDS / (time.process_time() - started)


def picture(conversation: Conversation, path: Path) -> None:
    """Draw one minute: level and floor, mouth and brows, head, onsets and mood, of both."""
    dyad, last = conversation.dyad, 60 * FRAME_RATE
    time_s = np.arange(last) / FRAME_RATE
    figure, rows = plt.subplots(8, 1, figsize=(18, 18), sharex=True)
    for party in range(2):
        sound, face, head, gestures = rows[4 * party : 4 * party + 4]
        motion = dyad.motion[party, :last]
        sound.plot(time_s, np.maximum(measures.envelope(dyad.pcm[party])[:last], -70), f"C{party}", lw=0.8)
        sound.fill_between(time_s, -70, -70 + 55 * dyad.holds_floor[party, :last], alpha=0.15, step="mid")
        sound.set_ylabel(f"party {party}, dBFS")
        face.plot(time_s, motion[:, Column.jawOpen], lw=0.8, label="jaw")
        face.plot(time_s, measures.lip_gap(motion), lw=0.8, label="lip gap")
        face.plot(time_s, motion[:, Column.mouthSmileLeft], lw=1, label="smile")
        face.plot(time_s, motion[:, Column.browInnerUp], lw=0.8, label="brows")
        face.legend(loc="upper right", fontsize=7)
        for name, angle in zip(("yaw", "pitch", "roll"), np.degrees(motion[:, HEAD]).T, strict=True):
            head.plot(time_s, angle, lw=0.9, label=name)
        head.set_ylabel("degrees")
        head.legend(loc="upper right", fontsize=7)
        for frame, gesture in np.argwhere(dyad.onsets[party, :last] != 0).tolist():
            strength = dyad.onsets[party, frame, gesture]
            gestures.stem([frame / FRAME_RATE], [strength], linefmt=f"C{gesture}-", markerfmt=f"C{gesture}o")
            gestures.text(frame / FRAME_RATE, strength, f" {Gesture(gesture).name.lower()}", fontsize=8)
        gestures.plot(time_s, dyad.valence[party, :last], "k--", lw=0.7)
        gestures.set_ylim(-2, 2)
        gestures.set_ylabel("onsets, mood")
    rows[-1].set_xlabel("s")
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    plt.close(figure)


def main() -> None:
    """Compose, measure, draw, and write the figures down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bank", type=Path, default=default_folder())
    parser.add_argument("--material", default="train")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--out", type=Path, default=Path("out/bench/dyads.json"))
    options = parser.parse_args()
    utterances = read_bank(options.bank, materials=[options.material])
    conversations = [
        converse(utterances, np.random.default_rng(seed), SECONDS, NO_ROOM) for seed in range(options.count)
    ]
    figures = {
        "machine": platform.processor() or platform.machine(),
        "material": options.material,
        "minutes": options.count * SECONDS / 60,
        "timing": timing(conversations),
        "behaviour": behaviour(conversations),
        "responsiveness": responsiveness(conversations),
        "changes of role": jumps(conversations),
        "times real time, one core": speed(utterances, min(10, options.count)),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(figures, indent=1) + "\n")
    picture(conversations[0], options.out.with_suffix(".png"))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
