"""Where the agent looks: at the partner or away, in bouts (Argyle & Cook 1976), with saccades between."""

from __future__ import annotations

from math import radians

import numpy as np
from numpy.typing import NDArray

from avatar.motion import EYE_LOOK_PITCH, EYE_LOOK_YAW, Column
from avatar.procedural.blinks import Activity
from avatar.procedural.curves import FRAME_SECONDS, Spring

Array = NDArray[np.float64]

AT_PARTNER = 2.7  # s, mean bout of looking at the partner; turns cut some short, 2.2 come out (Rogers 2018)
AWAY = {Activity.IDLE: 1.5, Activity.LISTENING: 1.1, Activity.SPEAKING: 3.4}  # s, mean bout of looking away
SHORTEST = 0.35  # s, any bout
START_AVERSION = 0.75  # chance to look away as the agent begins to speak (Ho 2015)
AWAY_YAW = (radians(9), radians(20))  # to either side
AWAY_PITCH = (radians(-7), radians(9))
FIXATION = (0.35, 1.10)  # s between small saccades
SCAN_PARTNER = radians(1.1)  # over the partner's eyes and mouth
SCAN_AWAY = radians(2.2)
SACCADE = 0.72  # share of the way done in a frame: 10 degrees take two frames
HEAD_SHARE = 0.22  # of a gaze shift that the head makes
HEAD_RATE = 7.0  # rad/s, how quickly it does
EYE_YAW_LIMIT, EYE_PITCH_LIMIT = radians(32), radians(25)
TO_LEFT = (Column.eyeLookOutLeft, Column.eyeLookInRight)
TO_RIGHT = (Column.eyeLookInLeft, Column.eyeLookOutRight)
DOWN = (Column.eyeLookDownLeft, Column.eyeLookDownRight)
UP = (Column.eyeLookUpLeft, Column.eyeLookUpRight)


class Gaze:
    """Direction of gaze in the room, 0 being the partner; the eyes make up what the head does not."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.at_partner = True
        self.shifted = False  # whether a large gaze shift began on this frame
        self._bout = float(rng.exponential(AT_PARTNER))
        self._fixation = 0.0
        self._aim: Array = np.zeros(2)  # yaw, pitch of the bout's target
        self._scan: Array = np.zeros(2)
        self._eyes: Array = np.zeros(2)
        self._head_yaw, self._head_pitch = Spring(HEAD_RATE), Spring(HEAD_RATE)
        self._activity = Activity.IDLE

    def step(self, activity: Activity) -> tuple[float, float]:
        """Advance one frame; returns the head's part of the gaze: yaw, pitch in radians."""
        self.shifted = False
        self._bout -= FRAME_SECONDS
        self._fixation -= FRAME_SECONDS
        if activity is not self._activity:
            self._turn_taken(activity)
        if self._bout <= 0:
            self._look(not self.at_partner, activity)
        if self._fixation <= 0:
            reach = SCAN_PARTNER if self.at_partner else SCAN_AWAY
            self._scan = self._rng.uniform(-reach, reach, 2)
            self._fixation = float(self._rng.uniform(*FIXATION))
        yaw, pitch = HEAD_SHARE * self._aim
        return self._head_yaw.step(float(yaw)), self._head_pitch.step(float(pitch))

    def _turn_taken(self, activity: Activity) -> None:
        self._activity = activity
        away = self._rng.random() < START_AVERSION
        if activity is Activity.SPEAKING:
            if away and self.at_partner:
                self._look(False, activity)
        elif not self.at_partner:
            self._look(True, activity)

    def _look(self, at_partner: bool, activity: Activity) -> None:
        self.at_partner = at_partner
        self.shifted = True
        mean = AT_PARTNER if at_partner else AWAY[activity]
        # gamma of shape 2: bouts cluster round their mean, few are very short
        self._bout = max(SHORTEST, float(self._rng.gamma(2.0, mean / 2.0)))
        side = 1.0 if self._rng.random() < 0.5 else -1.0
        yaw, pitch = side * self._rng.uniform(*AWAY_YAW), self._rng.uniform(*AWAY_PITCH)
        self._aim = np.zeros(2) if at_partner else np.array([yaw, pitch])
        self._fixation = 0.0

    def write(self, motion: Array, head: Array) -> None:
        """Write the eyes' columns of ``motion`` (61,), given the head's whole rotation (3,)."""
        wanted = self._aim + self._scan - head[:2]  # eyes counter the head and stay on target
        self._eyes = self._eyes + SACCADE * (wanted - self._eyes)
        yaw = min(max(float(self._eyes[0]), -EYE_YAW_LIMIT), EYE_YAW_LIMIT)
        pitch = min(max(float(self._eyes[1]), -EYE_PITCH_LIMIT), EYE_PITCH_LIMIT)
        motion[Column.leftEyeYaw] = motion[Column.rightEyeYaw] = yaw
        motion[Column.leftEyePitch] = motion[Column.rightEyePitch] = pitch
        side, height = abs(yaw) / EYE_LOOK_YAW, abs(pitch) / EYE_LOOK_PITCH
        for column in TO_LEFT if yaw > 0 else TO_RIGHT:
            motion[column] = side
        for column in DOWN if pitch > 0 else UP:
            motion[column] = height
