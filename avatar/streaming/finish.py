"""What is laid over the model's motion: lids, gaze and breath, which it doesn't learn; gates on the mouth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.config import AnimatorConfig
from avatar.motion import ARTICULATORS, COLUMNS, HEAD, Column, clip
from avatar.procedural.attention import LISTENER_BLINK, SPEAKER_BLINK, Talk, activity_of
from avatar.procedural.blinks import Activity
from avatar.procedural.idle import IdleLife

GATE_STEP = 0.25  # most that the mouth's gate moves in a frame
BEFORE, AFTER = 4, 3  # frames before and after sound in which the mouth may move
# Most that each group changes in a frame, as a vector: just under three times its usual speed, by development
# prompts.
HEAD_STEP = 0.016  # radians, a nod's as well
EXPRESSION_STEP = 0.115
MOUTH_STEP = 0.40
PRESSED = 0.04  # lip gap that is drawn shut
EASED = 0.10  # lip gap from which it is drawn as it is
REST = 0.01  # articulation that isn't drawn in silence

OWN_LIFE = np.zeros(COLUMNS, np.bool_)
OWN_LIFE[[Column[name] for name in Column.__members__ if name.startswith(("eyeBlink", "eyeLook"))]] = True
OWN_LIFE[Column.leftEyeYaw :] = True


class Finish:
    """One face's layers."""

    def __init__(self, config: AnimatorConfig, seed: int) -> None:
        self._config = config
        self._life = IdleLife(np.random.SeedSequence([config.seed, seed]))
        self._own, self._user = Talk(), Talk()
        self._since_sound = AFTER + 1
        self._gate = 0.0
        self._before: dict[str, NDArray[np.float64]] = {}

    def step(
        self,
        motion: FloatArray,
        agent_pcm: FloatArray,
        soon: bool,
        user_pcm: FloatArray,
        intensity: float,
    ) -> FloatArray:
        """The model's ``motion`` (61,) with everything else, float32 (61,).

        ``agent_pcm`` (640,) plays in this frame; ``soon`` says whether sound follows within ``BEFORE``
        frames.
        """
        phrase_over, user_paused = self._own.step(agent_pcm), self._user.step(user_pcm)
        activity = activity_of(self._own, self._user)
        if phrase_over:
            self._life.blinks.answer(*SPEAKER_BLINK)
        if user_paused and activity is Activity.LISTENING:
            self._life.blinks.answer(*LISTENER_BLINK)
        out = self._life.advance(
            activity,
            motion[HEAD].astype(np.float64) * intensity,
            lambda angles: self._no_faster("head", angles, HEAD_STEP),
        )
        learnt = motion.astype(np.float64)
        learnt[OWN_LIFE] = 0.0
        learnt[HEAD] = 0.0
        mouth = shut_lips(np.clip(learnt[ARTICULATORS], 0, 1) * self._config.articulation)
        learnt[ARTICULATORS] = 0.0
        learnt = self._no_faster("expression", learnt, EXPRESSION_STEP) * intensity
        learnt[ARTICULATORS] = self._no_faster("mouth", mouth * self._mouth_gate(soon), MOUTH_STEP)
        return clip(out + learnt)

    def _no_faster(self, group: str, wanted: NDArray[np.float64], step: float) -> NDArray[np.float64]:
        """``wanted``, or as near to it as a change of this length from the frame before comes."""
        before = self._before.get(group, np.zeros_like(wanted))
        change = wanted - before
        length = float(np.sqrt(change @ change))
        self._before[group] = wanted if length <= step else before + change * (step / length)
        return self._before[group]

    def _mouth_gate(self, soon: bool) -> float:
        self._since_sound = 0 if self._own.sounds else self._since_sound + 1
        wanted = 1.0 if soon or self._since_sound <= AFTER else 0.0
        self._gate += min(max(wanted - self._gate, -GATE_STEP), GATE_STEP)
        return self._gate


_JAW = int(np.flatnonzero(Column.jawOpen == ARTICULATORS)[0])
_CLOSE = int(np.flatnonzero(Column.mouthClose == ARTICULATORS)[0])


def shut_lips(mouth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Articulators with lips that are nearly shut drawn shut; a gap that is neither is eased between."""
    mouth = mouth.copy()
    gap = mouth[_JAW] - mouth[_CLOSE]
    if gap < EASED:
        share = max(0.0, (gap - PRESSED) / (EASED - PRESSED))
        mouth[_CLOSE] = mouth[_JAW] - share * max(gap, 0.0)
    return mouth
