"""Protocol messages survive the wire, and what is none is refused with a reason."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from orchestration.media import AGENT_FRAME_SAMPLES, MOTION_SIZE, USER_FRAME_SAMPLES
from orchestration.protocol import (
    AgentFrame,
    Bye,
    Error,
    Event,
    HandOff,
    Hello,
    HistoryEntry,
    Played,
    ProtocolError,
    UserAudio,
    UserMotion,
    UserText,
    Welcome,
    decode,
    encode,
)
from orchestration.protocol.codec import HEADER

counters = st.integers(0, 2**32 - 1)
pcm16_step = 1 / 32767


def sounds(samples: int):
    return hnp.arrays(np.float32, samples, elements=st.floats(-1, 1, width=32))


motions = hnp.arrays(np.float32, MOTION_SIZE, elements=st.floats(-2, 2, width=32))
texts = st.text(min_size=1, max_size=200)
names = st.none() | st.text(max_size=50)
entries = st.builds(
    HistoryEntry,
    role=st.sampled_from(["user", "agent"]),
    text=st.text(max_size=30),
    interrupted=st.booleans(),
)
json_messages = st.one_of(
    st.builds(
        Hello,
        client=st.text(max_size=50),
        acknowledges=st.booleans(),
        persona=names,
        voice=names,
        resume=names,
        history=st.lists(entries, max_size=40).map(tuple),
    ),
    st.builds(
        Welcome,
        version=st.just(1),
        session=texts,
        fps=st.just(25),
        user_sample_rate=st.just(16_000),
        agent_sample_rate=st.just(24_000),
        motion_names=st.lists(texts, max_size=3).map(tuple),
        persona=texts,
        recording=st.booleans(),
        max_seconds=st.floats(1, 1e5),
        max_message_bytes=st.integers(1, 2**24),
        voice=texts,
        head=texts,
        resume=texts,
        resumed=st.sampled_from(["no", "memory", "history"]),
        resume_within_s=st.floats(0, 1e4),
    ),
    st.builds(UserText, text=texts),
    st.builds(HandOff, persona=texts),
    st.builds(Bye, reason=st.text(max_size=100)),
    st.builds(Error, code=texts, message=texts, remedy=texts, fatal=st.booleans()),
    st.builds(
        Event,
        pts=counters,
        t=st.floats(0, 1e6),
        type=texts,
        generation=counters,
        data=st.dictionaries(st.text(max_size=10), st.integers() | st.text(max_size=10), max_size=3),
    ),
)


@given(json_messages)
def test_a_json_message_comes_back_as_it_was(message):
    assert decode(encode(message)) == message


@given(counters, counters)
def test_an_acknowledgement_comes_back_as_it_was(pts, generation):
    assert decode(encode(Played(pts, generation))) == Played(pts, generation)


@given(counters, sounds(USER_FRAME_SAMPLES))
def test_user_sound_comes_back_within_half_a_pcm16_step(pts, pcm):
    back = decode(encode(UserAudio(pts, pcm)))
    assert back.pts == pts
    assert np.abs(back.pcm - pcm).max() <= pcm16_step


@given(counters, motions)
def test_user_motion_comes_back_exactly(pts, motion):
    back = decode(encode(UserMotion(pts, motion)))
    assert np.array_equal(back.motion, motion)


@given(
    counters,
    counters,
    sounds(AGENT_FRAME_SAMPLES),
    motions,
    st.integers(-1, 2**31 - 1),
    st.booleans(),
    st.booleans(),
)
def test_an_agent_frame_keeps_sound_and_face_together(pts, generation, pcm, motion, user_pts, speech, flush):
    back = decode(encode(AgentFrame(pts, generation, pcm, motion, user_pts, speech, flush)))
    assert (back.pts, back.generation, back.user_pts) == (pts, generation, user_pts)
    assert (back.speech, back.flush) == (speech, flush)
    assert np.array_equal(back.motion, motion)
    assert np.abs(back.pcm - pcm).max() <= pcm16_step


def test_sound_beyond_full_scale_is_clipped_not_wrapped():
    back = decode(encode(UserAudio(0, np.full(USER_FRAME_SAMPLES, 3.0, np.float32))))
    assert back.pcm.min() == pytest.approx(1.0)


def _history(turns: int, characters: int) -> bytes:
    entry = {"role": "user", "text": "x" * characters}
    return json.dumps({"history": [entry] * turns}).encode()


@given(st.binary(max_size=4000))
def test_garbage_is_a_message_or_a_protocol_error_never_anything_else(data):
    try:
        decode(data)
    except ProtocolError as error:
        assert error.code
        assert error.remedy


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "too_short"),
        (b"hi", "too_short"),
        (HEADER.pack(0x02, 9, 0, 0, 0), "version"),
        (HEADER.pack(0x7F, 1, 0, 0, 0), "unknown_kind"),
        (HEADER.pack(0x02, 1, 0, 0, 0) + bytes(10), "bad_size"),
        (HEADER.pack(0x03, 1, 0, 0, 0) + b"x", "bad_size"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + b"{", "bad_payload"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + b'{"unknown": 1}', "bad_payload"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + b'{"persona": 3}', "bad_payload"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + b'{"history": [{"role": "system", "text": "x"}]}', "bad_payload"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + _history(41, 1), "bad_payload"),
        (HEADER.pack(0x01, 1, 0, 0, 0) + _history(1, 2001), "bad_payload"),
        (HEADER.pack(0x04, 1, 0, 0, 0) + b'{"text": ""}', "bad_payload"),
        (HEADER.pack(0x07, 1, 0, 0, 0) + b'{"persona": ""}', "bad_payload"),
        (HEADER.pack(0x05, 1, 0, 0, 0) + np.full(61, np.nan, "<f4").tobytes(), "bad_motion"),
    ],
)
def test_a_broken_message_is_named_by_its_code(data, code):
    with pytest.raises(ProtocolError) as caught:
        decode(data)
    assert caught.value.code == code


def test_the_greeting_carries_every_name_once():
    from avatar.motion import NAMES

    welcome = Welcome(
        version=1,
        session="s",
        fps=25,
        user_sample_rate=16000,
        agent_sample_rate=24000,
        motion_names=NAMES,
        persona="Mira",
        recording=False,
        max_seconds=60,
        max_message_bytes=65536,
    )
    assert decode(encode(welcome)).motion_names == NAMES
    assert len(set(NAMES)) == MOTION_SIZE
