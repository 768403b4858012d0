# ruff: noqa: RUF001 - the International Phonetic Alphabet
"""espeak-ng as a voice: sound and the phonemes in it."""

from __future__ import annotations

import numpy as np
import pytest

from speech.espeak import Espeak, EspeakError, own_espeak, shared_espeak

TEXT = "Bob put the map above my pie."


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return own_espeak()


def test_a_sentence_is_sound_of_a_sentence_s_length(espeak: Espeak) -> None:
    sound = espeak.speak(TEXT, "en-us")
    assert sound.pcm.dtype == np.float32
    assert 1.0 < len(sound.pcm) / espeak.sample_rate < 4.0
    assert 0.1 < np.abs(sound.pcm).max() <= 1.0


def test_phonemes_follow_one_another_to_the_end_and_are_those_of_the_text(espeak: Espeak) -> None:
    sound = espeak.speak(TEXT, "en-us")
    for before, after in zip(sound.phonemes, sound.phonemes[1:], strict=False):
        assert before.start < before.end == after.start
    assert sound.phonemes[-1].end == pytest.approx(len(sound.pcm) / espeak.sample_rate)
    said = [phoneme.ipa for phoneme in sound.phonemes if phoneme.ipa]
    assert said[:4] == ["b", "ɑː", "b", "p"]
    assert said[-2:] == ["p", "aɪ"]


def test_a_phoneme_s_time_is_where_it_sounds(espeak: Espeak) -> None:
    sound = espeak.speak("A sea, a sea.", "en-us")
    hisses = [p for p in sound.phonemes if p.ipa == "s"]
    assert len(hisses) == 2
    for hiss in hisses:
        inside = sound.pcm[round(hiss.start * espeak.sample_rate) : round(hiss.end * espeak.sample_rate)]
        crossings = np.mean(np.diff(np.signbit(inside)))  # noise changes sign far more often than a voice
        vowel = next(p for p in sound.phonemes if p.start >= hiss.end)
        voiced = sound.pcm[round(vowel.start * espeak.sample_rate) : round(vowel.end * espeak.sample_rate)]
        assert crossings > 3 * np.mean(np.diff(np.signbit(voiced)))


def test_speakers_pace_and_pitch_change_the_sound(espeak: Espeak) -> None:
    def length(**options: int) -> float:
        return len(espeak.speak(TEXT, "en-us", **options).pcm) / espeak.sample_rate

    assert length(words_per_minute=110) > 1.3 * length(words_per_minute=220)
    alone, low, woman = (
        np.abs(np.fft.rfft(espeak.speak(TEXT, voice, pitch=pitch).pcm, 1 << 17))
        for voice, pitch in (("en-us", 50), ("en-us", 0), ("en-us+f3", 50))
    )
    for other in (low, woman):
        similarity = np.dot(alone, other) / np.linalg.norm(alone) / np.linalg.norm(other)
        assert similarity < 0.9


def test_one_s_own_library_says_the_same_again_whatever_the_process_said_before() -> None:
    shared_espeak().speak("Something else, said before.", "en-gb+m2")
    first = [own.speak(TEXT, "en-us+f1") for own in [own_espeak()] for _ in range(2)]
    second = [own.speak(TEXT, "en-us+f1") for own in [own_espeak()] for _ in range(2)]
    for one, other in zip(first, second, strict=True):
        assert one.phonemes == other.phonemes
        np.testing.assert_array_equal(one.pcm, other.pcm)


def test_speaking_leaves_the_letter_to_sound_rules_as_they_were() -> None:
    espeak = shared_espeak()
    before = espeak.phonemize("hello world", "en-us")
    espeak.speak(TEXT, "en-gb+f3")
    assert espeak.phonemize("hello world", "en-us") == before


@pytest.mark.parametrize("text", ["", "  ", "...!", "\0"])
def test_nothing_speakable_is_no_sound(espeak: Espeak, text: str) -> None:
    sound = espeak.speak(text, "en-us")
    assert len(sound.pcm) == 0
    assert sound.phonemes == ()


def test_a_language_or_speaker_that_there_is_not_is_named(espeak: Espeak) -> None:
    with pytest.raises(EspeakError, match="no speaker 'nobody'"):
        espeak.speak(TEXT, "en-us+nobody")
    with pytest.raises(EspeakError, match="no voice 'xx'"):
        espeak.speak(TEXT, "xx")
