"""The procedural animator: milliseconds a frame, and how its face behaves against how people do.

    python -m benchmarks.animator [--material test|development] [--minutes 12] [--out out/bench/animator.json]

Material: two sides take turns with human recordings from Debian's asterisk-core-sounds-en-wav. Prompts whose
name's md5 is even are development material (what the animator's numbers were chosen on), the odd ones are
test material. ``--jaw WAV NPZ`` adds how well the jaw follows a real one (FLAME ``pose``, 25 fps);
``--transcripts TSV`` (columns prompt, text) adds how far the lips close on /p b m/, by forced alignment with
pocketsphinx.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from avatar import FRAME_SAMPLES, SAMPLE_RATE, Column, animate, load_animator
from avatar import measures as measure
from avatar.animator import FloatArray

FOLDERS = (Path("/usr/share/asterisk/sounds/en_US_f_Allison"), Path("/usr/share/asterisk/sounds/en_US"))
SHORTEST_TURN = 1.5  # s
GAP = (0.2, 0.9)  # s of silence between turns
SLOTS = 8


def load(path: Path) -> FloatArray:
    """A mono recording at 16 kHz."""
    sound, rate = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(sound, rate, SAMPLE_RATE), dtype=np.float32)


def is_test(name: str) -> bool:
    """Odd md5: only reported on."""
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 1


def prompts(material: str) -> dict[str, Path]:
    """Prompts of one material by name."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    if folder is None:
        raise SystemExit("install Debian's asterisk-core-sounds-en-wav for the recordings")
    return {
        path.stem: path for path in sorted(folder.glob("*.wav")) if is_test(path.stem) == (material == "test")
    }


def conversation(material: str, minutes: float) -> tuple[FloatArray, FloatArray]:
    """Agent's and user's sound of turns that alternate, seeded, prompts drawn without replacement while
    they last.
    """
    rng = np.random.default_rng(7)
    files = list(prompts(material).values())
    sides: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    length, turn = 0, 0
    while length < minutes * 60 * SAMPLE_RATE:
        for index in rng.permutation(len(files)):
            sound = load(files[index])
            if len(sound) < SHORTEST_TURN * SAMPLE_RATE:
                continue
            gap = np.zeros(int(rng.uniform(*GAP) * SAMPLE_RATE), dtype=np.float32)
            sides[turn % 2].extend([sound, gap])
            sides[1 - turn % 2].append(np.zeros(len(sound) + len(gap), dtype=np.float32))
            length += len(sound) + len(gap)
            turn += 1
            if length >= minutes * 60 * SAMPLE_RATE:
                break
    return np.concatenate(sides[0]), np.concatenate(sides[1])


def behaviour(agent: FloatArray, user: FloatArray, seed: int) -> dict[str, dict[str, object]]:
    """The table of measures beside what people do."""
    motion = animate(load_animator("procedural"), agent, user, seed=seed)
    speaking, listening = _turn(agent), _turn(user)
    at_rest = animate(
        load_animator("procedural"),
        np.zeros(10 * 60 * SAMPLE_RATE, np.float32),
        np.zeros(0, np.float32),
        seed=seed,
    )
    nods = measure.nods(motion, listening)
    lag, correlation = measure.jaw_lag(motion, agent)
    jumps = np.abs(np.diff(motion, axis=0)).max(axis=0)

    def row(value: object, people: str) -> dict[str, object]:
        return {"value": value, "people": people}

    return {
        "blinks a minute, at rest": row(measure.blinks(at_rest).per_minute, "17"),
        "blinks a minute, conversation": row(measure.blinks(motion).per_minute, "26"),
        "blinks a minute, speaking": row(measure.blinks(motion, speaking).per_minute, "more than listening"),
        "blinks a minute, listening": row(
            measure.blinks(motion, listening).per_minute, "fewer than speaking"
        ),
        "blink length, s": row(measure.blinks(motion).length, "0.2"),
        "gaze at partner, listening": row(measure.gaze_share(motion, listening), "0.75"),
        "gaze at partner, speaking": row(measure.gaze_share(motion, speaking), "0.41"),
        "gaze bout at partner, s": row(measure.gaze_bout(motion), "2.2 (mutual)"),
        "nods a minute, listening": row(nods.per_minute, "-"),
        "nod cycles, listening": row(nods.cycles, "-"),
        "nod rate, Hz": row(nods.rate, "2.6-6.5"),
        "nod depth, degrees": row(float(np.degrees(nods.depth)), "small"),
        "head speed, speaking, degrees/s": row(measure.head_speed(motion, speaking), "more than listening"),
        "head speed, listening, degrees/s": row(measure.head_speed(motion, listening), "less than speaking"),
        "mouth closed in silence, share": row(measure.closed_in_silence(motion, agent), "1"),
        "jaw lag behind sound, s": row(lag, "-0.045..+0.125 undetectable"),
        "jaw correlation with level": row(correlation, "-"),
        "largest jaw step a frame": row(float(jumps[Column.jawOpen]), "-"),
        "largest head step a frame, degrees": row(float(np.degrees(jumps[Column.headYaw : 55].max())), "-"),
    }


def _turn(sound: FloatArray) -> np.ndarray:  # type: ignore[type-arg]
    """Frames inside one side's turns: its sound with pauses up to 1 s filled."""
    loud = measure.envelope(sound) > measure.SILENT_DB
    last, turn = -(10**6), np.zeros(len(loud), dtype=bool)
    for frame in np.flatnonzero(loud):
        turn[frame if frame - last > 25 else last : frame + 1] = True
        last = int(frame)
    return turn


def speed(agent: FloatArray, user: FloatArray) -> dict[str, dict[str, float]]:
    """Milliseconds a frame for one stream and for a bank of slots, half of whose agents speak at a time."""
    frames = 1500
    a, u = (sound[: frames * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES) for sound in (agent, user))
    one, bank = [], []
    with load_animator("procedural").stream() as face:
        for frame in range(frames):
            start = time.perf_counter()
            face.step(a[frame], u[frame])
            one.append(time.perf_counter() - start)
    mask = np.ones(SLOTS, dtype=bool)
    with load_animator("procedural").open_slots(SLOTS) as slots:
        for frame in range(frames):
            lines = [(frame + slot * 97) % frames for slot in range(SLOTS)]
            start = time.perf_counter()
            slots.step(mask, a[lines], u[lines])
            bank.append(time.perf_counter() - start)

    def summary(times: list[float]) -> dict[str, float]:
        return {"median_ms": float(np.median(times)) * 1e3, "p95_ms": float(np.percentile(times, 95)) * 1e3}

    return {"one face": summary(one), f"{SLOTS} slots": summary(bank)}


def against_real_jaw(wav: Path, npz: Path) -> dict[str, float]:
    """Correlation of jawOpen with a recorded face's FLAME jaw opening, zero lag and best within 200 ms."""
    sound = load(wav)
    motion = animate(load_animator("procedural"), sound, np.zeros(0, np.float32))
    with np.load(npz, allow_pickle=False) as archive:
        real = archive["pose"][:, 3].astype(np.float64)
    frames = min(len(real), len(motion))
    jaw, real = motion[:frames, Column.jawOpen].astype(np.float64), real[:frames]
    lags = {lag: _correlation(jaw, real, lag) for lag in range(-5, 6)}
    best = max(lags, key=lambda lag: lags[lag])
    levels = np.maximum(measure.envelope(sound)[:frames], measure.SILENT_DB).astype(np.float64)
    return {
        "frames": frames,
        "correlation": lags[0],
        "best_correlation": lags[best],
        "best_lag_s": best / 25,
        "sound_level_correlation": _correlation(levels, real[: len(levels)], 0),
    }


def _correlation(ours: np.ndarray, real: np.ndarray, lag: int) -> float:  # type: ignore[type-arg]
    count = len(real) - abs(lag)
    first = ours[max(0, lag) : max(0, lag) + count]
    second = real[max(0, -lag) : max(0, -lag) + count]
    return float(np.corrcoef(first, second)[0, 1])


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--material", choices=("test", "development"), default="test")
    parser.add_argument("--minutes", type=float, default=12.0, help="of conversation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--jaw", nargs=2, type=Path, metavar=("WAV", "NPZ"), help="a real face to compare with"
    )
    parser.add_argument("--transcripts", type=Path, help="words of the prompts, for lip closure")
    parser.add_argument("--out", type=Path, default=Path("out/bench/animator.json"))
    options = parser.parse_args()
    agent, user = conversation(options.material, options.minutes)
    report: dict[str, object] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "material": f"{options.material} prompts, {len(agent) / SAMPLE_RATE / 60:.1f} minutes",
        "speed": speed(agent, user),
        "behaviour": behaviour(agent, user, options.seed),
    }
    if options.jaw:
        report["real_jaw"] = against_real_jaw(*options.jaw)
    if options.transcripts:
        from benchmarks._phones import lip_closure  # needs pocketsphinx

        report["lip_closure"] = lip_closure(
            prompts("development") | prompts("test"), options.transcripts, is_test
        )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
