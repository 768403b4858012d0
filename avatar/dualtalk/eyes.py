"""Blinks and gaze for a face whose model has none: DualTalk's data knows no lids and no eyes."""

from __future__ import annotations

import numpy as np

from avatar.animator import FRAME_RATE, FloatArray
from avatar.motion import HEAD, NAMES, Column
from avatar.procedural.blinks import Activity, Blinks
from avatar.procedural.gaze import Gaze
from avatar.procedural.level import HOP_SAMPLES, LevelTracker

ATTENTION = round(1.5 * FRAME_RATE)  # frames after the user's last sound in which the agent goes on listening
PAUSE = round(0.3 * FRAME_RATE)  # frames of silence that don't yet end the agent's turn

LIDS_AND_EYES = [index for index, name in enumerate(NAMES) if name.startswith(("eyeBlink", "eyeLook"))]
LIDS_AND_EYES += range(Column.leftEyeYaw, len(NAMES))


class Eyes:
    """Lids and gaze of one face, by who speaks; the eyes counter the head's movement."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        blinks, gaze = (np.random.default_rng(child) for child in seed.spawn(2))
        self._blinks = Blinks(blinks)
        self._gaze = Gaze(gaze)
        self._levels = LevelTracker(), LevelTracker()
        self._silence = [10**6, 10**6]  # frames since agent and user were last heard

    def step(self, motion: FloatArray, agent_pcm: FloatArray, user_pcm: FloatArray) -> None:
        """Write lids and eyes into one frame of motion (61,), whose head is kept as it is."""
        for side, pcm in enumerate((agent_pcm, user_pcm)):
            hops = [self._levels[side].step(hop) for hop in pcm.reshape(-1, HOP_SAMPLES)]
            self._silence[side] = 0 if any(hop.active for hop in hops) else self._silence[side] + 1
        activity = Activity.IDLE
        if self._silence[0] <= PAUSE:
            activity = Activity.SPEAKING
        elif self._silence[1] <= ATTENTION:
            activity = Activity.LISTENING
        self._gaze.step(activity)
        full = motion.astype(np.float64)
        full[LIDS_AND_EYES] = 0
        self._gaze.write(full, full[HEAD])
        full[Column.eyeBlinkLeft] = full[Column.eyeBlinkRight] = self._blinks.step(activity)
        motion[LIDS_AND_EYES] = full[LIDS_AND_EYES]
