"""Composed conversations: timing against people's, what listeners answer, and what rooms leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.signal import correlate

from avatar import measures
from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.motion import HEAD, SHAPES, Column, validate
from avatar.training.dyads.blend import speaking_face
from avatar.training.dyads.clips import at_speed, cut, joined, spoken
from avatar.training.dyads.compose import Conversation, compose, converse
from avatar.training.dyads.dyad import Dyad, Gesture
from avatar.training.dyads.listening.cues import find_cues
from avatar.training.dyads.listening.mimicry import mirror
from avatar.training.dyads.listening.templates import gesture_motion, render_gestures
from avatar.training.dyads.moods import resting_face
from avatar.training.dyads.options import (
    DyadError,
    DyadOptions,
    ListeningOptions,
    RoomOptions,
    TimingOptions,
)
from avatar.training.dyads.room import hear, speech_level
from avatar.training.dyads.timing import Kind
from avatar.training.dyads.timing_measure import TimingMeasure, measure_timing
from avatar.training.dyads.utterance import Utterance
from tests.avatar.conftest import vowel
from tests.avatar.training.talk import Talker, bank

SECONDS = 80.0
COUNT = 14
NO_ROOM = DyadOptions(room=None)


@pytest.fixture(scope="module")
def utterances() -> list[Utterance]:
    return bank()


@pytest.fixture(scope="module")
def conversations(utterances: list[Utterance]) -> list[Conversation]:
    """Some twenty minutes of talk, before any room."""
    return [converse(utterances, np.random.default_rng(seed), SECONDS, NO_ROOM) for seed in range(COUNT)]


@pytest.fixture(scope="module")
def timing(conversations: list[Conversation]) -> TimingMeasure:
    return measure_timing([c.contributions for c in conversations], SECONDS)


def sides(conversations: Sequence[Conversation]) -> list[tuple[Dyad, int]]:
    return [(conversation.dyad, party) for conversation in conversations for party in range(2)]


def attends(dyad: Dyad, party: int) -> np.ndarray:
    return dyad.holds_floor[1 - party] & ~dyad.holds_floor[party]


# timing


def test_gaps_overlaps_and_silences_are_those_of_people(timing: TimingMeasure) -> None:
    assert 0.12 <= timing.median_gap <= 0.30
    assert 0.30 <= timing.overlaps <= 0.50
    assert np.median(timing.gaps[timing.gaps < 0]) > -0.5, "most overlaps are slight"
    assert 0.15 <= timing.backchannels <= 0.20
    assert 0.0 < timing.interruptions < 0.15
    assert 0.05 <= timing.silence <= 0.10


def test_turns_are_short_answers_and_monologues_of_up_to_20_s(timing: TimingMeasure) -> None:
    assert timing.turns.max() <= 20.0
    assert 0.15 < (timing.turns < 3.0).mean() < 0.55
    assert (timing.turns > 10.0).any()


def test_what_timing_measures_is_what_is_asked_for(utterances: list[Utterance]) -> None:
    options = DyadOptions(
        room=None, timing=TimingOptions(overlaps=0, interruptions=0, gap=0.5, silence=(0, 0))
    )
    talked = [
        converse(utterances, np.random.default_rng(seed), 60.0, options).contributions for seed in range(4)
    ]
    measured = measure_timing(talked, 60.0)
    assert measured.overlaps == 0
    assert measured.median_gap > 0.35
    assert measured.silence < 0.03  # a first second, at most


def test_an_interrupted_turn_is_broken_off_shortly_after_the_other_begins(
    utterances: list[Utterance],
) -> None:
    options = DyadOptions(room=None, timing=TimingOptions(interruptions=0.4, overlaps=0.4))
    broken = []
    for seed in range(4):
        turns = [
            c
            for c in converse(utterances, np.random.default_rng(seed), 60.0, options).contributions
            if c.kind is Kind.TURN
        ]
        broken += [(a, b) for a, b in pairwise(turns) if b.interrupts]
    assert broken
    for interrupted, interrupting in broken:
        assert interrupted.party != interrupting.party
        assert 0 < (interrupted.end - interrupting.start) / SAMPLE_RATE < 0.8
        assert interrupting.end > interrupted.end


def test_phones_lie_where_the_voice_sounds(conversations: list[Conversation]) -> None:
    for contribution in conversations[0].contributions:
        pcm, phones = contribution.utterance.pcm, contribution.utterance.phones
        assert phones[0].start == 0 and phones[-1].end == pytest.approx(len(pcm) / SAMPLE_RATE)
        for before, after in pairwise(phones):
            assert before.end == pytest.approx(after.start, abs=1e-6)
        for phone in phones:
            inside = pcm[round((phone.start + 0.07) * SAMPLE_RATE) : round((phone.end - 0.07) * SAMPLE_RATE)]
            if phone.name == "SIL" and len(inside):
                assert np.abs(inside).max() < 1e-3, "silence is silent"
            elif len(inside):
                assert np.sqrt(np.mean(inside**2)) > 1e-3, "speech sounds"
        assert round((phones[0].end) * SAMPLE_RATE) == pytest.approx(
            contribution.start - contribution.frame * FRAME_SAMPLES, abs=1
        )


def test_backchannels_are_soft_come_with_a_nod_and_leave_the_floor_alone(
    conversations: list[Conversation],
) -> None:
    found = 0
    for conversation in conversations:
        dyad = conversation.dyad
        for contribution in conversation.contributions:
            if contribution.kind is Kind.TURN:
                continue
            found += 1
            first, last = contribution.start // FRAME_SAMPLES, contribution.end // FRAME_SAMPLES
            own = dyad.onsets[contribution.party]
            assert own[first - 5 : first + 3, Gesture.NOD].any()
            assert not dyad.holds_floor[contribution.party, first:last].any()
            assert dyad.holds_floor[1 - contribution.party, first]
            said = conversation.voices[contribution.party, contribution.start : contribution.end]
            assert 20 * np.log10(np.sqrt(np.mean(said**2))) < -28
            gap = measures.lip_gap(dyad.motion[contribution.party, first:last])
            assert gap.max() < 0.05, "mm-hmm is said with closed lips"
    assert found > 10


# listening


def test_listeners_nod_as_often_as_fast_and_as_small_as_people(conversations: list[Conversation]) -> None:
    listened = sum(attends(dyad, party).sum() for dyad, party in sides(conversations)) / FRAME_RATE / 60
    begun = sum((dyad.onsets[party][attends(dyad, party)] != 0).sum() for dyad, party in sides(conversations))
    assert 8 <= begun / listened <= 13, "gestures a minute of listening"
    nods = [measures.nods(dyad.motion[party], attends(dyad, party)) for dyad, party in sides(conversations)]
    assert 4 <= np.mean([nod.per_minute for nod in nods]) <= 10
    assert 2.6 <= np.median([nod.rate for nod in nods if nod.cycles]) <= 6.5
    assert 1.5 <= np.degrees(np.median([nod.depth for nod in nods if nod.cycles])) <= 4


def test_speakers_move_their_heads_more_than_listeners(conversations: list[Conversation]) -> None:
    listening, speaking = (
        np.mean([measures.head_speed(d.motion[p], where(d, p)) for d, p in sides(conversations)])
        for where in (attends, lambda d, p: d.holds_floor[p])
    )
    assert 1.0 < listening < 0.9 * speaking


def test_nods_follow_cues_and_not_the_clock(conversations: list[Conversation]) -> None:
    observed, shifted = 0.0, np.zeros(400)
    rng = np.random.default_rng(3)
    for conversation in conversations:
        for party in range(2):
            where = attends(conversation.dyad, party)
            cues = find_cues(conversation.voices[1 - party])
            due = np.zeros(len(where))
            for times, delay in ((cues.low_pitch, 0.7), (cues.phrase_ends, 0.36)):
                for time in times:
                    middle = round((time + delay) * FRAME_RATE)
                    due[max(0, middle - 5) : middle + 6] = 1
            # time spent listening closed to a ring, so that a shift keeps nods where nods can be
            due, nods = due[where], conversation.dyad.onsets[party][where, Gesture.NOD] > 0
            observed += due[nods].sum()
            shifted += [due[np.roll(nods, int(rng.integers(len(nods))))].sum() for _ in shifted]
    assert (shifted >= observed).mean() < 0.01
    assert observed > 1.5 * shifted.mean()


def test_smiles_are_returned_about_600_ms_later(utterances: list[Utterance]) -> None:
    always = DyadOptions(room=None, listening=ListeningOptions(smiles_return=1.0, liveliness=1.5))
    returned = smiles = 0
    for seed in range(3):
        onsets = compose(utterances, np.random.default_rng(seed), 60.0, always).onsets[:, :, Gesture.SMILE]
        for party in range(2):
            for frame in np.flatnonzero(onsets[party]):
                smiles += 1
                returned += bool(onsets[1 - party, frame + 6 : frame + 25].any())
    assert smiles >= 6
    assert returned / smiles >= 0.4  # of each pair, the first one is answered


def test_listening_motion_is_its_gestures_and_the_partners_head(conversations: list[Conversation]) -> None:
    for dyad, party in sides(conversations[:4]):
        own, other = dyad.motion[party], dyad.motion[1 - party]
        rendered = render_gestures(dyad.onsets[party], dyad.valence[party])
        away = ~dyad.holds_floor[party]
        away &= np.convolve(dyad.holds_floor[party], np.ones(41), mode="same") < 0.5
        quiet = measures.envelope(dyad.pcm[party]) < -90
        away &= np.convolve(~quiet, np.ones(41), mode="same") < 0.5  # no backchannel near
        assert away.sum() > 100
        face = rendered[:, :SHAPES] + resting_face(dyad.valence[party])[:, :SHAPES]
        np.testing.assert_allclose(own[away][:, :SHAPES], face[away], atol=1e-5)
        left = own[away][:, HEAD] - rendered[away][:, HEAD]
        assert left.std() < 0.35 * other[away][:, HEAD].std(), "what is left is mimicry, and small"


def test_without_mimicry_a_listeners_head_is_its_gestures_alone(utterances: list[Utterance]) -> None:
    options = DyadOptions(room=None, listening=ListeningOptions(mimicry=0.0))
    dyad = compose(utterances, np.random.default_rng(2), 40.0, options)
    for party in range(2):
        away = np.convolve(dyad.holds_floor[party], np.ones(41), mode="same") < 0.5
        away &= np.convolve(measures.envelope(dyad.pcm[party]) > -90, np.ones(41), mode="same") < 0.5
        rendered = render_gestures(dyad.onsets[party], dyad.valence[party])
        np.testing.assert_allclose(dyad.motion[party][away][:, HEAD], rendered[away][:, HEAD], atol=1e-6)


def test_mimicry_comes_about_600_ms_late_and_weaker() -> None:
    rng = np.random.default_rng(8)
    heads = np.zeros((2, 3000, 3))
    time = np.arange(3000) / FRAME_RATE
    for rate in rng.uniform(0.25, 0.9, 6):
        heads[0] += np.sin(2 * np.pi * (rate * time[:, None] + rng.uniform(size=3)))
    mirrored = mirror(heads, np.stack([np.zeros(3000), np.ones(3000)]), gain=0.2)
    np.testing.assert_array_equal(mirrored[0], heads[0])
    copy = mirrored[1, :, 1]
    lags = np.arange(-2999, 3000)[np.abs(np.arange(-2999, 3000)) < 50]
    likeness = correlate(copy, heads[0, :, 1])[2999 - 49 : 2999 + 50]
    assert 0.45 <= lags[likeness.argmax()] / FRAME_RATE <= 0.75
    assert 0.1 < copy.std() / heads[0, :, 1].std() < 0.25


def test_mimicry_only_uses_what_was_seen() -> None:
    rng = np.random.default_rng(1)
    heads = rng.normal(size=(2, 200, 3)).cumsum(axis=1)
    changed = heads.copy()
    changed[:, 120:] += 5
    attention = np.full((2, 200), 0.5)
    before, after = mirror(heads, attention, 0.3), mirror(changed, attention, 0.3)
    np.testing.assert_array_equal(before[:, :120], after[:, :120])


@pytest.mark.parametrize("gesture", list(Gesture))
def test_a_gesture_begins_and_ends_at_rest_and_changes_smoothly_with_strength(gesture: Gesture) -> None:
    before = None
    for strength in np.linspace(0.5, 1.6, 111):
        motion = gesture_motion(gesture, float(strength), 0.3)
        assert np.abs(motion[0]).max() < 1e-6 and np.abs(motion[-1]).max() < 0.03
        assert np.abs(motion).max() > 0.02
        assert not motion[:, :14].any() and not motion[:, Column.leftEyeYaw :].any()
        if before is not None:
            shared = min(len(motion), len(before))
            assert np.abs(motion[:shared] - before[:shared]).max() < 0.03
        before = motion


@pytest.mark.parametrize("gesture", [Gesture.TILT, Gesture.SHIFT])
def test_the_sign_of_a_strength_tells_left_from_right(gesture: Gesture) -> None:
    left, right = gesture_motion(gesture, 1.0, 0.0), gesture_motion(gesture, -1.0, 0.0)
    np.testing.assert_allclose(left[:, Column.headYaw], -right[:, Column.headYaw])
    np.testing.assert_allclose(left[:, Column.headRoll], -right[:, Column.headRoll])
    np.testing.assert_allclose(left[:, Column.headPitch], right[:, Column.headPitch])


def test_a_glad_face_smiles_more(utterances: list[Utterance]) -> None:
    assert (
        gesture_motion(Gesture.SMILE, 1.0, 0.8)[:, Column.mouthSmileLeft].max()
        > gesture_motion(Gesture.SMILE, 1.0, -0.8)[:, Column.mouthSmileLeft].max()
    )
    glad, sad = resting_face(np.array([0.8, -0.8], dtype=np.float32))
    assert glad[Column.mouthSmileLeft] > sad[Column.mouthSmileLeft]
    assert sad[Column.mouthFrownLeft] > glad[Column.mouthFrownLeft]


def test_cues_are_found_where_they_were_put() -> None:
    pitches = [120.0] * 6 + [95.0] * 3 + [100.0] * 2  # 200 ms each, lowest from 1.2 to 1.8 s
    said = np.concatenate([vowel("a", 0.2, pitch) for pitch in pitches])
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    asked = np.concatenate([vowel("a", 0.2, pitch) for pitch in [120.0] * 3 + [170.0]])
    cues = find_cues(np.concatenate([quiet, said, quiet, asked, quiet]))
    assert np.abs(cues.low_pitch - 2.2).min() < 0.1
    np.testing.assert_allclose(cues.phrase_starts, [1.0, 4.2], atol=0.06)
    np.testing.assert_allclose(cues.phrase_ends, [3.2, 5.0], atol=0.06)
    np.testing.assert_allclose(cues.questions, [5.0], atol=0.06)
    assert np.abs(cues.accents - 4.9).min() < 0.15


def test_laughter_like_pitch_is_a_cue_and_silence_has_none() -> None:
    low, high = vowel("a", 2.0, 110.0), vowel("a", 0.5, 220.0)
    assert find_cues(np.concatenate([low, high])).excited == pytest.approx([2.28], abs=0.1)
    assert not find_cues(low).excited.size
    silent = find_cues(np.zeros(SAMPLE_RATE, np.float32))
    assert not any(getattr(silent, name).size for name in ("low_pitch", "phrase_ends", "accents", "excited"))


# the whole


def test_a_conversation_is_valid_whole_and_known_throughout(utterances: list[Utterance]) -> None:
    dyad = compose(utterances, np.random.default_rng(5), 30.0, DyadOptions())
    assert dyad.frames == 750
    assert dyad.pcm.shape == (2, 750 * FRAME_SAMPLES) and dyad.pcm.dtype == np.float32
    assert np.abs(dyad.pcm).max() <= 1
    assert dyad.motion.dtype == dyad.onsets.dtype == dyad.valence.dtype == np.float32
    assert dyad.onsets.shape == (2, 750, 5) and dyad.holds_floor.dtype == np.bool_
    assert np.abs(dyad.valence).max() <= 1
    for motion in dyad.motion:
        validate(motion)
        assert not motion[:, :14].any() and not motion[:, Column.leftEyeYaw :].any()


def test_the_same_seed_gives_the_same_bytes(utterances: list[Utterance]) -> None:
    first, again, other = (
        compose(utterances, np.random.default_rng(seed), 20.0, DyadOptions()) for seed in (6, 6, 7)
    )
    for name in ("pcm", "motion", "onsets", "holds_floor", "valence"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes(), name
    assert first.pcm.tobytes() != other.pcm.tobytes()


def test_nothing_jumps_where_a_face_turns_from_speaking_to_listening(
    conversations: list[Conversation],
) -> None:
    groups = {
        "head": list(range(HEAD.start, HEAD.stop)),
        "brows": [Column.browInnerUp, Column.browOuterUpLeft, Column.browDownLeft],
        "cheeks": [Column.cheekSquintLeft, Column.cheekSquintRight],
        "mouth": [Column.jawOpen, Column.mouthSmileLeft, Column.mouthPucker, Column.mouthFunnel],
    }
    for name, columns in groups.items():
        sizes = [
            np.linalg.norm(np.diff(dyad.motion[party][:, columns].astype(np.float64), axis=0), axis=1)
            for dyad, party in sides(conversations)
        ]
        floors = [dyad.holds_floor[party] for dyad, party in sides(conversations)]
        usual = np.sqrt(np.mean(np.concatenate([s[f[1:]] for s, f in zip(sizes, floors, strict=True)]) ** 2))
        for size, floor in zip(sizes, floors, strict=True):
            for switch in np.flatnonzero(np.diff(floor.astype(int))):
                near = size[max(0, switch - 5) : switch + 6].max() / usual
                assert near <= 3, f"{name} at frame {switch}: {near:.1f} sigma"


def test_the_mouth_is_shut_while_its_side_is_silent(conversations: list[Conversation]) -> None:
    for dyad, party in sides(conversations):
        sounding = measures.envelope(dyad.pcm[party]) > -60
        silent = np.convolve(sounding, np.ones(11), mode="same") < 0.5  # 200 ms from any sound
        assert (measures.lip_gap(dyad.motion[party])[silent] < 0.02).mean() > 0.98


def test_a_speaking_face_that_starts_away_from_rest_is_blended_in_and_out(
    conversations: list[Conversation],
) -> None:
    contribution = conversations[0].contributions[0]

    def turned(utterance: Utterance, rng: np.random.Generator, valence: float) -> FloatArray:
        motion = np.zeros((len(utterance.pcm) // FRAME_SAMPLES, 61), dtype=np.float32)
        motion[:, [Column.headYaw, Column.jawOpen]] = 0.1
        return motion

    face = speaking_face([contribution], np.zeros(2000, np.float32), 1, turned)
    yaw, jaw = face.motion[:, Column.headYaw], face.motion[:, Column.jawOpen]
    assert max(np.abs(np.diff(yaw)).max(), np.abs(np.diff(jaw)).max()) < 0.02
    first, last = contribution.start // FRAME_SAMPLES, contribution.end // FRAME_SAMPLES
    np.testing.assert_allclose(jaw[first - 2 : last + 2], 0.1, atol=1e-6)
    np.testing.assert_allclose(yaw[first + 5 : last - 3], 0.1, atol=1e-6)
    assert max(yaw[max(0, first - 13)], jaw[max(0, first - 13)]) < 0.005
    assert yaw[last + 17] == jaw[last + 17] == 0


# rooms


@pytest.mark.parametrize(
    "options",
    [
        RoomOptions(clean=0, reverberation=1, noise=0, telephone=0, cross_talk=0, codec=0),
        RoomOptions(clean=0, reverberation=0, noise=1, telephone=0, cross_talk=0, codec=0),
        RoomOptions(clean=0, reverberation=0, noise=0, telephone=1, cross_talk=0, codec=0),
        RoomOptions(clean=0, reverberation=0, noise=0, telephone=0, cross_talk=0, codec=1),
        RoomOptions(clean=0, reverberation=1, noise=1, telephone=1, cross_talk=1, codec=1),
    ],
    ids=["reverberation", "noise", "telephone", "codec", "everything"],
)
def test_a_room_changes_sound_but_neither_length_nor_timing(
    options: RoomOptions, conversations: list[Conversation], utterances: list[Utterance]
) -> None:
    voices = conversations[0].voices[:, : 30 * SAMPLE_RATE]
    heard = hear(voices, np.random.default_rng(4), options, utterances)
    assert heard.shape == voices.shape and heard.dtype == np.float32 and np.abs(heard).max() <= 1
    again = hear(voices, np.random.default_rng(4), options, utterances)
    assert heard.tobytes() == again.tobytes()
    for side in range(2):
        assert not np.allclose(heard[side], voices[side])
        assert -31 <= speech_level(heard[side], voices[side]) <= -11
        clean, there = (np.maximum(measures.envelope(x[side]), -45) for x in (voices, heard))
        likeness = correlate(there - there.mean(), clean - clean.mean())
        assert abs(int(likeness.argmax()) - (len(clean) - 1)) <= 1, "envelopes coincide within a frame"


def test_a_telephone_takes_the_low_and_the_high_away() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 4 * SAMPLE_RATE)).astype(np.float32)
    line = RoomOptions(clean=0, reverberation=0, noise=0, telephone=1, cross_talk=0, codec=0)
    heard = hear(noise, np.random.default_rng(1), line)
    power = np.abs(np.fft.rfft(heard[0])) ** 2
    hertz = np.fft.rfftfreq(heard.shape[1], 1 / SAMPLE_RATE)
    inside = power[(hertz > 500) & (hertz < 3000)].mean()
    assert power[hertz < 150].mean() < 0.01 * inside
    assert power[hertz > 4500].mean() < 0.01 * inside


def test_cross_talk_lets_the_other_be_heard_softly(conversations: list[Conversation]) -> None:
    crossing = RoomOptions(clean=0, reverberation=0, noise=0, telephone=0, cross_talk=1, codec=0)
    voices = conversations[0].voices.copy()
    voices[0] = 0  # never speaks; hears only the other
    heard = hear(voices, np.random.default_rng(2), crossing)
    between = speech_level(heard[0], voices[1]) - speech_level(heard[1], voices[1])
    assert -60 < between < -5
    assert np.abs(heard[0]).max() > 0


def test_options_for_the_room_leave_motion_alone(utterances: list[Utterance]) -> None:
    with_room = compose(utterances, np.random.default_rng(9), 20.0, DyadOptions())
    without = compose(utterances, np.random.default_rng(9), 20.0, NO_ROOM)
    np.testing.assert_array_equal(with_room.motion, without.motion)
    np.testing.assert_array_equal(with_room.onsets, without.onsets)


# clips


def test_speed_scales_phones_with_the_sound() -> None:
    utterance = Talker("one", 110.0).says("said", np.random.default_rng(1), 10)
    fast = at_speed(utterance, 1.1)
    assert len(fast.pcm) == pytest.approx(len(utterance.pcm) / 1.1, abs=2)
    assert fast.phones[-1].end == pytest.approx(utterance.phones[-1].end / 1.1)
    assert [p.name for p in fast.phones] == [p.name for p in utterance.phones]


def test_a_cut_ends_with_the_phone_that_sounds() -> None:
    utterance = Talker("one", 110.0).says("said", np.random.default_rng(1), 10)
    broken = cut(utterance, 0.7)
    assert broken.phones == utterance.phones[: len(broken.phones)]
    assert broken.phones[-1].start < 0.7 <= broken.phones[-1].end
    assert len(broken.pcm) == round(broken.phones[-1].end * SAMPLE_RATE)


def test_joined_utterances_keep_their_pauses() -> None:
    talker, rng = Talker("one", 110.0), np.random.default_rng(1)
    first, second = talker.says("a", rng, 6), talker.says("b", rng, 6)
    passage = joined([first, second], [0.5], offset=100)
    silences = [p for p in passage.phones if p.name == "SIL"]
    assert silences[1].end - silences[1].start == pytest.approx(0.5)
    lengths = sum(end - start for start, end in map(spoken, (first, second)))
    assert spoken(passage)[1] - spoken(passage)[0] == pytest.approx(lengths + 0.5)
    assert len(passage.pcm) % FRAME_SAMPLES == 0


# errors


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"gaps": 1}, "gaps"),
        ({"timing": {"overlaps": 0.02}}, "interruptions"),
        ({"timing": {"turn": (9, 3)}}, "9 down to 3"),
        ({"timing": {"turn": (1, 3)}}, "1.5 s"),
        ({"timing": {"gap": 0}}, "gap"),
        ({"speed": (0.5, 1.0)}, "speed"),
        ({"room": {"level": (-20, 0)}}, "level"),
        ({"listening": {"mimicry": 2}}, "mimicry"),
    ],
)
def test_impossible_options_are_refused_by_name(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        DyadOptions.model_validate(options)


def test_material_that_nothing_can_be_composed_of_is_refused(utterances: list[Utterance]) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DyadError, match="too short"):
        compose(utterances, rng, 2.0, DyadOptions())
    with pytest.raises(DyadError, match="nothing to say"):
        compose([u for u in utterances if u.backchannel], rng, 20.0, DyadOptions())
    with pytest.raises(DyadError, match="test, train"):
        compose([*utterances, replace(utterances[0], material="test")], rng, 20.0, DyadOptions())
    with pytest.raises(DyadError, match="no sound"):
        compose([replace(u, pcm=np.zeros_like(u.pcm)) for u in utterances], rng, 20.0, DyadOptions())
    with pytest.raises(DyadError, match="no phones"):
        compose([replace(u, phones=u.phones[:1]) for u in utterances], rng, 20.0, DyadOptions())


def test_speaking_motion_that_does_not_fit_is_refused(utterances: list[Utterance]) -> None:
    def short(utterance: Utterance, rng: np.random.Generator, valence: float) -> FloatArray:
        return np.zeros((3, 61), np.float32)

    def blinking(utterance: Utterance, rng: np.random.Generator, valence: float) -> FloatArray:
        return np.full((len(utterance.pcm) // FRAME_SAMPLES, 61), 0.1, np.float32)

    for speaking, says in ((short, "long"), (blinking, "lids")):
        with pytest.raises(DyadError, match=says):
            compose(utterances, np.random.default_rng(0), 20.0, NO_ROOM, speaking)


def test_gestures_out_of_range_or_shape_are_refused() -> None:
    with pytest.raises(DyadError, match="strength 3"):
        gesture_motion(Gesture.NOD, 3.0, 0.0)
    with pytest.raises(DyadError, match=r"\(10, 4\)"):
        render_gestures(np.zeros((10, 4), np.float32), np.zeros(10, np.float32))


def test_one_voice_alone_can_talk_to_itself_at_two_speeds(utterances: list[Utterance]) -> None:
    one = [u for u in utterances if u.voice == "voice0"]
    dyad = compose(one, np.random.default_rng(1), 20.0, NO_ROOM)
    assert dyad.holds_floor.any(axis=1).all()


def test_a_voice_without_backchannels_gives_none(utterances: list[Utterance]) -> None:
    mute = [u for u in utterances if not u.backchannel]
    conversation = converse(mute, np.random.default_rng(1), 40.0, NO_ROOM)
    assert all(c.kind is Kind.TURN for c in conversation.contributions)
