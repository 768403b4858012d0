"""How the mouth looks on each phone of real speech: forced alignment against the animator's lips."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from pocketsphinx import Decoder

from avatar import SAMPLE_RATE, Column, animate, load_animator
from avatar import measures as measure

FRAMES_A_SECOND = 100  # of the aligner
CLASSES = {
    "p b m": "P B M",
    "other stops": "T D K G",
    "close vowels": "IY UW",
    "mid vowels": "EH AH ER OW EY",
    "open vowels": "AA AE AO AW AY",
    "s z": "S Z",
    "sh ch": "SH CH",
}


def phones(sound: np.ndarray, text: str) -> list[tuple[str, int, int]]:  # type: ignore[type-arg]
    """Phones with their first frame and length in 10 ms frames, for float32 sound at 16 kHz; two passes."""
    decoder = Decoder(lm=None, loglevel="FATAL")
    decoder.set_align_text(" ".join(re.sub(r"[^a-z' ]", " ", text.lower()).split()))
    pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    for again in (False, True):
        if again:
            decoder.set_alignment()
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
    return [(phone.name, phone.start, phone.duration) for word in decoder.get_alignment() for phone in word]


def lip_closure(
    prompts: dict[str, Path], transcripts: Path, is_test: Callable[[str], bool]
) -> dict[str, object]:
    """Per class of phones: medians of the smallest lip gap, the largest jaw opening, pucker and stretch
    within it.
    """
    with transcripts.open() as file:
        texts = {row["prompt"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    seen: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    aligned, failed, test = 0, 0, 0
    for name in sorted(prompts.keys() & texts.keys()):
        sound, rate = soundfile.read(prompts[name], dtype="float32")
        sound = soxr.resample(sound, rate, SAMPLE_RATE).astype(np.float32)
        try:
            found = phones(sound, texts[name])
        except RuntimeError:  # words missing from the dictionary, or no path through the sound
            failed += 1
            continue
        aligned += 1
        test += is_test(name)
        motion = animate(load_animator("procedural"), sound, np.zeros(0, np.float32))
        gap = measure.lip_gap(motion)
        for phone, start, length in found:
            first = int(start * 25 / FRAMES_A_SECOND)
            last = max(first + 1, int(np.ceil((start + length) * 25 / FRAMES_A_SECOND)))
            if last <= len(motion):
                inside = motion[first:last]
                seen[phone].append(
                    (
                        float(gap[first:last].min()),
                        float(inside[:, Column.jawOpen].max()),
                        float(inside[:, Column.mouthPucker].max()),
                        float(inside[:, Column.mouthStretchLeft].max()),
                    )
                )
    table: dict[str, object] = {"prompts": aligned, "of them test": test, "not aligned": failed}
    for title, members in CLASSES.items():
        rows = [row for phone in members.split() for row in seen[phone]]
        if rows:
            gap_, jaw, pucker, stretch = np.median(np.array(rows), axis=0).tolist()
            table[title] = {"n": len(rows), "lip_gap": gap_, "jaw": jaw, "pucker": pucker, "stretch": stretch}
            if title == "p b m":
                table["p b m with the lips shut, share"] = float(np.mean([row[0] < 0.05 for row in rows]))
    return table
