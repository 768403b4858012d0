"""Composed conversations: timing against people's, validity, the same bytes again, no jumps, clear errors."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from avatar import measures
from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.motion import HEAD, Column, validate
from avatar.training.dyads.blend import speaking_face
from avatar.training.dyads.compose import Conversation, compose, converse
from avatar.training.dyads.dyad import Gesture
from avatar.training.dyads.listening.templates import gesture_motion, render_gestures
from avatar.training.dyads.options import (
    DyadError,
    DyadOptions,
    TimingOptions,
)
from avatar.training.dyads.timing import Kind
from avatar.training.dyads.timing_measure import TimingMeasure, measure_timing
from avatar.training.dyads.utterance import Utterance
from tests.avatar.training.talk import SECONDS, sides

NO_ROOM = DyadOptions(room=None)


@pytest.fixture(scope="module")
def timing(conversations: list[Conversation]) -> TimingMeasure:
    return measure_timing([c.contributions for c in conversations], SECONDS)


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
