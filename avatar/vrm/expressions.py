"""Motion as weights of VRM's expressions: ARKit's own where the model has them, else the presets."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.motion import NAMES, SHAPES, Column, validate
from avatar.vrm.model import VrmModel

_WIDE_OPEN: Final = 0.6  # jawOpen that a vowel's full weight stands for: speech seldom goes further
_SMILE: Final = 0.5  # of "happy": at its full weight most models also shut their eyes

Weights = NDArray[np.float64]


def expression_weights(motion: FloatArray, model: VrmModel) -> dict[str, FloatArray]:
    """Weights (T,), 0..1, of every expression of ``model`` that motion (T, 61) moves.

    A custom expression named like one of ARKit's shapes takes that shape as it is. What the model lacks of
    them is taken by presets: lids by blink*, gaze by look* (only where the model looks by expressions), the
    mouth by vowels from jawOpen, mouthFunnel, mouthPucker and mouthStretch, smiles by half of happy. Raises
    ``MotionError`` for motion that isn't valid.
    """
    frames = np.atleast_2d(np.asarray(motion, dtype=np.float32))
    validate(frames)
    weights: dict[str, Weights] = {}
    for shape, name in model.perfect_sync.items():
        weights[name] = frames[:, NAMES.index(shape)].astype(np.float64)
    has = model.perfect_sync.keys()
    if not {"eyeBlinkLeft", "eyeBlinkRight"} <= has:
        weights |= _lids(frames, model)
    if "jawOpen" not in has:
        weights |= _vowels(frames)
    if not {"mouthSmileLeft", "mouthSmileRight"} <= has:
        weights["happy"] = _SMILE * _mean(frames, Column.mouthSmileLeft, Column.mouthSmileRight)
    looks = {name for name in NAMES[:SHAPES] if name.startswith("eyeLook")}
    if model.look_at == "expression" and not looks <= has:
        weights |= _gaze(frames)
    known = model.presets | set(model.perfect_sync.values())
    return {
        name: np.clip(values, 0, 1).astype(np.float32) for name, values in weights.items() if name in known
    }


def _lids(frames: FloatArray, model: VrmModel) -> dict[str, Weights]:
    if {"blinkLeft", "blinkRight"} <= model.presets:
        left, right = frames[:, Column.eyeBlinkLeft], frames[:, Column.eyeBlinkRight]
        return {"blinkLeft": left.astype(np.float64), "blinkRight": right.astype(np.float64)}
    return {"blink": _mean(frames, Column.eyeBlinkLeft, Column.eyeBlinkRight)}


def _gaze(frames: FloatArray) -> dict[str, Weights]:
    return {
        "lookUp": _mean(frames, Column.eyeLookUpLeft, Column.eyeLookUpRight),
        "lookDown": _mean(frames, Column.eyeLookDownLeft, Column.eyeLookDownRight),
        "lookLeft": _mean(frames, Column.eyeLookOutLeft, Column.eyeLookInRight),
        "lookRight": _mean(frames, Column.eyeLookInLeft, Column.eyeLookOutRight),
    }


def _vowels(frames: FloatArray) -> dict[str, Weights]:
    """How open, how rounded and how spread the mouth is, shared out so that the sum never exceeds 1."""
    opened = np.clip((frames[:, Column.jawOpen] - frames[:, Column.mouthClose]) / _WIDE_OPEN, 0, 1)
    rounded = np.clip(frames[:, Column.mouthFunnel] + frames[:, Column.mouthPucker], 0, 1)
    spread = (1 - rounded) * _mean(frames, Column.mouthStretchLeft, Column.mouthStretchRight)
    opened = opened.astype(np.float64)
    return {
        "aa": opened * (1 - rounded - spread),
        "oh": opened * rounded,
        "ee": opened * spread,
        "ou": (1 - opened) * rounded,
        "ih": (1 - opened) * spread,
    }


def _mean(frames: FloatArray, left: Column, right: Column) -> Weights:
    return (frames[:, left].astype(np.float64) + frames[:, right]) / 2
