"""The packaged VITS voice speaks through Coqui's own ``Vits`` class."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speech.coqui import CoquiConfig, CoquiSynthesizer, SynthesisError, VoiceError
from speech.coqui.onnx_voice import OnnxVoice
from speech.spoken_text import read_tokens
from speech.synthesizer import SpeechChunk, SpokenWord

pytestmark = pytest.mark.slow
RATE = 24_000


@pytest.fixture(scope="module")
def joe(model_file: Callable[[str], Path]) -> Iterator[CoquiSynthesizer]:
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), max_chars=6_000)) as synthesizer:
        yield synthesizer


@pytest.fixture(scope="module")
def voice(model_file: Callable[[str], Path]) -> OnnxVoice:
    return OnnxVoice(model_file("joe"), CoquiConfig(model="joe"))


async def _speak(
    synthesizer: CoquiSynthesizer, text: str
) -> tuple[NDArray[np.float32], list[SpokenWord], list[SpeechChunk]]:
    chunks = [chunk async for chunk in synthesizer.synthesize(text)]
    pcm = np.concatenate([np.zeros(0, dtype=np.float32), *(chunk.pcm for chunk in chunks)])
    return pcm, [word for chunk in chunks for word in chunk.words], chunks


async def test_speech_is_24_khz_float_within_range_at_the_set_level(joe: CoquiSynthesizer) -> None:
    pcm, _, chunks = await _speak(joe, "Good morning, it is nice to see you.")
    assert pcm.dtype == np.float32 and pcm.ndim == 1
    assert np.max(np.abs(pcm)) <= 1.0
    assert 1.0 < len(pcm) / RATE < 5.0
    voiced = pcm[np.abs(pcm) > 0.01]
    assert -26 < 20 * np.log10(np.sqrt(np.mean(voiced**2))) < -14
    assert all(chunk.compute > 0 for chunk in chunks)


async def test_the_first_sound_comes_at_once_and_the_pause_is_bounded(joe: CoquiSynthesizer) -> None:
    pcm, _, _ = await _speak(joe, "Yes, of course.")
    loud = np.flatnonzero(np.abs(pcm) > 0.02) / RATE
    assert loud[0] < 0.06
    assert len(pcm) / RATE - loud[-1] < 0.35
    assert abs(pcm[0]) < 0.01 and pcm[-1] == 0.0


async def test_sound_begins_long_before_the_clause_is_ready(joe: CoquiSynthesizer) -> None:
    chunks = [chunk async for chunk in joe.synthesize("The museum opens at nine o'clock in the morning.")]
    assert len(chunks) >= 3
    assert len(chunks[0].pcm) < 0.3 * RATE


async def test_words_are_the_written_tokens_in_order_within_the_sound(joe: CoquiSynthesizer) -> None:
    text = "👋 In the end, **Dr. Smith** paid $5.20 at 10:30 — see https://example.com! 🎉"
    pcm, words, _ = await _speak(joe, text)
    assert " ".join(word.text for word in words) == text
    starts = [word.start for word in words]
    assert starts == sorted(starts)
    assert all(0 <= word.start < word.end <= len(pcm) / RATE for word in words)


async def test_a_word_begins_where_its_sound_begins(joe: CoquiSynthesizer) -> None:
    """After a pause the time of the next word can be seen in the sound itself."""
    pcm, words, _ = await _speak(joe, "Stop. Begin. Carry on.")
    for word in words[1:3]:
        at = round(word.start * RATE)
        before = np.sqrt(np.mean(pcm[at - 2_400 : at - 1_200] ** 2))
        after = np.sqrt(np.mean(pcm[at : at + 2_400] ** 2))
        assert after > 10 * before


async def test_words_come_in_the_chunk_where_they_begin(joe: CoquiSynthesizer) -> None:
    _, _, chunks = await _speak(
        joe, "First we wait. Then we go on. And that is all there is to say about it."
    )
    assert len(chunks) > 1
    begin = 0.0
    for chunk in chunks:
        end = begin + len(chunk.pcm) / RATE
        assert all(begin <= word.start < end for word in chunk.words)
        begin = end


async def test_the_same_text_sounds_the_same(joe: CoquiSynthesizer) -> None:
    first, first_words, _ = await _speak(joe, "The same again, please.")
    await _speak(joe, "Something else in between.")
    second, second_words, _ = await _speak(joe, "The same again, please.")
    np.testing.assert_array_equal(first, second)
    assert first_words == second_words


async def test_another_seed_is_another_rendition(
    joe: CoquiSynthesizer, model_file: Callable[[str], Path]
) -> None:
    first, _, _ = await _speak(joe, "The same again, please.")
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), seed=7)) as other:
        second, _, _ = await _speak(other, "The same again, please.")
    assert len(first) != len(second) or np.abs(first - second).max() > 0.05


async def test_five_thousand_characters_begin_early_and_stop_when_closed(joe: CoquiSynthesizer) -> None:
    text = ("When the rain stopped, we went out into the garden, and the air was clear. " * 70)[:5_000]
    begun = time.perf_counter()
    async with aclosing(joe.synthesize(text)) as chunks:
        chunk = await anext(chunks)
        first = time.perf_counter() - begun
    assert len(chunk.pcm) / RATE < 5.0, "the first piece is a clause, not the text"
    begun = time.perf_counter()
    await _speak(joe, "Yes.")
    assert time.perf_counter() - begun < max(2.0, 5 * first), "nothing of the closed text is still computed"


async def test_cancelling_leaves_the_voice_usable(joe: CoquiSynthesizer) -> None:
    task = asyncio.create_task(_speak(joe, "This is a long sentence that nobody will hear to its end. " * 20))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pcm, _, _ = await _speak(joe, "Yes.")
    assert len(pcm) > 0


async def test_two_texts_at_once_do_not_mix(joe: CoquiSynthesizer) -> None:
    texts = ["One two three four. Five six seven.", "Monday, Tuesday, Wednesday. Thursday and Friday."]
    alone = [await _speak(joe, text) for text in texts]
    together = await asyncio.gather(*(_speak(joe, text) for text in texts))
    for (pcm, words, _), (other, other_words, _) in zip(alone, together, strict=True):
        np.testing.assert_array_equal(pcm, other)
        assert words == other_words


async def test_the_event_loop_is_not_blocked(joe: CoquiSynthesizer) -> None:
    late: list[float] = []

    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.01)
            late.append(time.perf_counter() - begun - 0.01)

    ticker = asyncio.create_task(tick())
    await _speak(joe, "The loop goes on turning while this sentence is being computed. And this one, too.")
    ticker.cancel()
    assert len(late) > 10
    assert np.median(late) < 0.02


@pytest.mark.parametrize("text", ["", "   ", "😀 🎉", "...", "\x00", "---", "```"])
async def test_nothing_speakable_yields_no_chunk(joe: CoquiSynthesizer, text: str) -> None:
    assert (await _speak(joe, text))[2] == []


@pytest.mark.parametrize("text", ["Ω", "中文", "привет", "x" * 300, "ﷺ", "1" * 60, "a.b.c.d", "🤖ok"])
async def test_odd_texts_are_spoken_without_failing(joe: CoquiSynthesizer, text: str) -> None:
    pcm, words, _ = await _speak(joe, text)
    assert " ".join(word.text for word in words) in (text, "")
    assert np.isfinite(pcm).all()


async def test_a_text_that_is_too_long_is_refused_with_both_numbers(joe: CoquiSynthesizer) -> None:
    with pytest.raises(SynthesisError, match=r"6001 .*max_chars = 6000"):
        await anext(joe.synthesize("a" * 6_001))


async def test_a_call_that_takes_too_long_is_an_error(model_file: Callable[[str], Path]) -> None:
    config = CoquiConfig(model=str(model_file("joe")), timeout=0.1, piece_chars=400, first_piece_chars=400)
    with (
        CoquiSynthesizer(config) as hurried,
        pytest.raises(SynthesisError, match=r"timeout = 0\.1 s.*raise the limit"),
    ):
        await _speak(hurried, "never ending words " * 20)


async def test_a_closed_voice_says_so(model_file: Callable[[str], Path]) -> None:
    synthesizer = CoquiSynthesizer(CoquiConfig(model=str(model_file("joe"))))
    synthesizer.close()
    synthesizer.close()
    with pytest.raises(SynthesisError, match="closed"):
        await anext(synthesizer.synthesize("Hello."))


async def test_a_slower_pace_is_longer(joe: CoquiSynthesizer, model_file: Callable[[str], Path]) -> None:
    normal, _, _ = await _speak(joe, "How long does this sentence take to say?")
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), length_scale=1.5)) as slow:
        longer, _, _ = await _speak(slow, "How long does this sentence take to say?")
    assert 1.25 < len(longer) / len(normal) < 1.7


def _median_pitch(pcm: NDArray[np.float32]) -> float:
    """Median fundamental frequency, Hz."""
    found, _, _ = librosa.pyin(pcm, fmin=60, fmax=350, sr=RATE, frame_length=2_048)
    return float(np.nanmedian(found))


async def test_raised_pitch_is_another_voice_at_the_same_pace(
    joe: CoquiSynthesizer, model_file: Callable[[str], Path]
) -> None:
    text = "What is the weather going to be like tomorrow morning?"
    low, _, _ = await _speak(joe, text)
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), pitch=1.2)) as raised:
        high, words, _ = await _speak(raised, text)
    assert _median_pitch(high) / _median_pitch(low) == pytest.approx(1.2, abs=0.08)
    assert len(high) / len(low) == pytest.approx(1.0, abs=0.12)
    assert words[-1].end <= len(high) / RATE


@settings(max_examples=15, deadline=None)
@given(st.text(max_size=60) | st.text("abc 1$5.,!?-'", max_size=60))
def test_every_token_of_any_text_gets_a_time(voice: OnnxVoice, text: str) -> None:
    tokens = read_tokens(text)[:12]
    if not tokens:
        return
    sounds = list(voice.speak(tokens, 0))
    if not sounds:
        return
    assert [sound.last for sound in sounds] == [False] * (len(sounds) - 1) + [True]
    times = [entry for sound in sounds for entry in sound.times]
    assert [entry.token for entry in times] == list(range(len(tokens)))
    assert all(entry.start <= entry.end for entry in times)
    assert times[-1].end <= sum(len(sound.pcm) for sound in sounds) / voice.sample_rate + 1e-6


def _voice(folder: Path, description: object, model: bytes = b"nonsense") -> CoquiConfig:
    path = folder / "voice.onnx"
    path.write_bytes(model)
    (folder / "voice.onnx.json").write_text(
        description if isinstance(description, str) else json.dumps(description)
    )
    return CoquiConfig(model=str(path))


_DESCRIPTION = {
    "audio": {"sample_rate": 22050},
    "espeak": {"voice": "en-us"},
    "phoneme_id_map": {"_": [0], "^": [1], "$": [2]},
}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("{", "isn't that of a Piper voice"),
        ("[]", "isn't that of a Piper voice"),
        ({}, "phoneme_id_map"),
        (_DESCRIPTION | {"phoneme_type": "text"}, "only espeak"),
        (_DESCRIPTION | {"phoneme_id_map": {"a": [1]}}, "maps no id to _"),
        (_DESCRIPTION | {"audio": {"sample_rate": 5}}, "sample_rate"),
        (_DESCRIPTION, "can't be loaded.*install it again"),
    ],
)
def test_a_broken_voice_says_what_is_wrong(tmp_path: Path, description: object, message: str) -> None:
    with pytest.raises(VoiceError, match=message):
        CoquiSynthesizer(_voice(tmp_path, description))


def test_a_voice_without_description_says_which_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "voice.onnx").write_bytes(b"")
    with pytest.raises(VoiceError, match=r"voice\.onnx\.json beside it"):
        CoquiSynthesizer(CoquiConfig(model=str(tmp_path / "voice.onnx")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speaker": "anna"}, "one speaker"),
        ({"language": "de"}, "speaks en-us, not de"),
        ({"device": "cuda"}, "CPU only"),
    ],
)
def test_options_that_the_voice_has_not_are_refused(
    model_file: Callable[[str], Path], options: dict[str, str], message: str
) -> None:
    with pytest.raises(VoiceError, match=message):
        CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")), **options))
