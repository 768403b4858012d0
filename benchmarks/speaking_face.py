"""The training corpus' speaking face on human speech: what a model that learnt it perfectly would score.

    python -m benchmarks.speaking_face --transcripts TSV [--limit 40] [--out out/bench/speaking_face.json]
    python -m benchmarks.speaking_face --transcripts TSV --plot PROMPT PNG

Material: prompts of Debian's asterisk-core-sounds-en-wav whose name's md5 is even, their words from
``--transcripts`` (columns prompt, text), their phones from pocketsphinx. ``--plot`` draws one prompt.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import binary_dilation

from avatar import SAMPLE_RATE, Column
from avatar import measures as measure
from avatar.animator import FloatArray
from avatar.training.dyads.speaking import speaking_motion
from avatar.training.dyads.speaking.phones import CLOSE_VOWELS, MID_VOWELS, OPEN_VOWELS
from avatar.training.dyads.utterance import Phone, Utterance
from benchmarks._phones import FRAMES_A_SECOND, phones
from benchmarks.animator import load, prompts

MARGIN = 0.2  # s of silence put before and after a prompt
ROUNDED = frozenset({"UW", "UH", "OW", "W", "AO"})
SPREAD = frozenset({"IY", "IH", "EY", "EH", "AE"})


def utterance(name: str, path: Path, text: str) -> Utterance:
    """A prompt with its phones, silence round it; raises ``RuntimeError`` where aligning fails."""
    margin = np.zeros(int(MARGIN * SAMPLE_RATE), np.float32)
    pcm = np.concatenate([margin, load(path), margin])
    found = tuple(
        Phone(phone if phone.isalpha() and phone.isupper() and len(phone) < 4 else "SIL", start, end)
        for phone, first, length in phones(pcm, text)
        for start, end in [(first / FRAMES_A_SECOND, (first + length) / FRAMES_A_SECOND)]
        if not phone.startswith("+")
    )
    return Utterance(name, "asterisk", "train", text, pcm, found)


def spoken(transcripts: Path, limit: int) -> list[Utterance]:
    """Development prompts whose words are known and can be aligned, at most ``limit``."""
    with transcripts.open() as file:
        texts = {row["prompt"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    found = []
    for name, path in sorted(prompts("development").items()):
        if name in texts and len(found) < limit:
            try:
                found.append(utterance(name, path, texts[name]))
            except RuntimeError:  # words missing from the dictionary, or no path through the sound
                continue
    return found


def frames_of(phone: Phone, frames: int) -> slice:
    """Frames that a phone touches."""
    first = min(frames - 1, int(phone.start * 25))
    return slice(first, max(first + 1, min(frames, int(np.ceil(phone.end * 25)))))


def ordered(low: list[float], high: list[float]) -> float:
    """Share of pairs in which the second is the larger."""
    return float(np.mean([a < b for a, b in product(low, high)])) if low and high else float("nan")


def peak(level: FloatArray, jaw: FloatArray, reach: int = 5) -> tuple[float, float]:
    """Lag in seconds at which the jaw follows the level best, between frames by a parabola, and how well."""
    rows = [
        float(np.corrcoef(level[reach:-reach], np.roll(jaw, -lag)[reach:-reach])[0, 1])
        for lag in range(-reach, reach + 1)
    ]
    best = min(max(1, int(np.argmax(rows))), len(rows) - 2)
    left, top, right = rows[best - 1 : best + 2]
    return (best - reach + 0.5 * (left - right) / (left - 2 * top + right)) / 25, top


def measured(utterances: list[Utterance]) -> dict[str, object]:
    """The issue's rows, on the truth itself."""
    closed, quiet, levels, speeds, steps = [], [], [], [], []
    jaws: dict[str, list[float]] = {"open": [], "mid": [], "close": []}
    round_: dict[str, list[float]] = {"rounded": [], "spread": []}
    pairs: list[float] = []
    seconds, started = 0.0, time.process_time()
    motions = [speaking_motion(each, np.random.default_rng(7)) for each in utterances]
    took = time.process_time() - started
    for each, motion in zip(utterances, motions, strict=True):
        seconds += len(each.pcm) / SAMPLE_RATE
        gap, jaw = measure.lip_gap(motion), motion[:, Column.jawOpen]
        mine: dict[str, list[float]] = {"open": [], "mid": [], "close": []}
        for phone in each.phones:
            span = frames_of(phone, len(motion))
            if phone.name in {"P", "B", "M"}:
                closed.append(float(gap[min(len(gap) - 1, int((phone.start + phone.end) / 2 * 25))]) < 0.03)
            for title, members in zip(mine, (OPEN_VOWELS, MID_VOWELS, CLOSE_VOWELS), strict=True):
                if phone.name in members:
                    mine[title].append(float(jaw[span].max()))
            for title, members in zip(round_, (ROUNDED, SPREAD), strict=True):
                if phone.name in members:
                    both = motion[span, Column.mouthPucker] + motion[span, Column.mouthFunnel]
                    round_[title].append(float(both.max()))
        for low, high in (("close", "mid"), ("mid", "open"), ("close", "open")):
            pairs += [a < b for a, b in product(mine[low], mine[high])]
        for title, values in mine.items():
            jaws[title] += values
        far = ~binary_dilation(measure.envelope(each.pcm) > measure.SILENT_DB, iterations=5)
        quiet += (jaw[far] < 0.05 * jaw.max()).tolist()
        levels.append(np.maximum(measure.envelope(each.pcm), measure.SILENT_DB))
        speeds.append(measure.head_speed(motion[12:-12]))
        steps.append(np.abs(np.diff(motion, axis=0)).max(axis=0))
    largest = np.max(steps, axis=0)
    lag, correlation = peak(
        np.concatenate(levels), np.concatenate([motion[:, Column.jawOpen] for motion in motions])
    )
    return {
        "prompts": len(utterances),
        "seconds": seconds,
        "times real time": seconds / took,
        "p b m shut at their middle": float(np.mean(closed)),
        "pairs of vowels in order": float(np.mean(pairs)),
        "jaw by vowel, median": {title: float(np.median(values)) for title, values in jaws.items()},
        "rounded more than spread": ordered(round_["spread"], round_["rounded"]),
        "rounding, median": {title: float(np.median(values)) for title, values in round_.items()},
        "shut in silence beyond 200 ms": float(np.mean(quiet)),
        "jaw lag behind level, s": lag,
        "jaw correlation with level": correlation,
        "head speed, degrees/s": float(np.mean(speeds)),
        "largest steps": {
            Column(index).name: float(largest[index]) for index in np.argsort(-largest)[:6].tolist()
        },
        "largest step: jaw, lips, head in degrees": [
            float(largest[Column.jawOpen]),
            float(largest[Column.mouthClose : Column.browDownLeft].max()),
            float(np.degrees(largest[Column.headYaw : Column.headRoll + 1].max())),
        ],
    }


def plot(spoken: Utterance, path: Path) -> None:
    """Curves of one utterance over its phones."""
    motion: FloatArray = speaking_motion(spoken, np.random.default_rng(7))
    when = (np.arange(len(motion)) + 0.5) / 25
    figure, axes = plt.subplots(4, 1, sharex=True, figsize=(max(12, 3.2 * when[-1]), 11))
    sound, mouth, brows, head = axes
    sound.plot(np.arange(len(spoken.pcm))[::8] / SAMPLE_RATE, spoken.pcm[::8], lw=0.4, color="0.4")
    mouth.plot(when, motion[:, Column.jawOpen], ".-", label="jaw")
    mouth.plot(when, measure.lip_gap(motion), ".-", label="lip gap")
    for column in ("mouthPucker", "mouthFunnel", "mouthStretchLeft", "mouthRollLower", "mouthPressLeft"):
        mouth.plot(when, motion[:, Column[column]], lw=1, label=column)
    for column in ("browInnerUp", "browOuterUpLeft", "mouthUpperUpLeft", "mouthLowerDownLeft"):
        brows.plot(when, motion[:, Column[column]], label=column)
    for column in ("headYaw", "headPitch", "headRoll"):
        head.plot(when, np.degrees(motion[:, Column[column]]), ".-", label=column)
    for phone in spoken.phones:
        for axis in axes:
            axis.axvline(phone.start, color="0.85", lw=0.6, zorder=0)
        sound.text((phone.start + phone.end) / 2, sound.get_ylim()[0], phone.name, ha="center", size=7)
        mouth.text((phone.start + phone.end) / 2, -0.05, phone.name, ha="center", size=7)
    for axis in axes[1:]:
        axis.legend(loc="upper right", ncols=4, fontsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=75)


def main() -> None:
    """Measure and write the report, or draw one prompt."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--transcripts", type=Path, required=True, help="words of the prompts")
    parser.add_argument("--limit", type=int, default=40, help="prompts at most")
    parser.add_argument("--plot", nargs=2, metavar=("PROMPT", "PNG"), help="draw this one instead")
    parser.add_argument("--out", type=Path, default=Path("out/bench/speaking_face.json"))
    options = parser.parse_args()
    if options.plot:
        name, picture = options.plot
        with options.transcripts.open() as file:
            texts = {row["prompt"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
        plot(utterance(name, prompts("development")[name], texts[name]), Path(picture))
        return
    report = measured(spoken(options.transcripts, options.limit))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
