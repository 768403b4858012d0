"""A voice beside the replies: prepared words laid on the metronome without taking the floor."""

from __future__ import annotations

from typing import Final

import numpy as np

from orchestration.aside import Aside
from orchestration.media import (
    AGENT_FRAME_SAMPLES,
    AGENT_SAMPLE_RATE,
    USER_FRAME_SAMPLES,
    silence,
)
from orchestration.session.playout import PlayoutFrame

_CUT: Final = AGENT_SAMPLE_RATE * 8 // 1000  # samples in which it falls silent under a reply
_CUT_RAMP: Final = np.linspace(1, 0, _CUT, dtype=np.float32)
_STOP_RAMP: Final = np.linspace(1, 0, AGENT_FRAME_SAMPLES, dtype=np.float32)
_NO_SOUND: Final = silence(USER_FRAME_SAMPLES)


class SoftVoice:
    """Says one aside at a time; a reply cuts it at once."""

    def __init__(self) -> None:
        self._aside: Aside | None = None
        self._next = 0  # frame of it
        self._lips = False
        self._stopping = False

    @property
    def sounding(self) -> bool:
        """Whether something is being said."""
        return self._aside is not None

    def say(self, aside: Aside, *, lips: bool) -> None:
        """Begin with the next frame, in place of what is being said; ``lips``: the mouth is to move to it."""
        self._aside, self._next, self._lips, self._stopping = aside, 0, lips, False

    def stop(self) -> None:
        """Fall silent within the next frame."""
        self._stopping = True

    def mix(self, agent: PlayoutFrame) -> PlayoutFrame:
        """The frame to be sent: ``agent`` of the reply, or the aside's where the reply is silent."""
        if self._aside is None:
            return agent
        pcm = self._aside.pcm[self._next]
        if agent.speech:
            over = agent.pcm.copy()
            over[:_CUT] += pcm[:_CUT] * _CUT_RAMP
            self._aside = None
            return PlayoutFrame(over, agent.animator_pcm, speech=True)
        heard = self._aside.heard[self._next]
        self._next += 1
        if self._stopping:
            pcm = pcm * _STOP_RAMP
        if self._stopping or self._next == len(self._aside.pcm):
            self._aside = None
        lips = heard if self._lips else _NO_SOUND
        return PlayoutFrame(np.asarray(pcm, np.float32), lips, speech=False, beside=heard)
