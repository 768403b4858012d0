"""The speaking face of the training corpus: lips, vowels, silence, prosody, mood."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar import SAMPLE_RATE, Column, measures
from avatar.motion import ARTICULATORS, HEAD, NAMES, MotionError, validate
from avatar.training.dyads.speaking import speaking_motion
from avatar.training.dyads.speaking.coarticulation import UnknownPhone
from avatar.training.dyads.speaking.phones import CLOSE_VOWELS, MID_VOWELS, OPEN_VOWELS, PHONES, VOWELS
from avatar.training.dyads.utterance import Phone, Utterance

Sound = NDArray[np.float32]

HISSES = {"F", "TH", "S", "SH", "CH", "HH"}
MUTE = {"P", "T", "K", "SIL"}
BILABIAL = {"P", "B", "M"}
ROUNDED = {"AO", "OW", "UH", "UW", "W", "ER"}
SPREAD = {"AE", "EH", "EY", "IH", "IY"}
EDGE = ("SIL", 0.3)
MARGIN = 0.2  # s of silence put before and after a human prompt
NEW_LOCATION = """
SIL 0.27 P 0.30 L 0.36 IY 0.54 Z 0.57 EH 0.68 N 0.74 T 0.78 ER 0.86 EY 0.93 N 1.05 Y 1.14 UW 1.19 IH
1.26 K 1.37 S 1.40 T 1.47 EH 1.57 N 1.67 SH 1.78 AH 1.85 N 2.05 SIL 2.28 F 2.31 AA 2.45 L 2.53 OW
2.61 D 2.66 B 2.72 AY 2.85 P 2.98 AW 3.20 N 3.33 D 3.38 SIL 3.67
"""  # "Please enter a new extension, followed by pound.": its phones and their ends in seconds, as aligned


def spell(
    phones: Sequence[tuple[str, float]],
    pitch: Callable[[float], float] = lambda time: 120.0,
    gains: Sequence[float] | None = None,
) -> Utterance:
    """An utterance of these phones and lengths in seconds: harmonics, noise or nothing, each at its gain."""
    noise = np.random.default_rng(3)
    pieces, times, at, phase = [], [], 0.0, 0.0
    for index, (name, length) in enumerate(phones):
        first, last = round(at * SAMPLE_RATE), round((at + length) * SAMPLE_RATE)
        when = np.arange(first, last) / SAMPLE_RATE
        if name in MUTE:
            piece = np.zeros(len(when))
        elif name in HISSES:
            piece = 0.03 * noise.standard_normal(len(when))
        else:
            hertz = np.array([pitch(time) for time in when])
            turns = phase + np.cumsum(hertz) / SAMPLE_RATE
            phase = float(turns[-1] % 1)
            piece = sum(np.cos(2 * np.pi * n * turns) / n for n in range(1, 12)) * 0.1
            piece = piece * (1.0 if name in VOWELS else 0.4)
        pieces.append(piece * (gains[index] if gains is not None else 1.0))
        times.append(Phone(name, at, at + length))
        at += length
    return Utterance(
        "spelt", "synthetic", "train", "", np.concatenate(pieces).astype(np.float32), tuple(times)
    )


def face(utterance: Utterance, seed: int = 0, valence: float = 0.0) -> Sound:
    """Its motion."""
    return speaking_motion(utterance, np.random.default_rng(seed), valence)


def during(utterance: Utterance, index: int) -> slice:
    """Frames whose middle lies in a phone, at least one."""
    phone = utterance.phones[index]
    first = int(np.ceil(phone.start * 25 - 0.5))
    return slice(first, max(first + 1, int(np.ceil(phone.end * 25 - 0.5))))


def between(phone: str, context: str = "T") -> tuple[Utterance, slice]:
    """A phone between two others, and its frames."""
    spelt = spell([EDGE, (context, 0.09), (phone, 0.14), (context, 0.09), EDGE])
    return spelt, during(spelt, 2)


def babble(seed: int, syllables: int = 24) -> Utterance:
    """Consonants and vowels by chance, a pause now and then."""
    rng = np.random.default_rng(seed)
    consonants = sorted(PHONES.keys() - VOWELS)
    phones: list[tuple[str, float]] = [EDGE]
    for index in range(syllables):
        phones.append((str(rng.choice(consonants)), float(rng.uniform(0.05, 0.11))))
        phones.append((str(rng.choice(sorted(VOWELS))), float(rng.uniform(0.07, 0.2))))
        if index % 8 == 7:
            phones.append(("SIL", float(rng.uniform(0.25, 0.6))))
    return spell([*phones, EDGE], pitch=lambda time: 120 * 2 ** (0.35 * np.sin(2.2 * time)))


phone_strings = st.lists(
    st.tuples(st.sampled_from(sorted(PHONES)), st.floats(0.03, 0.2)), min_size=1, max_size=14
)


@settings(max_examples=40, deadline=None)
@given(phones=phone_strings, closing=st.tuples(st.sampled_from(sorted(BILABIAL)), st.floats(0.03, 0.2)))
def test_lips_are_shut_and_pressed_in_the_middle_of_every_closure(
    phones: list[tuple[str, float]], closing: tuple[str, float]
) -> None:
    spelt = spell([EDGE, *phones, closing, ("AA", 0.15), EDGE])
    motion = face(spelt)
    validate(motion)
    gap = measures.lip_gap(motion)
    for phone in spelt.phones:
        if phone.name in BILABIAL:
            frame = int((phone.start + phone.end) / 2 * 25)
            assert gap[frame] < 0.03, phone
            assert motion[frame, Column.mouthPressLeft] > 0.1, phone
            assert motion[frame, Column.mouthLowerDownLeft] < 0.05, phone


@settings(max_examples=30, deadline=None)
@given(phones=phone_strings, pause=st.floats(0.24, 0.8))
def test_the_mouth_is_shut_in_silence_and_opens_shortly_before_speech(
    phones: list[tuple[str, float]], pause: float
) -> None:
    spelt = spell([EDGE, ("AH", 0.12), ("SIL", pause), ("AE", 0.12), *phones, ("AH", 0.12), EDGE])
    motion = face(spelt)[:, ARTICULATORS]
    middles = (np.arange(len(motion)) + 0.5) / 25
    first, last = spelt.phones[1].start, spelt.phones[-2].end
    assert np.abs(motion[(middles < first - 0.12) | (middles > last + 0.12)]).max() == 0
    rest = spelt.phones[2]
    inside = (middles > rest.start) & (middles < rest.end)
    assert motion[inside].max(axis=1).min() < 0.02


def test_a_short_pause_does_not_shut_the_mouth() -> None:
    spelt = spell([EDGE, ("AA", 0.15), ("SIL", 0.08), ("AA", 0.15), EDGE])
    assert face(spelt)[during(spelt, 2), Column.jawOpen].min() > 0.15


def test_open_vowels_open_the_jaw_more_than_mid_ones_and_those_more_than_close_ones() -> None:
    for context in ("T", "K", "S", "M", "L"):
        jaw = {}
        for vowel in VOWELS - {"OY"}:
            spelt, span = between(vowel, context)
            jaw[vowel] = float(face(spelt)[span, Column.jawOpen].max())
        assert min(jaw[v] for v in OPEN_VOWELS) > max(jaw[v] for v in MID_VOWELS - {"OY"}), (context, jaw)
        assert min(jaw[v] for v in MID_VOWELS - {"OY"}) > max(jaw[v] for v in CLOSE_VOWELS), (context, jaw)
        assert 0.3 < jaw["AA"] < 0.6


def test_rounded_sounds_round_the_lips_and_spread_ones_do_not() -> None:
    def rounding(phone: str) -> float:
        spelt, span = between(phone)
        motion = face(spelt)[span]
        return float((motion[:, Column.mouthPucker] + motion[:, Column.mouthFunnel]).max())

    assert min(map(rounding, ROUNDED)) > 0.25
    assert max(map(rounding, SPREAD)) < 0.08
    spelt, span = between("IY")
    assert face(spelt)[span, Column.mouthStretchLeft].max() > 0.25


@pytest.mark.parametrize("phone", ["F", "V"])
@pytest.mark.parametrize("vowel", ["AA", "UW", "IY"])
def test_f_and_v_lay_the_lower_lip_under_the_teeth(phone: str, vowel: str) -> None:
    spelt, span = between(phone, vowel)
    motion = face(spelt)[span]
    best = int(motion[:, Column.mouthRollLower].argmax())
    assert motion[best, Column.mouthRollLower] > 0.4
    assert motion[best, Column.mouthUpperUpLeft] > 0.12
    assert motion[best, Column.jawOpen] < 0.12


@pytest.mark.parametrize("vowel", ["AA", "EH", "IY"])
def test_hisses_bring_the_teeth_together_and_hushes_push_the_lips_out(vowel: str) -> None:
    hiss, hiss_span = between("S", vowel)
    hush, hush_span = between("SH", vowel)
    sharp, soft = face(hiss)[hiss_span], face(hush)[hush_span]
    assert max(sharp[:, Column.jawOpen].min(), soft[:, Column.jawOpen].min()) < 0.12
    assert sharp[:, Column.mouthStretchLeft].max() > 0.12 and sharp[:, Column.mouthFunnel].max() < 0.1
    assert soft[:, Column.mouthFunnel].max() > 0.35


def test_the_tongue_shows_between_the_teeth() -> None:
    spelt, span = between("TH", "AH")
    assert face(spelt)[span, Column.tongueOut].max() > 0.12


def test_the_lips_round_about_a_tenth_of_a_second_before_the_sound() -> None:
    spelt = spell([EDGE, ("AA", 0.25), ("T", 0.08), ("UW", 0.2), EDGE])
    pucker = face(spelt)[:, Column.mouthPucker]
    begins = (int(np.argmax(pucker > 0.15 * pucker.max())) + 0.5) / 25
    assert 0.05 < spelt.phones[3].start - begins < 0.2


def test_a_gliding_vowel_moves() -> None:
    spelt = spell([EDGE, ("T", 0.08), ("AW", 0.3), ("T", 0.08), EDGE])
    motion = face(spelt)[during(spelt, 2)]
    assert motion[:, Column.jawOpen].argmax() < motion[:, Column.mouthPucker].argmax()


def test_louder_and_longer_vowels_open_more() -> None:
    phones = [EDGE, ("T", 0.08), ("AE", 0.1), ("T", 0.08), ("AE", 0.1), ("T", 0.08), ("AE", 0.22), EDGE]
    spelt = spell(phones, gains=[1, 1, 0.15, 1, 1, 1, 1, 1])
    jaw = face(spelt)[:, Column.jawOpen]
    soft, plain, long = (float(jaw[during(spelt, index)].max()) for index in (2, 4, 6))
    assert 1.2 * soft < plain < long < 0.7


def test_the_same_words_softer_look_the_same() -> None:
    plain = babble(5)
    soft = Utterance(plain.name, plain.voice, "train", "", 0.2 * plain.pcm, plain.phones)
    np.testing.assert_allclose(face(soft), face(plain), atol=0.01)


def test_nothing_moves_where_the_phones_claim_a_sound_that_is_not_there() -> None:
    spelt = spell([EDGE, ("AA", 0.3), ("AA", 0.6), EDGE], gains=[1, 1, 0, 1])
    jaw = face(spelt)[:, Column.jawOpen]
    assert jaw[during(spelt, 1)].max() > 0.3
    assert jaw[int(0.8 * 25) :].max() == 0


@pytest.mark.parametrize("seed", range(4))
def test_the_jaw_keeps_time_with_the_sound(seed: int) -> None:
    spelt = babble(seed, syllables=40)
    lag, correlation = measures.jaw_lag(face(spelt), spelt.pcm)
    assert abs(lag) <= 0.02
    assert correlation > 0.5


def test_a_human_voice_moves_the_face_in_time_and_within_measure(human: Callable[[str], Sound]) -> None:
    silence = np.zeros(int(MARGIN * SAMPLE_RATE), np.float32)
    pcm = np.concatenate([silence, human("agent-newlocation"), silence])
    names, ends = NEW_LOCATION.split()[::2], [float(end) for end in NEW_LOCATION.split()[1::2]]
    phones = tuple(map(Phone, names, [0.0, *ends], ends))
    motion = face(Utterance("agent-newlocation", "allison", "train", "", pcm, phones))
    validate(motion)
    gap = measures.lip_gap(motion)
    closures = [phone for phone in phones if phone.name in BILABIAL]
    assert [gap[int((phone.start + phone.end) / 2 * 25)] < 0.03 for phone in closures] == [True] * 3
    lag, correlation = measures.jaw_lag(motion, pcm)
    assert abs(lag) <= 0.04 and correlation > 0.5
    assert 0.3 < motion[:, Column.jawOpen].max() < 0.7
    assert 5 < measures.head_speed(motion) < 25
    assert 0.1 < motion[:, Column.browInnerUp].max() < 0.6


@pytest.mark.parametrize("seed", range(4))
def test_nothing_jumps(seed: int) -> None:
    steps = np.abs(np.diff(face(babble(seed), valence=0.6), axis=0))
    assert np.quantile(steps[:, Column.jawOpen], 0.99) < 0.25
    assert steps[:, Column.jawOpen].max() < 0.3
    assert steps[:, :52].max() < 0.45, NAMES[int(steps[:, :52].max(axis=0).argmax())]
    assert np.degrees(steps[:, HEAD]).max() < 2.0


def test_motion_is_in_range_and_leaves_lids_and_eyes_at_rest() -> None:
    spelt = babble(9)
    motion = face(spelt, valence=1.0)
    validate(motion)
    assert motion.dtype == np.float32
    assert motion.shape == (-(-len(spelt.pcm) // 640), 61)
    eyes = [index for index, name in enumerate(NAMES) if "eye" in name.lower()]
    assert np.abs(motion[:, eyes]).max() == 0


@pytest.mark.parametrize("samples", [1, 640, 641, 5000])
def test_an_utterance_of_any_length_has_its_frames(samples: int) -> None:
    pcm = np.full(samples, 0.1, np.float32)
    motion = face(Utterance("short", "", "train", "", pcm, (Phone("AA", 0.0, samples / SAMPLE_RATE),)))
    assert motion.shape == (-(-samples // 640), 61)
    validate(motion)


def test_the_same_seed_gives_the_same_face_and_another_a_similar_one() -> None:
    spelt = babble(2)
    first, again, other = face(spelt, 1), face(spelt, 1), face(spelt, 2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    for column in (Column.jawOpen, Column.mouthPucker, Column.browInnerUp):
        assert np.corrcoef(first[:, column], other[:, column])[0, 1] > 0.99, column.name


def melodic(rise_at: float) -> Utterance:
    """Even syllables, one of them five semitones higher."""
    phones = [EDGE, *[("D", 0.07), ("AH", 0.13)] * 10, EDGE]
    return spell(phones, pitch=lambda time: 160.0 if rise_at <= time < rise_at + 0.2 else 120.0)


def test_a_pitch_accent_raises_the_brows_and_beats_with_the_head() -> None:
    accent, plain = face(melodic(1.3)), face(melodic(99.0))
    here = slice(int(1.25 * 25), int(1.9 * 25))
    brow = accent[:, Column.browInnerUp]
    assert brow[here].max() > 0.1 and brow[here].max() > 2 * plain[here, Column.browInnerUp].max()
    assert brow.argmax() in range(here.start, here.stop)
    beat = accent[:, Column.headPitch] - plain[:, Column.headPitch]
    assert np.degrees(beat[here].max()) > 0.8


def test_a_question_tilts_the_head_to_the_other_side_and_lifts_the_brows() -> None:
    phones = [EDGE, *[("D", 0.07), ("AH", 0.13)] * 8, EDGE]
    bend = {sign: spell(phones, lambda t, s=sign: 120 * 2 ** (s * max(0, t - 1.5) / 0.8)) for sign in (1, -1)}
    rising, falling = face(bend[1]), face(bend[-1])
    end = slice(int(1.8 * 25), int(2.1 * 25))
    assert np.degrees((rising[end, Column.headRoll] - falling[end, Column.headRoll]).max()) > 0.8
    assert rising[end, Column.browInnerUp].max() > falling[end, Column.browInnerUp].max() + 0.1


def test_a_speaking_head_moves_at_a_speakers_speed() -> None:
    speeds = [measures.head_speed(face(babble(seed, 40))) for seed in range(4)]
    assert 6 < np.mean(speeds) < 20


def test_mood_shows_and_a_smile_gives_way_to_rounded_lips() -> None:
    spelt = spell([EDGE, ("IY", 0.3), ("UW", 0.3), ("IY", 0.3), EDGE])
    glad, even, sad = (face(spelt, valence=valence) for valence in (1.0, 0.0, -1.0))
    assert np.abs(even[:, [Column.mouthSmileLeft, Column.mouthFrownLeft, Column.browDownLeft]]).max() == 0
    smile = glad[:, Column.mouthSmileLeft]
    assert smile[during(spelt, 1)].max() > 0.3
    assert smile[during(spelt, 2)].min() < 0.5 * smile[during(spelt, 1)].max()
    assert sad[:, Column.mouthFrownLeft].max() > 0.2 and sad[:, Column.browDownLeft].max() > 0.2
    assert sad[:, Column.mouthSmileLeft].max() == 0


def test_head_brows_and_mood_start_from_rest_and_return_to_it() -> None:
    motion = face(babble(3), valence=0.8)
    upper = [*range(HEAD.start, HEAD.stop), Column.browInnerUp, Column.mouthSmileLeft]
    assert np.abs(motion[[0, -1]][:, upper]).max() < 0.01


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Utterance("odd", "", "train", "", np.ones(9000, np.float32), (Phone("AA1", 0, 0.5),)), "AA1"),
        (Utterance("void", "", "train", "", np.zeros(0, np.float32), ()), "void"),
    ],
)
def test_what_cannot_be_said_is_named(broken: Utterance, message: str) -> None:
    with pytest.raises((UnknownPhone, MotionError), match=message):
        face(broken)


@pytest.mark.parametrize("valence", [-1.5, 2.0, float("nan")])
def test_a_mood_out_of_range_is_an_error(valence: float) -> None:
    with pytest.raises(MotionError, match="valence"):
        face(babble(1, 2), valence=valence)
