"""A face that goes with the words being heard, on virtual time."""

from __future__ import annotations

import asyncio

import numpy as np

from avatar.motion import Column
from orchestration.simulation.scripted import spoken

REPLY = "That is wonderful news my friend. Unfortunately the terrible accident was really awful."
CORNERS = [Column.mouthSmileLeft, Column.mouthFrownLeft]


async def asks(client, session):
    await asyncio.sleep(1)
    client.say(spoken(0, 1.0))


def test_the_face_smiles_with_the_good_clause_and_frowns_with_the_bad_one(hold):
    held = hold(asks, seconds=14, reply=lambda _: REPLY, session_options={"emotion": 1.0})
    smile, frown = held.recording.motion()[:, CORNERS].T
    sounding = [n for n, frame in enumerate(held.recording.frames) if frame.speech]
    assert sounding[0] < smile.argmax() < frown.argmax()
    assert smile.max() > 0.1
    assert frown.max() > 0.05
    assert smile[: sounding[0]].max() == 0
    assert smile[frown.argmax()] < 0.05


def test_it_fades_when_the_agent_falls_silent(hold):
    held = hold(asks, seconds=14, reply=lambda _: "How wonderful!", session_options={"emotion": 1.0})
    smile = held.recording.motion()[:, Column.mouthSmileLeft]
    assert smile.max() > 0.05
    assert smile[-1] == 0


def test_without_it_the_same_faces_are_sent_as_ever(hold):
    plain, calm = (
        hold(asks, seconds=9, reply=lambda _: REPLY, session_options=o) for o in ({}, {"emotion": 0.0})
    )
    assert np.array_equal(plain.recording.motion(), calm.recording.motion())
    assert not plain.recording.motion()[:, CORNERS].any()
