"""How the synthetic users of ``visavis bench turns`` end: before a pause, and at the end of a sentence.

    python -m benchmarks.part_endings

A voice whose melody tells the two apart ends lower at the end. Prints quartiles over the sentences of the
half that is reported, for espeak-ng's formants and for Kokoro (kept sounds are used).
"""

from __future__ import annotations

import numpy as np

from orchestration.media import USER_FRAME_SAMPLES, FloatArray
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.voices import neural_voices, synthetic_voices
from speech.pitch import PitchTracker

LAST = 4  # voiced frames of 40 ms at the end
FEWEST = 6  # voiced frames of a sound that is looked at


def fall(pcm: FloatArray) -> float:
    """Semitones of the last voiced frames against all of the sound; NaN where it has too few."""
    tracker = PitchTracker()
    frames = pcm[: pcm.size // USER_FRAME_SAMPLES * USER_FRAME_SAMPLES].reshape(-1, USER_FRAME_SAMPLES)
    hz = np.array([tracker.step(frame).hz for frame in frames])
    voiced = hz[np.isfinite(hz)]
    if voiced.size < FEWEST:
        return float("nan")
    return float(12 * np.log2(np.median(voiced[-LAST:]) / np.median(voiced)))


def main() -> None:
    """Print a line a kind of voices."""
    for voices in (synthetic_voices(Half.TEST), neural_voices(Half.TEST)):
        ends = {
            "before a pause": [fall(one.parts[0]) for one in voices.sentences],
            "at the end": [fall(one.whole) for one in voices.sentences],
        }
        told = (
            f"{where} {', '.join(f'{value:.1f}' for value in np.nanpercentile(found, [25, 50, 75]))}"
            for where, found in ends.items()
        )
        print(f"{voices.column.value}, semitones (quartiles): {'; '.join(told)}")


if __name__ == "__main__":
    main()
