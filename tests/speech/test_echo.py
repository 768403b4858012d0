"""How much of the microphone is the loudspeaker, on human recordings."""

from __future__ import annotations

import numpy as np
import pytest

from speech.audio import FRAME_SAMPLES, SAMPLE_RATE, load_audio
from speech.echo import EchoMeter

ALIKE = 0.75


@pytest.fixture(scope="module")
def agent(asterisk_prompts):
    return _levelled(load_audio(asterisk_prompts["demo-congrats"])[: 3 * SAMPLE_RATE])


@pytest.fixture(scope="module")
def user(asterisk_prompts):
    return _levelled(load_audio(asterisk_prompts["vm-options"])[: 3 * SAMPLE_RATE])


def _levelled(pcm):
    return (pcm * (0.08 / np.sqrt(np.mean(pcm**2)))).astype(np.float32)


def _came_back(agent, milliseconds, decibels, muffled):
    room = np.array([1, 0, 0, 0, 0.4, 0, 0, 0, 0, -0.3, 0, 0.2])
    sound = np.convolve(agent, np.convolve(room, np.hanning(12)[1:-1] / 5.5) if muffled else room)
    late = round(milliseconds * SAMPLE_RATE / 1000)
    return np.concatenate((np.zeros(late), sound))[: len(agent)] * 10 ** (decibels / 20)


def _shares(agent, heard):
    """Of the frames in which something is heard."""
    meter, shares = EchoMeter(), []
    noise = np.random.default_rng(0).normal(0, 3e-4, len(heard))
    for at in range(0, len(heard) - FRAME_SAMPLES, FRAME_SAMPLES):
        piece = heard[at : at + FRAME_SAMPLES] + noise[at : at + FRAME_SAMPLES]
        meter.sent(agent[at : at + FRAME_SAMPLES])
        meter.heard(piece.astype(np.float32))
        if np.sqrt(np.mean(piece**2)) > 3e-3:
            shares.append(meter.share())
    return np.array(shares)


@pytest.mark.parametrize("muffled", [False, True], ids=["plain", "muffled"])
@pytest.mark.parametrize(("milliseconds", "decibels"), [(120, -6), (250, -20), (480, -12)])
def test_the_agents_own_voice_is_known_at_any_delay(agent, milliseconds, decibels, muffled):
    shares = _shares(agent, _came_back(agent, milliseconds, decibels, muffled))
    assert np.mean(shares > ALIKE) > 0.9


def test_somebody_else_isnt_taken_for_it(agent, user):
    shares = _shares(agent, user)
    assert len(shares) > 30
    assert np.mean(shares > ALIKE) < 0.02


def test_somebody_who_talks_over_the_echo_comes_through(agent, user):
    length = min(len(agent), len(user))
    both = user[:length] + _came_back(agent, 200, -6, muffled=True)[:length]
    loud = np.sqrt(np.mean(user[: length // 640 * 640].reshape(-1, 640) ** 2, axis=1)) > 0.04
    shares = _shares(agent, both)
    assert loud.sum() > 20
    assert np.mean(shares > ALIKE) < 1 - loud.mean() + 0.05


def test_without_any_sound_of_the_agents_nothing_is_echo(user):
    assert _shares(np.zeros_like(user), user).max() == 0


def test_in_silence_nothing_is_echo(agent):
    meter = EchoMeter()
    meter.sent(agent[:FRAME_SAMPLES])
    meter.heard(np.zeros(FRAME_SAMPLES, np.float32))
    assert meter.share() == 0
