"""Blinks and gaze for a face whose model has none: DualTalk's data knows no lids and no eyes."""

from __future__ import annotations

import numpy as np

from avatar.animator import FloatArray
from avatar.motion import HEAD, NAMES, Column
from avatar.procedural.attention import Talk, activity_of
from avatar.procedural.blinks import Blinks
from avatar.procedural.gaze import Gaze

LIDS_AND_EYES = [index for index, name in enumerate(NAMES) if name.startswith(("eyeBlink", "eyeLook"))]
LIDS_AND_EYES += range(Column.leftEyeYaw, len(NAMES))


class Eyes:
    """Lids and gaze of one face, by who speaks; the eyes counter the head's movement."""

    def __init__(self, seed: np.random.SeedSequence) -> None:
        blinks, gaze = (np.random.default_rng(child) for child in seed.spawn(2))
        self._blinks = Blinks(blinks)
        self._gaze = Gaze(gaze)
        self._own, self._user = Talk(), Talk()

    def step(self, motion: FloatArray, agent_pcm: FloatArray, user_pcm: FloatArray) -> None:
        """Write lids and eyes into one frame of motion (61,), whose head is kept as it is."""
        self._own.step(agent_pcm)
        self._user.step(user_pcm)
        activity = activity_of(self._own, self._user)
        self._gaze.step(activity)
        full = motion.astype(np.float64)
        full[LIDS_AND_EYES] = 0
        self._gaze.write(full, full[HEAD])
        full[Column.eyeBlinkLeft] = full[Column.eyeBlinkRight] = self._blinks.step(activity)
        motion[LIDS_AND_EYES] = full[LIDS_AND_EYES]
