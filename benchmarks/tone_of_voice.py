"""How far the packaged voice follows the emotion of what it says, and whether it is still understood.

    python -m benchmarks.tone_of_voice [--out out/bench/tone_of_voice.json]

The first ten sentences of `benchmarks.synthesizer` are said plainly and in each of the default tones,
wholly (as they are configured) and at the default strength; then 12 sentences with an emotion of their own,
which nothing was tuned on, as it is read in them. Pace is the words' own time against the plain
rendition's, pitch the median of voiced frames, level the RMS of loud parts; medians over sentences. Read
back by Whisper tiny.en. Besides: how loud the voices say their soft words against how loud they speak,
before they are levelled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from whisper.normalizers import EnglishTextNormalizer

from agents.emotion import Emotion, emotion_of
from benchmarks.synthesizer import SENTENCES
from orchestration.aside import trimmed
from orchestration.asides import REFERENCE
from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.configuration.emotion import VoiceToneConfig
from orchestration.media import AGENT_SAMPLE_RATE, USER_FRAME_SAMPLES, USER_SAMPLE_RATE, FloatArray
from orchestration.tones import manner_for
from speech.audio import resample
from speech.coqui import CoquiSynthesizer
from speech.levels import active_level
from speech.manner import PLAIN, Manner
from speech.pitch import PitchTracker
from speech.whisper import WhisperRecognizer

JOY, SADNESS, ALARM = Emotion(1.0, 0.6), Emotion(-1.0, 0.6), Emotion(-1.0, 1.0)
GOOD = (
    "What a beautiful morning, I am glad that you came.",
    "Your children will have a wonderful time in the planetarium.",
    "Congratulations, you have won two free tickets.",
    "I am delighted to hear that you enjoyed the tour.",
    "Perfect, that is an excellent choice.",
    "Thank you, it was a pleasure to talk with you.",
)
BAD = (
    "I am afraid that the exhibition was cancelled.",
    "Sadly, we lost the painting in a terrible fire.",
    "I am sorry to hear that you are ill.",
    "Unfortunately, your bag was stolen.",
    "The old tower was destroyed in the war.",
    "That must have been a painful disappointment.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence as it sounded."""

    pcm: FloatArray
    seconds: float  # from the first word's beginning to the last one's end
    hz: float
    level: float

    @staticmethod
    async def by(voice: CoquiSynthesizer, manner: Manner, text: str) -> Said:
        """What ``voice`` makes of ``text``."""
        chunks = [chunk async for chunk in voice.synthesize_in(manner, text)]
        pcm = np.concatenate([chunk.pcm for chunk in chunks])
        words = [word for chunk in chunks for word in chunk.words]
        heard, tracker = resample(pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE), PitchTracker()
        whole = heard[: len(heard) // USER_FRAME_SAMPLES * USER_FRAME_SAMPLES]
        hz = np.nanmedian([tracker.step(frame).hz for frame in whole.reshape(-1, USER_FRAME_SAMPLES)])
        return Said(pcm, words[-1].end - words[0].start, float(hz), active_level(pcm, AGENT_SAMPLE_RATE))


class Bench:
    """The packaged voice and who reads it back."""

    def __init__(self, configuration: Configuration) -> None:
        self.voice = CoquiSynthesizer(configuration.synthesizer)
        self.recognizer = WhisperRecognizer(configuration.recognizer)

    async def word_errors(self, texts: Sequence[str], said: Sequence[Said]) -> float:
        """Word error rate of what is understood, %."""
        normalise = EnglishTextNormalizer()
        heard = []
        for one in said:
            pcm = resample(one.pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE)
            heard.append(normalise((await self.recognizer.transcribe(pcm, words=False)).text))
        return 100 * float(jiwer.wer([normalise(text) for text in texts], heard))

    async def plainly(self, texts: Sequence[str]) -> list[Said]:
        """The sentences as the voice says them by itself."""
        return [await Said.by(self.voice, PLAIN, text) for text in texts]

    async def measure(
        self, texts: Sequence[str], plain: Sequence[Said], manner_of: Callable[[str], Manner]
    ) -> dict[str, float]:
        """What the manners change in the sentences, medians."""
        moved = [await Said.by(self.voice, manner_of(text), text) for text in texts]
        pairs = list(zip(plain, moved, strict=True))
        return {
            "pace_percent": 100 * float(np.median([p.seconds / m.seconds for p, m in pairs]) - 1),
            "pitch_percent": 100 * float(np.median([m.hz / p.hz for p, m in pairs]) - 1),
            "gain_db": float(np.median([20 * np.log10(m.level / p.level) for p, m in pairs])),
            "word_errors_percent": await self.word_errors(texts, moved),
        }

    async def soft_words(self, words: Sequence[str], voices: Sequence[str]) -> dict[str, list[float]]:
        """How loud each voice says ``words``, dB against its speech."""

        async def level(text: str, voice: str) -> float:
            pcm = [chunk.pcm async for chunk in self.voice.synthesize(text, voice)]
            return active_level(trimmed(np.concatenate(pcm)), AGENT_SAMPLE_RATE)

        return {
            voice: [
                20 * float(np.log10(await level(w, voice) / await level(REFERENCE, voice))) for w in words
            ]
            for voice in voices
        }

    def close(self) -> None:
        """Give the models back."""
        self.voice.close()
        self.recognizer.close()


async def run(bench: Bench, configuration: Configuration) -> dict[str, Any]:
    """All of it."""
    tones, whole = configuration.emotion.voice, VoiceToneConfig(strength=1)
    texts = SENTENCES[:10]
    plain = await bench.plainly(texts)
    report: dict[str, Any] = {"strength": tones.strength}
    report["plain"] = {"word_errors_percent": await bench.word_errors(texts, plain)}
    for name, felt in (("joy", JOY), ("sadness", SADNESS), ("alarm", ALARM)):
        for extent, options in (("whole", whole), ("default", tones)):
            manner = manner_for(felt, options)
            report[f"{name}, {extent}"] = await bench.measure(texts, plain, lambda _, manner=manner: manner)
    for name, news in (("good news", GOOD), ("bad news", BAD)):
        said = await bench.plainly(news)
        found = await bench.measure(news, said, lambda text: manner_for(emotion_of(text), tones))
        report[name] = {**found, "plain_word_errors_percent": await bench.word_errors(news, said)}
    synthesizer, listening = configuration.synthesizer, configuration.listening
    report["soft_words_db"] = await bench.soft_words(listening.sounds, list(synthesizer.voices))
    return report


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/bench/tone_of_voice.json"))
    options = parser.parse_args()
    configuration = resolve_models(load_configuration("default"))
    bench = Bench(configuration)
    try:
        report = asyncio.run(run(bench, configuration))
    finally:
        bench.close()
    report = json.loads(json.dumps(report), parse_float=lambda number: round(float(number), 2))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")
    for name, found in report.items():
        print(f"{name}: {json.dumps(found)}")


if __name__ == "__main__":
    main()
