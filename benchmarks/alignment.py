"""How far the corpus's phone times can be trusted: ``python -m benchmarks.alignment [--transcripts TSV]``.

Refusals: even human prompts of two words and more (never the test's) are aligned with their own words, with
one word exchanged for another, with another prompt's words, and with those of the prompt nearest in length;
how many of each are kept? Times: PocketSphinx against what espeak-ng says of its own sound, where
PocketSphinx accepts it. Words come from the table, the others from what Whisper heard when the bank was
made (``--bank``). Results go to ``out/bench/alignment.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
from collections import Counter
from pathlib import Path

import numpy as np

from avatar.animator import SAMPLE_RATE
from orchestration.corpus.alignment import SCORE, WORD_SCORE, Aligner
from orchestration.corpus.errors import AlignmentFailed
from orchestration.corpus.espeak_phones import phones_of
from orchestration.corpus.making import default_folder
from orchestration.corpus.recordings import find_recordings, material_of, without_copies
from orchestration.corpus.texts import sentences
from orchestration.corpus.transcripts import KEPT, read_table
from orchestration.corpus.words import dictionary_words
from speech.audio import load_audio, resample
from speech.espeak import own_espeak

VOICES = ("en-us+f1", "en-us+m3")
COMPARED = ("M", "B", "P", "F", "V", "S", "UW", "AA", "AE")
LIPS = ("M", "B", "P")


def refusals(aligner: Aligner, texts: dict[str, str], count: int) -> dict[str, object]:
    """Of ``count`` prompts, how many are kept with right and with wrong words, and why others are not."""
    paths = without_copies(find_recordings())
    words = {
        name: dictionary_words(texts.get(name, ""), aligner.knows)
        for name in paths
        if material_of(name) == "train" and len(texts.get(name, "").split()) >= 2
    }
    rng = random.Random(0)
    names = sorted(rng.sample(sorted(words), min(count, len(words))))
    vocabulary = sorted({word for said in words.values() for word in said if len(word) >= 4})
    table: dict[str, Counter[str]] = {
        title: Counter() for title in ("own words", "one word wrong", "another's words", "nearest in length")
    }
    for name in names:
        own = words[name]
        at = rng.randrange(len(own))
        others = [word for word in vocabulary if word != own[at] and aligner.knows(word)]
        strangers = [said for said in words.values() if said != own]
        tries = {
            "own words": own,
            "one word wrong": [*own[:at], rng.choice(others), *own[at + 1 :]],
            "another's words": rng.choice(strangers),
            "nearest in length": min(
                strangers, key=lambda said: abs(len(" ".join(said)) - len(" ".join(own)))
            ),
        }
        sound = load_audio(paths[name])
        for title, said in tries.items():
            try:
                aligner.align(sound, said).check()
            except AlignmentFailed as error:
                table[title][error.reason] += 1
            else:
                table[title]["kept"] += 1
    return {"prompts": len(names), "score": SCORE, "word_score": WORD_SCORE} | {
        title: dict(sorted(counts.items())) for title, counts in table.items()
    }


def times(aligner: Aligner, count: int) -> dict[str, object]:
    """PocketSphinx's starts of phones, and the middles of closed lips, less espeak-ng's, in ms."""
    result: dict[str, object] = {}
    for voice in VOICES:
        espeak = own_espeak()
        starts: list[float] = []
        lips: list[float] = []
        accepted = 0
        lines = sentences()[:: max(1, len(sentences()) // count)][:count]
        for line in lines:
            sound = espeak.speak(line.said, voice, words_per_minute=160)
            truth = phones_of(sound, espeak.sample_rate)
            pcm = resample(sound.pcm, espeak.sample_rate, SAMPLE_RATE)
            try:
                found = aligner.align(pcm, dictionary_words(line.text, aligner.knows))
                found.check()
            except AlignmentFailed:
                continue
            accepted += 1
            for name in COMPARED:
                ours = [phone for phone in found.phones if phone.name == name]
                real = [phone for phone in truth if phone.name == name]
                if len(ours) != len(real):  # another pronunciation
                    continue
                pairs = list(zip(ours, real, strict=True))
                starts += [1e3 * (one.start - other.start) for one, other in pairs]
                if name in LIPS:
                    lips += [5e2 * (one.start + one.end - other.start - other.end) for one, other in pairs]
        result[voice] = {
            "sentences": len(lines),
            "accepted": accepted,
            "starts": _summary(starts),
            "middles of m b p": _summary(lips),
        }
    return result


def _summary(differences: list[float]) -> dict[str, float]:
    if not differences:
        return {"n": 0}
    size = np.abs(differences)
    return {
        "n": len(differences),
        "median_ms": round(float(np.median(differences)), 1),
        "median_absolute_ms": round(float(np.median(size)), 1),
        "p90_absolute_ms": round(float(np.percentile(size, 90)), 1),
    }


def main() -> None:
    """Measure and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--transcripts", type=Path, help="table of the prompts' words (tabs; prompt, text)")
    parser.add_argument("--bank", type=Path, default=default_folder(), help="whose transcripts are used too")
    parser.add_argument("--prompts", type=int, default=75, help="how many are tried with wrong words")
    parser.add_argument("--sentences", type=int, default=30, help="that espeak-ng speaks, a voice")
    parser.add_argument("--out", type=Path, default=Path("out/bench/alignment.json"))
    options = parser.parse_args()
    kept = options.bank / KEPT
    texts: dict[str, str] = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    texts |= read_table(options.transcripts) if options.transcripts else {}
    if not texts:
        raise SystemExit("no words of the prompts: give --transcripts, or make the bank: visavis corpus bank")
    aligner = Aligner()
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "refusals": refusals(aligner, texts, options.prompts),
        "times": times(aligner, options.sentences),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
