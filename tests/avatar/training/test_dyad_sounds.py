"""Sounds of composed conversations: rooms leave timing alone, clips take their phones along."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate

from avatar import measures
from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE
from avatar.training.dyads.clips import at_speed, cut, joined, spoken
from avatar.training.dyads.compose import Conversation, compose
from avatar.training.dyads.options import (
    DyadOptions,
    RoomOptions,
)
from avatar.training.dyads.room import hear, speech_level
from avatar.training.dyads.utterance import Utterance
from tests.avatar.training.talk import Talker

NO_ROOM = DyadOptions(room=None)


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
