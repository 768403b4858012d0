# ruff: noqa: RUF001 - these are phonetic letters
"""Kokoro speaks: it's understood, its words are timed, and who isn't there is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest
import soxr
from whisper.normalizers import EnglishTextNormalizer

from speech.coqui import CoquiConfig, SynthesisError, VoiceError
from speech.coqui.opening import open_voice
from speech.espeak import shared_espeak
from speech.kokoro.files import speakers
from speech.kokoro.phonemes import from_ipa
from speech.kokoro.timing import SAMPLE_RATE
from speech.kokoro.voice import LONGEST, KokoroVoice
from speech.manner import PLAIN, Manner
from speech.spoken_text import Token, read_tokens
from speech.whisper import WhisperConfig, WhisperRecognizer

SENTENCES = (
    "We sold apples and pears.",
    "The ticket costs $5.20.",
    "Dr. Smith lives in London.",
)


@pytest.fixture(scope="module")
def voice(model_file: Callable[[str], Path]) -> Iterator[KokoroVoice]:
    opened = open_voice(CoquiConfig(model=str(model_file("kokoro")), speaker="af_heart"))
    assert isinstance(opened, KokoroVoice)
    yield opened
    opened.close()


def _said(voice: KokoroVoice, text: str, manner: Manner = PLAIN) -> np.ndarray:
    return np.concatenate([sound.pcm for sound in voice.speak(read_tokens(text), 0, manner)])


@pytest.mark.parametrize(
    ("word", "language", "letters"),
    [
        pytest.param("day", "en-us", "dˈA", id="a diphthong is one letter"),
        pytest.param("judge", "en-us", "ʤˈʌʤ", id="so is an affricate"),
        pytest.param("home", "en-us", "hˈOm", id="Americans say O"),
        pytest.param("home", "en-gb", "hˈQm", id="the British say Q"),
        pytest.param("bird", "en-us", "bˈɜɹd", id="Americans sound their R"),
        pytest.param("bird", "en-gb", "bˈɜːd", id="the British lengthen the vowel instead"),
        pytest.param("see", "en-us", "sˈi", id="an American vowel has no length"),
        pytest.param("there", "en-gb", "ðˈɛː", id="a British diphthong that is a long vowel now"),
        pytest.param("little", "en-us", "lˈɪTᵊl", id="a flap, and an L that is a syllable"),
        pytest.param("button", "en-us", "bˈʌtᵊn", id="a stop in the throat, and an N that is a syllable"),
        pytest.param("along", "en-us", "əlˈɔŋ", id="an L that begins a syllable is none itself"),
    ],
)
def test_ipa_becomes_the_letters_that_kokoro_knows(word: str, language: str, letters: str) -> None:
    assert from_ipa(shared_espeak().phonemize(word, language), british=language == "en-gb") == letters


@pytest.mark.slow
async def test_what_kokoro_says_is_understood(voice: KokoroVoice, model_file: Callable[[str], Path]) -> None:
    listener = WhisperRecognizer(WhisperConfig(model=str(model_file("whisper-tiny.en"))))
    heard = []
    for text in SENTENCES:
        sound = soxr.resample(_said(voice, text), SAMPLE_RATE, 16_000).astype(np.float32)
        heard.append((await listener.transcribe(sound, words=False)).text)
    listener.close()
    normalize = EnglishTextNormalizer()
    assert jiwer.wer([*map(normalize, SENTENCES)], [*map(normalize, heard)]) <= 0.08, heard


@pytest.mark.slow
def test_words_follow_each_other_within_the_sound_and_the_same_text_is_the_same_sound(
    voice: KokoroVoice,
) -> None:
    tokens = read_tokens("In the end, Tom saw me.")
    [sound] = voice.speak(tokens, 0)
    [again] = voice.speak(tokens, 1)
    assert np.array_equal(sound.pcm, again.pcm)
    assert sound.last
    assert [time.token for time in sound.times] == list(range(len(tokens)))
    edges = [edge for time in sound.times for edge in (time.start, time.end)]
    assert edges == sorted(edges)
    assert all(time.end - time.start > 0.05 for time in sound.times)
    assert edges[0] > 0.2 and edges[-1] < len(sound.pcm) / SAMPLE_RATE
    loud = np.abs(sound.pcm) > 0.05 * np.max(np.abs(sound.pcm))
    begins, ends = np.flatnonzero(loud)[[0, -1]] / SAMPLE_RATE
    assert sound.times[0].start == pytest.approx(begins, abs=0.06)
    assert sound.times[-1].end == pytest.approx(ends, abs=0.06)


@pytest.mark.slow
def test_another_pace_and_another_speaker_share_the_model(
    voice: KokoroVoice, model_file: Callable[[str], Path]
) -> None:
    usual = _said(voice, "It is closed.")
    slow = _said(voice, "It is closed.", Manner(pace=0.8))
    assert len(slow) / len(usual) == pytest.approx(1 / 0.8, rel=0.08)
    british = voice.variant(CoquiConfig(model=str(model_file("kokoro")), speaker="bf_emma"))
    assert (voice.language, british.language) == ("en-us", "en-gb")
    assert not np.array_equal(_said(british, "It is closed."), usual)


@pytest.mark.slow
def test_nothing_speakable_gives_no_sound(voice: KokoroVoice) -> None:
    assert list(voice.speak((Token("你好", ""),), 0)) == []


@pytest.mark.slow
def test_a_piece_with_too_many_symbols_is_said_in_parts_and_a_word_with_too_many_is_refused(
    voice: KokoroVoice,
) -> None:
    tokens = read_tokens(", ".join(["one two three four five six seven"] * 18))
    parts = list(voice._parts(tokens))
    assert len(parts) == 2
    assert tuple(token for part, _ in parts for token in part) == tokens
    assert all(len(symbols.ids) - 2 <= LONGEST for _, symbols in parts)
    assert parts[0][0][-1].ends_clause
    with pytest.raises(SynthesisError, match=rf"symbols, and Kokoro says at most {LONGEST} at once; lower"):
        next(voice.speak((Token("long", "banana " * 100),), 0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param(
            {"speaker": "af_nobody"}, "no speaker 'af_nobody'; it has af_alloy, .*bm_lewis", id="who"
        ),
        pytest.param(
            {"speaker": "bf_emma", "language": "en-us"}, "bf_emma speaks en-gb, not en-us", id="accent"
        ),
        pytest.param({"language": "de"}, "af_heart speaks en-us, not de", id="language"),
        pytest.param(
            {"speaker_wav": "me.wav"}, "clones nobody; .*set speaker to one of af_alloy", id="clone"
        ),
        pytest.param({"device": "cuda"}, "runs on the CPU only; remove device: cuda", id="device"),
    ],
)
def test_what_kokoro_cannot_do_is_said_before_it_is_loaded(
    model_file: Callable[[str], Path], changes: dict[str, str], message: str
) -> None:
    with pytest.raises(VoiceError, match=message):
        open_voice(CoquiConfig(model=str(model_file("kokoro")), **changes))


def test_a_folder_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "kokoro.onnx").write_bytes(b"")
    with pytest.raises(VoiceError, match=r"no speaker 'af_heart'; it has nobody: .*install it again"):
        open_voice(CoquiConfig(model=str(tmp_path)))
    (tmp_path / "voices" / "af_heart.bin").write_bytes(b"1234" * 300)
    assert speakers(tmp_path) == ("af_heart",)
    with pytest.raises(VoiceError, match=r"300 numbers, no multiple of 256"):
        open_voice(CoquiConfig(model=str(tmp_path)))
    (tmp_path / "voices" / "af_heart.bin").write_bytes(b"1234" * 512)
    with pytest.raises(VoiceError, match=r"needs its config\.json"):
        open_voice(CoquiConfig(model=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"vocab": {"a": 1}}')
    with pytest.raises(VoiceError, match="isn't the description of a Kokoro model"):
        open_voice(CoquiConfig(model=str(tmp_path)))
    (tmp_path / "config.json").write_text('{"vocab": {"a": 1}, "plbert": {}}')
    with pytest.raises(VoiceError, match=r"isn't Kokoro's graph|can't be loaded"):
        open_voice(CoquiConfig(model=str(tmp_path)))
