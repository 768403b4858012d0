"""Listeners in composed conversations: what they answer, how often, and that motion is what onsets say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate

from avatar import measures
from avatar.animator import FRAME_RATE, SAMPLE_RATE
from avatar.motion import HEAD, SHAPES, Column
from avatar.training.dyads.compose import Conversation, compose
from avatar.training.dyads.dyad import Gesture
from avatar.training.dyads.listening.cues import find_cues
from avatar.training.dyads.listening.mimicry import mirror
from avatar.training.dyads.listening.templates import gesture_motion, render_gestures
from avatar.training.dyads.moods import resting_face
from avatar.training.dyads.options import (
    DyadOptions,
    ListeningOptions,
)
from avatar.training.dyads.utterance import Utterance
from tests.avatar.conftest import vowel
from tests.avatar.training.talk import attends, sides

NO_ROOM = DyadOptions(room=None)


def test_listeners_nod_as_often_as_fast_and_as_small_as_people(conversations: list[Conversation]) -> None:
    listened = sum(attends(dyad, party).sum() for dyad, party in sides(conversations)) / FRAME_RATE / 60
    begun = sum((dyad.onsets[party][attends(dyad, party)] != 0).sum() for dyad, party in sides(conversations))
    assert 11 <= begun / listened <= 18, "gestures a minute of listening"
    nods = [measures.nods(dyad.motion[party], attends(dyad, party)) for dyad, party in sides(conversations)]
    assert 7 <= np.mean([nod.per_minute for nod in nods]) <= 14
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
