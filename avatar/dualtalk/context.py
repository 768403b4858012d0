"""The last seconds of one conversation, as DualTalk takes them: a ring of frames, silence before."""

from __future__ import annotations

import numpy as np

from avatar.animator import FRAME_SAMPLES, FloatArray


class RollingContext:
    """Sound of both sides and the user's motion for the last ``frames`` frames of 40 ms.

    The agent's sound may run ahead of the user's. It always has its full length: before the conversation
    there was silence, and a face at rest. So every pass has the same shape, and passes of several
    conversations can be one batch.
    """

    def __init__(self, frames: int, columns: int) -> None:
        self._agent = np.zeros((frames, FRAME_SAMPLES), dtype=np.float32)
        self._user = np.zeros((frames, FRAME_SAMPLES), dtype=np.float32)
        self._motion = np.zeros((frames, columns), dtype=np.float32)
        self._oldest = 0

    def push(self, agent_pcm: FloatArray, user_pcm: FloatArray, user_motion: FloatArray | None) -> None:
        """Move on by a frame: the agent's newest sounds (n, 640), the user's newest (640,) and motion
        (columns,).

        Of the agent's, the last is new; those before it replace what was thought to come, since an agent may
        be interrupted. Unknown motion becomes zeros.
        """
        newest = self._oldest
        self._agent[np.arange(newest - len(agent_pcm) + 1, newest + 1) % len(self._agent)] = agent_pcm
        self._user[newest] = user_pcm
        self._motion[newest] = 0 if user_motion is None else user_motion
        self._oldest = (newest + 1) % len(self._agent)

    def clip(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sounds (samples,) of agent and user and the user's motion (frames, columns), oldest first."""
        order = np.roll(np.arange(len(self._agent)), -self._oldest)
        return self._agent[order].ravel(), self._user[order].ravel(), self._motion[order]
