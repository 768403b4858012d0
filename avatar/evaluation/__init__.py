"""How near a face's motion comes to a person's: the measures of the DualTalk paper and what keeps them
honest.
"""

from __future__ import annotations

from avatar.evaluation.conversations import Conversation
from avatar.evaluation.evaluate import Evaluation, evaluate
from avatar.evaluation.parts import PARTS, EvaluationError
from avatar.evaluation.score import METRICS, ClipScorer, Scores
from avatar.evaluation.systems import AnimatorSystem, ContextModel, FrozenMean, GroundTruth, System

__all__ = [
    "METRICS",
    "PARTS",
    "AnimatorSystem",
    "ClipScorer",
    "ContextModel",
    "Conversation",
    "Evaluation",
    "EvaluationError",
    "FrozenMean",
    "GroundTruth",
    "Scores",
    "System",
    "evaluate",
]
