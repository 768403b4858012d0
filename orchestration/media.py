"""The units all media is cut into: one frame is 40 ms on the session's timeline."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_RATE: Final = 25  # frames a second
FRAME_SECONDS: Final = 1 / FRAME_RATE  # 0.04 s
USER_SAMPLE_RATE: Final = 16_000  # Hz, what the user's microphone sends
AGENT_SAMPLE_RATE: Final = 24_000  # Hz, what the agent's voice is played at
USER_FRAME_SAMPLES: Final = USER_SAMPLE_RATE // FRAME_RATE  # 640
AGENT_FRAME_SAMPLES: Final = AGENT_SAMPLE_RATE // FRAME_RATE  # 960
AHEAD_FRAMES: Final = 4  # frames of the agent's own sound that the animator may know ahead of time
MOTION_SIZE: Final = 61  # 52 shapes, head yaw/pitch/roll, two eyes' rotations

FloatArray = NDArray[np.float32]


def silence(samples: int) -> FloatArray:
    """``samples`` zeros, float32."""
    return np.zeros(samples, np.float32)
