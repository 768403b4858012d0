"""The speaking head: it rises with pitch, turns with the melody, beats on accents, tilts as phrases end."""

from __future__ import annotations

from collections.abc import Sequence
from math import radians

import numpy as np

from avatar.training.dyads.speaking.accents import Accent, PhraseEnd, answered
from avatar.training.dyads.speaking.frames import at_frames, bump, frame_times, presence, spring
from avatar.training.dyads.speaking.phones import Array
from avatar.training.dyads.speaking.style import Style
from avatar.training.dyads.speaking.voice import HOP_RATE, Voice

LIVELY = 3.0  # semitones from habit beyond which more melody hardly moves the head more
LIFT = radians(0.60)  # pitch a semitone above habit
LIFT_SPEED = 9.0  # rad/s of the spring
TURN = radians(1.9)  # yaw a semitone of melody
TURN_SPEEDS = (6.5, 1.6)  # rad/s; the melody is what a quick spring has over a slow one
SWING = radians(6.0)  # roll per loudness over its surroundings
SWING_SPEEDS = (5.5, 1.4)  # rad/s
BEAT = radians(3.2)  # pitch of a full accent
BEAT_LEAD = 0.07  # s before the vowel
BEAT_RISE, BEAT_FALL = 0.20, 0.30  # s
TILT = radians(2.4)  # roll at a full rise or fall
NOD = radians(1.6)  # pitch at a full fall; a rise lifts the chin
CLOSE_LEAD = 0.25  # s before a phrase's end
CLOSE_RISE, CLOSE_FALL = 0.40, 0.70  # s
LIMITS = np.radians([8.0, 7.0, 5.5])  # yaw, pitch, roll that are hardly passed


def speaking_head(
    accented: Sequence[Accent], ends: Sequence[PhraseEnd], voice: Voice, style: Style, frames: int
) -> Array:
    """Yaw, pitch, roll (frames, 3) in radians, at rest at either end."""
    time = frame_times(frames)
    head = np.zeros((frames, 3))
    melody = LIVELY * np.tanh(voice.lift / LIVELY)
    head[:, 0] = TURN * _melody(melody, TURN_SPEEDS, frames)
    head[:, 1] = -LIFT * at_frames(spring(melody, LIFT_SPEED, HOP_RATE), HOP_RATE, frames)
    head[:, 2] = SWING * _melody(voice.loudness, SWING_SPEEDS, frames)
    head[:, 1] += BEAT * answered(accented, time, BEAT_LEAD, BEAT_RISE, BEAT_FALL)
    for end in ends:
        course = bump(time, end.end - CLOSE_LEAD, CLOSE_RISE, CLOSE_FALL)
        head[:, 1] -= NOD * end.rise * course
        head[:, 2] += TILT * end.rise * course
    head = LIMITS * np.tanh(style.animation * head / LIMITS) + style.drift(time)
    return np.asarray(head * presence(frames)[:, None])


def _melody(track: Array, speeds: tuple[float, float], frames: int) -> Array:
    quick, slow = (spring(track, speed, HOP_RATE) for speed in speeds)
    return at_frames(quick - slow, HOP_RATE, frames)
