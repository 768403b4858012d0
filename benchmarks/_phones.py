"""How the mouth looks on each phone of real speech: forced alignment against the animator's lips."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from avatar import SAMPLE_RATE, Column, animate, load_animator
from avatar import measures as measure
from orchestration.corpus.alignment import Aligner
from orchestration.corpus.edges import SILENCE
from orchestration.corpus.errors import AlignmentFailed
from orchestration.corpus.transcripts import read_table
from orchestration.corpus.words import dictionary_words

CLASSES = {
    "p b m": "P B M",
    "other stops": "T D K G",
    "close vowels": "IY UW",
    "mid vowels": "EH AH ER OW EY",
    "open vowels": "AA AE AO AW AY",
    "s z": "S Z",
    "sh ch": "SH CH",
}


def lip_closure(
    prompts: dict[str, Path], transcripts: Path, is_test: Callable[[str], bool]
) -> dict[str, object]:
    """Per class of phones: medians of the smallest lip gap, the largest jaw opening, pucker and stretch
    within it.
    """
    texts = read_table(transcripts)
    aligner = Aligner()
    seen: dict[str, list[tuple[float, float, float, float]]] = defaultdict(list)
    aligned, failed, test = 0, 0, 0
    for name in sorted(prompts.keys() & texts.keys()):
        sound, rate = soundfile.read(prompts[name], dtype="float32")
        sound = soxr.resample(sound, rate, SAMPLE_RATE).astype(np.float32)
        try:
            found = aligner.align(sound, dictionary_words(texts[name], aligner.knows))
            found.check()
        except AlignmentFailed:  # words missing from the dictionary, or not those of the sound
            failed += 1
            continue
        aligned += 1
        test += is_test(name)
        motion = animate(load_animator("procedural"), sound, np.zeros(0, np.float32))
        gap = measure.lip_gap(motion)
        for phone in found.phones:
            first = int(round(phone.start * 25, 3))
            last = max(first + 1, int(np.ceil(round(phone.end * 25, 3))))
            if phone.name != SILENCE and last <= len(motion):
                inside = motion[first:last]
                seen[phone.name].append(
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
