"""Where in its 40 ms of sound a frame's motion belongs: where the jaw follows the loudness best."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from avatar import load_animator
from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.motion import Column

FOLDER = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SHORTEST = 2.0  # s
HOP = 80  # samples, 5 ms
WINDOW = 320  # samples, 20 ms
FLOOR_DB = -50.0
PLACEMENTS = np.arange(-0.100, 0.1001, 0.005)  # s after the frame's beginning


def loudness(pcm: FloatArray) -> FloatArray:
    """Level in dB every 5 ms, each from the 20 ms around it."""
    padded = np.pad(pcm, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(pcm) : HOP]
    power = (windows.astype(np.float64) ** 2).mean(axis=1)
    return np.maximum(10 * np.log10(power + 1e-12), FLOOR_DB).astype(np.float32)


def best_placement(pcm: FloatArray) -> float:
    """Seconds after the frame's beginning at which its jaw opening correlates best with the loudness."""
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    silence = np.zeros(FRAME_SAMPLES, np.float32)
    with load_animator("procedural").stream(seed=1) as face:
        jaw = np.array([face.step(frame, silence)[Column.jawOpen] for frame in frames])
    levels = loudness(frames.reshape(-1))
    times = np.arange(len(levels)) * HOP / SAMPLE_RATE
    begins = np.arange(len(jaw)) / FRAME_RATE
    fits = [np.corrcoef(np.interp(times, begins + at, jaw), levels)[0, 1] for at in PLACEMENTS]
    return float(PLACEMENTS[int(np.argmax(fits))])


def recordings() -> list[Path]:
    """Prompts of a person with an even md5: those that may be looked at while developing."""
    files = sorted(FOLDER.glob("*.wav"))
    return [f for f in files if int(hashlib.md5(f.stem.encode()).hexdigest(), 16) % 2 == 0]


def main() -> None:
    """Measure every recording that is long enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/bench/motion_placement.json"))
    out: Path = parser.parse_args().out
    placements = []
    for file in recordings():
        pcm, rate = sf.read(file, dtype="float32")
        if len(pcm) / rate < SHORTEST:
            continue
        heard = soxr.resample(pcm, rate, SAMPLE_RATE).astype(np.float32)
        placements.append(best_placement(np.pad(heard, (SAMPLE_RATE // 2, SAMPLE_RATE))))
    p5, median, p95 = (round(1000 * float(x), 1) for x in np.percentile(placements, [5, 50, 95]))
    result = {"recordings": len(placements), "ms_after_the_beginning": {"p5": p5, "p50": median, "p95": p95}}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
