"""When phones sound: forced alignment of a synthesised voice, and espeak-ng's own times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from avatar.animator import FloatArray
from avatar.training.dyads.utterance import Phone
from orchestration.corpus.alignment import Aligner, align_whole
from orchestration.corpus.edges import EDGE
from orchestration.corpus.errors import AlignmentFailed
from orchestration.corpus.espeak_phones import phones_of
from orchestration.corpus.texts import backchannels, sentences
from orchestration.corpus.voices import VOICES, SyntheticVoice, opened
from speech.audio import level_dbfs
from speech.espeak import Espeak, own_espeak

TEXT = "Bob put the big map above my apple pie."
WORDS = TEXT.lower().strip(".").split()
PHONES = "B AA B P UH T DH AH B IH G M AE P AH B AH V M AY AE P AH L P AY".split()  # noqa: SIM905
RATE = 16_000


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    return Aligner()


@pytest.fixture(scope="module")
def joe(model_file: Callable[[str], Path]) -> Iterator[Callable[[str], FloatArray]]:
    """The VITS voice: text to sound at 16 kHz."""
    model_file("joe")
    with opened(SyntheticVoice(name="joe", sentences=1)) as (speak, _):
        yield lambda text: speak(text)[0]


@pytest.fixture(scope="module")
def spoken(joe: Callable[[str], FloatArray]) -> FloatArray:
    return joe(TEXT)


def stretch(pcm: FloatArray, start: float, end: float) -> FloatArray:
    return pcm[round(start * RATE) : round(end * RATE)]


def covers(phones: tuple[Phone, ...], pcm: FloatArray) -> bool:
    """From the first sample to the last, each phone beginning where the one before ends."""
    return (
        phones[0].start == 0
        and phones[-1].end == pytest.approx(len(pcm) / RATE, abs=1e-4)
        and all(one.end == other.start and one.start < one.end for one, other in pairwise(phones))
    )


@pytest.mark.slow
def test_a_synthesised_sentence_has_its_phones_in_order_over_the_whole_sound_with_silent_ends(
    aligner: Aligner, spoken: FloatArray
) -> None:
    pcm, phones = align_whole(aligner, spoken, WORDS)
    assert covers(phones, pcm)
    assert [phone.name for phone in phones if phone.name != "SIL"] == PHONES
    assert phones[0].name == phones[-1].name == "SIL"
    assert phones[0].end == pytest.approx(EDGE, abs=1e-3)
    for end in (phones[0], phones[-1]):
        outer = stretch(pcm, end.start, end.end)[:: 1 if end is phones[-1] else -1][-800:]
        assert level_dbfs(outer) < level_dbfs(pcm) - 25


@pytest.mark.slow
def test_lips_close_where_the_alignment_says(aligner: Aligner, spoken: FloatArray) -> None:
    pcm, phones = align_whole(aligner, spoken, WORDS)
    loud = level_dbfs(pcm)
    closures = [phone for before, phone in pairwise(phones) if phone.name in "PB" and before.name != "SIL"]
    quietest = [
        min(level_dbfs(stretch(pcm, at, at + 0.01)) for at in np.arange(phone.start, phone.end, 0.005))
        for phone in closures
    ]
    vowels = [level_dbfs(stretch(pcm, p.start, p.end)) for p in phones if p.name in ("AA", "AY", "AE")]
    assert len(closures) >= 6
    assert np.median(quietest) < loud - 15
    assert min(vowels) > loud - 10


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        "she chose a cheap chair for the kitchen",
        "nobody ever walks",
        "we could fix seven green engines by next thursday evening if somebody needs them",
    ],
)
def test_a_wrong_text_is_refused(aligner: Aligner, spoken: FloatArray, wrong: str) -> None:
    with pytest.raises(AlignmentFailed) as refused:
        align_whole(aligner, spoken, wrong.split())
    assert refused.value.reason in ("path", "score", "word", "phone")


@pytest.mark.slow
def test_the_right_text_fits_better_than_one_with_a_wrong_word(aligner: Aligner, spoken: FloatArray) -> None:
    right = aligner.align(spoken, WORDS)
    right.check()
    changed = aligner.align(spoken, ["zigzag" if word == "big" else word for word in WORDS])
    assert changed.score < right.score
    assert changed.worst_word < right.worst_word
    with pytest.raises(AlignmentFailed):
        changed.check()


@pytest.mark.slow
def test_nothing_is_carried_from_one_sound_to_the_next(
    aligner: Aligner, spoken: FloatArray, joe: Callable[[str], FloatArray]
) -> None:
    first = aligner.align(spoken, WORDS)
    aligner.align(0.2 * joe("Where is the station?"), ["where", "is", "the", "station"])
    assert aligner.align(spoken, WORDS) == first
    assert Aligner().align(spoken, WORDS) == first


@pytest.mark.slow
def test_loudness_changes_no_time_by_more_than_a_few_frames(aligner: Aligner, spoken: FloatArray) -> None:
    starts = [[p.start for p in aligner.align(gain * spoken, WORDS).phones] for gain in (0.3, 1.0)]
    assert len(starts[0]) == len(starts[1])
    assert np.abs(np.diff(starts, axis=0)).max() <= 0.05


def test_words_that_the_dictionary_lacks_and_no_words_are_said(aligner: Aligner) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    with pytest.raises(AlignmentFailed, match="lacks qwrtzx, zzz"):
        aligner.align(noise, ["hello", "qwrtzx", "zzz"])
    with pytest.raises(AlignmentFailed, match="no words"):
        aligner.align(noise, [])


def test_there_are_no_words_in_silence_or_in_too_short_a_sound(aligner: Aligner) -> None:
    for seconds in (0.0, 0.05, 1.0):
        with pytest.raises(AlignmentFailed):
            align_whole(aligner, np.zeros(round(seconds * RATE), dtype=np.float32), WORDS)


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return own_espeak()


def test_espeak_s_phonemes_become_phones_that_cover_the_sound(espeak: Espeak) -> None:
    sound = espeak.speak(TEXT, "en-us")
    phones = phones_of(sound, espeak.sample_rate)
    assert phones[0].start == 0
    assert phones[-1].end == pytest.approx(len(sound.pcm) / espeak.sample_rate)
    assert all(one.end == other.start for one, other in pairwise(phones))
    assert [phone.name for phone in phones if phone.name != "SIL"] == PHONES


def test_an_unvoiced_stop_of_espeak_s_begins_with_its_silence(espeak: Espeak) -> None:
    sound = espeak.speak("A happy puppy taking a cookie.", "en-us")
    phones = phones_of(sound, espeak.sample_rate)
    stops = [phone for before, phone in pairwise(phones) if phone.name in "PTK" and before.name != "SIL"]
    bursts = {p.start for p in sound.phonemes if p.ipa in ("p", "t", "k")}
    assert len(stops) >= 5
    for stop in stops:
        assert stop.start not in bursts
        first = sound.pcm[
            round((stop.start + 0.005) * espeak.sample_rate) : round((stop.start + 0.02) * espeak.sample_rate)
        ]
        assert level_dbfs(first) < level_dbfs(sound.pcm) - 15


def test_what_espeak_calls_a_pause_but_sounds_is_no_silence(espeak: Espeak) -> None:
    sound = espeak.speak("Is this the bus to the airport? Why are you here? Be above it.", "en-us")
    for phone in phones_of(sound, espeak.sample_rate):
        if phone.name == "SIL" and phone.end - phone.start > 0.04:
            inside = sound.pcm[
                round((phone.start + 0.01) * espeak.sample_rate) : round(
                    (phone.end - 0.01) * espeak.sample_rate
                )
            ]
            assert level_dbfs(inside) < level_dbfs(sound.pcm) - 12


def test_espeak_saying_nothing_is_refused(espeak: Espeak) -> None:
    with pytest.raises(AlignmentFailed, match="said nothing"):
        phones_of(espeak.speak("...", "en-us"), espeak.sample_rate)


@pytest.mark.slow
def test_every_phoneme_of_every_voice_and_text_has_its_phone() -> None:
    for language in sorted({voice.espeak.partition("+")[0] for voice in VOICES if voice.espeak}):
        espeak = own_espeak()
        for line in sentences() + backchannels():
            sound = espeak.speak(line.said, language)
            phones = phones_of(sound, espeak.sample_rate)
            assert all(one.end == other.start and one.start < one.end for one, other in pairwise(phones))
