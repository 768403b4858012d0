"""The recogniser on real speech, on what is no speech, and under cancellation."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest
from whisper.normalizers import EnglishTextNormalizer

from speech.audio import load_audio
from speech.recognizer import Recognizer
from speech.whisper import (
    ModelFileError,
    RecognizerBusyError,
    RecognizerTimeoutError,
    UtteranceError,
    WhisperConfig,
    WhisperRecognizer,
)

SECOND = 16_000  # samples


@pytest.fixture(scope="module")
def whisper_config(model_file: Callable[[str], Path]) -> WhisperConfig:
    return WhisperConfig(model=str(model_file("whisper-tiny.en")), threads=1, max_pending=4)


@pytest.fixture(scope="module")
def whisper_tiny(whisper_config: WhisperConfig) -> Iterator[WhisperRecognizer]:
    recognizer = WhisperRecognizer(whisper_config)
    yield recognizer
    recognizer.close()


@pytest.fixture
async def whisper_fresh(whisper_tiny: WhisperRecognizer) -> AsyncIterator[WhisperRecognizer]:
    """The shared model with its counts at zero."""
    whisper_tiny.counts.clear()
    yield whisper_tiny


@pytest.fixture(scope="module")
def whisper_sound(asterisk_prompts: dict[str, Path]) -> Callable[[str], np.ndarray]:
    return lambda name: load_audio(asterisk_prompts[name])


def sounds(kind: str, seconds: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    at = np.arange(round(seconds * SECOND)) / SECOND
    waves = {
        "hiss": rng.normal(0, 0.02, len(at)),
        "hum": 0.05 * np.sin(2 * np.pi * 100 * at),
        "breath": rng.normal(0, 0.03, len(at)) * np.sin(np.pi * at / seconds) ** 2,
        "faint hiss": rng.normal(0, 0.003, len(at)),
    }
    return waves[kind].astype(np.float32)


async def test_it_is_a_recognizer_and_hears_a_sentence_with_its_words(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    recognizer: Recognizer = whisper_fresh
    pcm = whisper_sound("vm-nobodyavail")
    heard = await recognizer.transcribe(pcm)
    assert heard.text == "Nobody is available to take your call at the moment."
    assert heard.rejected == "" and heard.language == "en" and heard.compute > 0
    assert " ".join(word.text for word in heard.words) == heard.text
    times = [moment for word in heard.words for moment in (word.start, word.end)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= len(pcm) / SECOND
    assert all(0 < word.probability <= 1 for word in heard.words)


async def test_partial_results_have_the_same_text_and_no_words(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    heard = await whisper_fresh.transcribe(whisper_sound("conf-now-muted"), words=False)
    assert heard.text == "The conference is now muted." and heard.words == ()


async def test_the_same_sound_gives_the_same_transcript_whatever_came_before(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    first = await whisper_fresh.transcribe(whisper_sound("conf-now-muted"))
    await whisper_fresh.transcribe(whisper_sound("vm-nobodyavail"))
    again = await whisper_fresh.transcribe(whisper_sound("conf-now-muted"))
    assert (again.text, again.words) == (first.text, first.words)


@pytest.mark.parametrize("samples", [0, 1, 639, 2 * SECOND, 45 * SECOND])
async def test_silence_of_any_length_is_no_text(whisper_fresh: WhisperRecognizer, samples: int) -> None:
    heard = await whisper_fresh.transcribe(np.zeros(samples, np.float32))
    assert (heard.text, heard.words, heard.rejected) == ("", (), "silence")
    assert whisper_fresh.counts["silence"] >= 1


async def test_one_loud_sample_is_no_text(whisper_fresh: WhisperRecognizer) -> None:
    heard = await whisper_fresh.transcribe(np.ones(1, np.float32))
    assert heard.text == "" and heard.rejected == "hallucination"


@pytest.mark.parametrize("kind", ["hiss", "hum", "breath", "faint hiss"])
async def test_text_is_not_made_of_noise(whisper_fresh: WhisperRecognizer, kind: str) -> None:
    heard = await whisper_fresh.transcribe(sounds(kind, 3))
    assert heard.text == "" and heard.words == ()
    assert heard.rejected in {"silence", "hallucination"}
    assert whisper_fresh.counts[heard.rejected] == 1


async def test_a_spoken_thank_you_is_not_taken_for_silence(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    heard = await whisper_fresh.transcribe(whisper_sound("auth-thankyou"))
    assert heard.text == "Thank you." and heard.rejected == ""


async def test_a_decoding_loop_is_retried_with_the_full_window(
    whisper_fresh: WhisperRecognizer, asterisk_prompts: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    """The spoken letter "dot" makes tiny.en say "dot dot dot" without end in the short window."""
    dot = load_audio(asterisk_prompts["vm-nobodyavail"].parent / "letters" / "dot.wav")
    with caplog.at_level(logging.WARNING):
        heard = await whisper_fresh.transcribe(dot)
    assert whisper_fresh.counts["retried"] == 1 and "looped" in caplog.text
    assert heard.rejected == "loop" or len(heard.text) < 40


async def test_what_still_loops_after_the_retry_is_rejected_as_a_loop(
    whisper_config: WhisperConfig, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    """A compression limit that every sentence breaks stands for speech that loops in both passes."""
    recognizer = WhisperRecognizer(whisper_config.model_copy(update={"compression_threshold": 1.0}))
    try:
        pcm = np.concatenate([whisper_sound("conf-now-muted")] * 4)
        heard = await recognizer.transcribe(pcm)
    finally:
        recognizer.close()
    assert (heard.text, heard.rejected) == ("", "loop")
    assert recognizer.counts["retried"] == recognizer.counts["loop"] == 1


@pytest.mark.slow
async def test_speech_longer_than_the_window_is_heard_to_its_end(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    pause = np.zeros(9 * SECOND, np.float32)
    names = ("conf-now-muted", "vm-nobodyavail", "conf-now-muted", "vm-nobodyavail")
    pcm = np.concatenate([piece for name in names for piece in (whisper_sound(name), pause)])
    assert len(pcm) > 40 * SECOND
    heard = await whisper_fresh.transcribe(pcm)
    assert heard.text.lower().count("muted") == 2 and heard.text.lower().count("moment") == 2
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts)
    second_half = len(pcm) / SECOND / 2
    assert [word.text for word in heard.words if word.text.startswith("muted") and word.start > second_half]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (np.zeros((2, 16_000), np.float32), r"\(2, 16000\)"),
        (np.zeros(16_000, np.float64), "float64"),
        (np.zeros(16_000, np.int16), "int16"),
        (np.full(16_000, np.nan, np.float32), "NaN"),
        (np.full(16_000, np.inf, np.float32), "infinity"),
        (np.zeros(600 * SECOND, np.float32), "600.0 s of sound are more than the limit of 120 s"),
    ],
    ids=["two channels", "double", "integers", "NaN", "infinite", "ten minutes"],
)
async def test_what_is_no_utterance_is_refused_with_its_remedy(
    whisper_fresh: WhisperRecognizer, bad: np.ndarray, reason: str
) -> None:
    with pytest.raises(UtteranceError, match=reason):
        await whisper_fresh.transcribe(bad)


async def test_clipped_speech_is_still_heard(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    heard = await whisper_fresh.transcribe(np.clip(8 * whisper_sound("conf-now-muted"), -1, 1))
    assert "muted" in heard.text


async def test_a_cancelled_request_stops_and_frees_the_model_for_the_next(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    long = np.concatenate([whisper_sound("tt-allbusy")] * 3)
    begin = time.perf_counter()
    await whisper_fresh.transcribe(long)
    whole = time.perf_counter() - begin
    stale = asyncio.create_task(whisper_fresh.transcribe(long))
    await asyncio.sleep(whole / 2)
    assert stale.cancel()
    begin = time.perf_counter()
    heard = await whisper_fresh.transcribe(np.zeros(10, np.float32))
    assert time.perf_counter() - begin < whole / 2
    assert heard.rejected == "silence" and stale.cancelled()
    assert whisper_fresh.counts["stopped"] == 1


async def test_a_request_cancelled_while_it_waits_never_runs(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    first = asyncio.create_task(whisper_fresh.transcribe(whisper_sound("conf-now-muted")))
    await asyncio.sleep(0)
    second = asyncio.create_task(whisper_fresh.transcribe(whisper_sound("vm-nobodyavail")))
    await asyncio.sleep(0)
    second.cancel()
    assert (await first).text == "The conference is now muted."
    await whisper_fresh.transcribe(np.zeros(0, np.float32))
    assert whisper_fresh.counts["transcribed"] == 2


async def test_the_event_loop_keeps_its_time_while_the_model_works(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    task = asyncio.create_task(whisper_fresh.transcribe(whisper_sound("tt-allbusy")))
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks >= 10


async def test_more_requests_than_the_bound_are_refused(whisper_fresh: WhisperRecognizer) -> None:
    noise = sounds("hiss", 2)
    tasks = [asyncio.create_task(whisper_fresh.transcribe(noise)) for _ in range(4)]
    await asyncio.sleep(0)
    with pytest.raises(RecognizerBusyError, match="4 requests"):
        await whisper_fresh.transcribe(noise)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (await whisper_fresh.transcribe(np.zeros(0, np.float32))).rejected == "silence"


async def test_the_caller_may_overwrite_its_buffer_at_once(
    whisper_fresh: WhisperRecognizer, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    buffer = whisper_sound("conf-now-muted").copy()
    task = asyncio.create_task(whisper_fresh.transcribe(buffer))
    await asyncio.sleep(0)
    buffer[:] = 0
    assert (await task).text == "The conference is now muted."


async def test_a_transcription_over_its_time_limit_fails_and_one_after_close_is_refused(
    whisper_config: WhisperConfig, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    recognizer = WhisperRecognizer(whisper_config.model_copy(update={"timeout": 0.02}))
    with pytest.raises(RecognizerTimeoutError, match=r"0\.02 s"):
        await recognizer.transcribe(whisper_sound("tt-allbusy"))
    assert recognizer.counts["timeout"] == 1
    recognizer.close()
    with pytest.raises(RuntimeError, match="closed"):
        await recognizer.transcribe(np.zeros(0, np.float32))


async def test_closing_ends_what_runs(
    whisper_config: WhisperConfig, whisper_sound: Callable[[str], np.ndarray]
) -> None:
    recognizer = WhisperRecognizer(whisper_config)
    await recognizer.warm_up()
    task = asyncio.create_task(recognizer.transcribe(whisper_sound("tt-allbusy")))
    await asyncio.sleep(0.05)
    recognizer.close()
    with pytest.raises(RuntimeError, match="closed"):
        await task


def test_reading_the_options_does_not_import_torch() -> None:
    code = "import sys; from speech.whisper import WhisperConfig; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2], timeout=60)


def test_a_missing_model_is_said_when_the_recogniser_is_made(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="nothing-here"):
        WhisperRecognizer(WhisperConfig(model=str(tmp_path / "nothing-here")))


@pytest.mark.slow
async def test_multilingual_base_detects_english_and_gets_a_dozen_prompts_right(
    model_file: Callable[[str], Path],
    asterisk_prompts: dict[str, Path],
    asterisk_transcripts: dict[str, str],
) -> None:
    names = [name for name in sorted(asterisk_transcripts) if name.startswith("conf-")][:12]
    normalize = EnglishTextNormalizer()
    recognizer = WhisperRecognizer(
        WhisperConfig(model=str(model_file("whisper-base")), language=None, threads=1)
    )
    try:
        heard = [await recognizer.transcribe(load_audio(asterisk_prompts[name])) for name in names]
    finally:
        recognizer.close()
    assert {transcript.language for transcript in heard} == {"en"}
    reference = [normalize(asterisk_transcripts[name]) for name in names]
    wer = jiwer.wer(reference, [normalize(transcript.text) for transcript in heard])
    print(f"whisper-base, short window, {len(names)} prompts: WER {100 * wer:.1f} %")
    assert len(names) == 12 and wer < 0.08
