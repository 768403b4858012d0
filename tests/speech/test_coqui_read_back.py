"""What the packaged voices say is understood by a recogniser that has never seen the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soxr
from whisper.normalizers import EnglishTextNormalizer

from speech.coqui import CoquiConfig, CoquiSynthesizer
from speech.manner import PLAIN, Manner
from speech.whisper import WhisperConfig, WhisperRecognizer

pytestmark = pytest.mark.slow

SENTENCES = (
    ("The farmer sold apples and pears at the market.", None),
    ("We met at 10:30 on May 5, 2024.", None),
    ("The ticket costs $12.50, and children pay half.", None),
    ("👋 **Hello**, it's a pleasure to meet you!", "Hello, it's a pleasure to meet you."),
    ("Dr. Smith lives 3 km from the station.", "Doctor Smith lives three kilometers from the station."),
)
MOVED = "The last tour of the day begins at a quarter past four."
QUESTIONS = (
    "What time does the library close tonight?",
    "Can you recommend a good restaurant near the station?",
    "How far is it from London to Paris?",
    "Where did you learn to play the guitar?",
    "Why is the sky blue during the day?",
    "Have you ever been to the mountains in winter?",
    "What should I cook for my friends on Sunday?",
    "How many people live in your city?",
    "Could you tell me a short story about a dog?",
    "What kind of music do you like to listen to?",
)


@pytest.fixture(scope="module")
def listener(model_file: Callable[[str], Path]) -> Iterator[WhisperRecognizer]:
    recognizer = WhisperRecognizer(WhisperConfig(model=str(model_file("whisper-tiny.en"))))
    yield recognizer
    recognizer.close()


async def _heard(
    listener: WhisperRecognizer, voice: CoquiSynthesizer, texts: Sequence[str], manner: Manner = PLAIN
) -> list[str]:
    heard = []
    for text in texts:
        pcm = np.concatenate([chunk.pcm async for chunk in voice.synthesize_in(manner, text)])
        sound = soxr.resample(pcm, 24_000, 16_000).astype(np.float32)
        heard.append((await listener.transcribe(sound, words=False)).text)
    return heard


async def test_written_text_is_understood_when_spoken(
    listener: WhisperRecognizer, model_file: Callable[[str], Path]
) -> None:
    normalize = EnglishTextNormalizer()
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")))) as joe:
        heard = await _heard(listener, joe, [written for written, _ in SENTENCES])
        moved = [
            *await _heard(listener, joe, [MOVED], Manner(pace=0.88, pitch=0.92, gain_db=-3)),
            *await _heard(listener, joe, [MOVED], Manner(pace=1.1, pitch=1.1, gain_db=1.5)),
        ]
    wanted = [normalize(said or written) for written, said in SENTENCES]
    assert jiwer.wer(wanted, [normalize(text) for text in heard]) <= 0.12, heard
    assert moved == [MOVED] * 2, "sadly and gladly"


async def test_a_simulated_user_with_raised_pitch_is_understood(
    listener: WhisperRecognizer, model_file: Callable[[str], Path]
) -> None:
    normalize = EnglishTextNormalizer()
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), pitch=1.2)) as user:
        heard = await _heard(listener, user, QUESTIONS)
    measured = jiwer.process_words([*map(normalize, QUESTIONS)], [*map(normalize, heard)])
    words = measured.hits + measured.substitutions + measured.deletions
    assert measured.hits / words >= 0.9, heard
