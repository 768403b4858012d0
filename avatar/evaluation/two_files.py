"""One motion file against another."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.evaluation.conversations import Conversation
from avatar.evaluation.evaluate import Evaluation, Example, Row
from avatar.evaluation.parts import EvaluationError
from avatar.evaluation.score import ClipScorer
from avatar.evaluation.systems import FrozenMean, GroundTruth
from avatar.formats import read_motion
from avatar.retarget import FlameRetargeting, is_flame_npz, read_flame_npz


def read_flame56(path: Path, retargeting: FlameRetargeting | None = None) -> FloatArray:
    """A file's motion as FLAME-56 (T, 56): FLAME as it is, ARKit through the map.

    Raises ``EvaluationError`` for ARKit motion without a map, and as the files' own readers do.
    """
    if is_flame_npz(path):
        return read_flame_npz(path).flame56
    clip = read_motion(path)
    if retargeting is None:
        raise EvaluationError(f"{path}: not FLAME motion; give the map from ARKit to FLAME (--flame-map)")
    return retargeting.to_flame(clip.motion).flame56


def evaluate_files(
    name: str, predicted: FloatArray, truth: FloatArray, partner: FloatArray | None = None, *, seed: int = 0
) -> Evaluation:
    """Scores of a prediction called ``name``, the frozen mean and the truth; all motions (T, 56), same T.

    Raises ``EvaluationError`` for unequal lengths.
    """
    frames = len(truth)
    silence = np.zeros(frames * FRAME_SAMPLES, dtype=np.float32)
    clip = Conversation(name, silence, silence, truth, partner)
    motions = {name: predicted} | {
        system.label: system.predict(clip) for system in (FrozenMean(), GroundTruth())
    }
    scorer = ClipScorer(truth, partner, seed)
    rows = [Row(name, label, scorer.score(motion)) for label, motion in motions.items()]
    return Evaluation(list(motions), rows, Example(name, truth, motions))
