"""What each phone asks of the mouth, and how strongly: targets and dominances for coarticulation.

Targets are weights of ARKit shapes at ordinary stress. A dominance tells how far a phone imposes its target
on its neighbours (Löfqvist 1990; Cohen & Massaro 1993): /w/ insists on round lips, /t/ takes what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ARTICULATORS: Mapping[str, tuple[str, ...]] = {
    "jaw": ("jawOpen", "jawForward"),
    "rounding": ("mouthFunnel", "mouthPucker"),
    "spreading": ("mouthStretch", "mouthDimple"),
    "lips": ("mouthLowerDown", "mouthUpperUp", "mouthRollLower", "mouthShrugUpper"),
    "tongue": ("tongueOut",),
}
"""What moves together, and the shapes that show it; a shape named without its side is on both."""

SHAPES: tuple[str, ...] = tuple(shape for shapes in ARTICULATORS.values() for shape in shapes)
ARTICULATOR_OF: NDArray[np.intp] = np.array(
    [index for index, shapes in enumerate(ARTICULATORS.values()) for _ in shapes], dtype=np.intp
)

SILENCE = "SIL"
OPEN_VOWELS = frozenset({"AA", "AE", "AO", "AW", "AY"})
MID_VOWELS = frozenset({"EH", "AH", "ER", "OW", "EY", "OY"})
CLOSE_VOWELS = frozenset({"IY", "IH", "UW", "UH"})
STOPS = frozenset({"P", "B", "T", "D", "K", "G", "CH", "JH"})  # what begins with a silent closure
VOWELS = OPEN_VOWELS | MID_VOWELS | CLOSE_VOWELS


@dataclass(frozen=True, slots=True)
class Target:
    """Where the mouth wants to be: ``shapes`` (shapes,) in the order of ``SHAPES``, and how much it wants
    it, ``dominance`` (articulators,).
    """

    shapes: Array
    dominance: Array


def _target(dominance: tuple[float, float, float, float], **weights: float) -> Target:
    shapes = np.array([weights.pop(shape, 0.0) for shape in SHAPES])
    if weights:
        raise KeyError(f"no articulator shows {', '.join(weights)}")
    return Target(shapes, np.array([*dominance, 1.0]))


_VOWEL = (1.15, 0.8, 0.7, 0.9)  # jaw, rounding, spreading, lips
_ROUND = (1.15, 1.3, 0.9, 0.9)
_STOP = (0.55, 0.12, 0.15, 0.4)
_SOFT = (0.4, 0.1, 0.12, 0.3)

_A = _target(_VOWEL, jawOpen=0.48, mouthLowerDown=0.24, mouthUpperUp=0.12, mouthStretch=0.05)
_O = _target(_ROUND, jawOpen=0.33, mouthFunnel=0.34, mouthPucker=0.34, mouthLowerDown=0.12, mouthUpperUp=0.06)
_U = _target(_ROUND, jawOpen=0.12, mouthFunnel=0.26, mouthPucker=0.62, mouthLowerDown=0.06)
_I = _target(
    _VOWEL, jawOpen=0.11, mouthStretch=0.34, mouthDimple=0.10, mouthLowerDown=0.16, mouthUpperUp=0.11
)
_E = _target(
    _VOWEL, jawOpen=0.34, mouthStretch=0.22, mouthDimple=0.05, mouthLowerDown=0.21, mouthUpperUp=0.13
)
_BILABIAL = _target((1.1, 0.25, 0.2, 1.2), jawOpen=0.10)
_LABIODENTAL = _target(
    (1.8, 0.6, 0.3, 2.2), jawOpen=0.03, mouthRollLower=0.54, mouthUpperUp=0.34, mouthStretch=0.06
)
_DENTAL = _target((0.9, 0.15, 0.2, 0.8), jawOpen=0.14, tongueOut=0.20, mouthLowerDown=0.16, mouthUpperUp=0.12)
_ALVEOLAR = _target(_STOP, jawOpen=0.11, mouthStretch=0.10, mouthLowerDown=0.14, mouthUpperUp=0.08)
_SIBILANT = _target(
    (2.3, 0.35, 0.55, 1.0),
    jawOpen=0.045,
    jawForward=0.06,
    mouthStretch=0.26,
    mouthLowerDown=0.30,
    mouthUpperUp=0.20,
)
_HUSHING = _target(
    (2.2, 1.1, 0.6, 1.0),
    jawOpen=0.06,
    jawForward=0.10,
    mouthFunnel=0.55,
    mouthPucker=0.22,
    mouthLowerDown=0.14,
    mouthUpperUp=0.12,
    mouthShrugUpper=0.08,
)
_VELAR = _target((0.4, 0.1, 0.12, 0.3), jawOpen=0.17, mouthLowerDown=0.12, mouthUpperUp=0.06)
_W = _target((1.0, 1.6, 1.0, 0.9), jawOpen=0.08, mouthFunnel=0.26, mouthPucker=0.66)
_R = _target((0.6, 0.75, 0.5, 0.5), jawOpen=0.14, mouthFunnel=0.34, mouthPucker=0.26, mouthLowerDown=0.08)
_L = _target(_SOFT, jawOpen=0.19, tongueOut=0.06, mouthLowerDown=0.16, mouthUpperUp=0.08, mouthStretch=0.08)
_J = _target((0.7, 0.6, 0.7, 0.5), jawOpen=0.10, mouthStretch=0.28, mouthDimple=0.06, mouthLowerDown=0.14)

PHONES: Mapping[str, tuple[Target, ...]] = {
    "AA": (_A,),
    "AE": (
        _target(
            _VOWEL, jawOpen=0.46, mouthStretch=0.20, mouthDimple=0.04, mouthLowerDown=0.28, mouthUpperUp=0.16
        ),
    ),
    "AO": (
        _target(
            _ROUND, jawOpen=0.42, mouthFunnel=0.36, mouthPucker=0.16, mouthLowerDown=0.18, mouthUpperUp=0.08
        ),
    ),
    "AW": (_A, _O),
    "AY": (_A, _E),
    "AH": (_target(_VOWEL, jawOpen=0.36, mouthLowerDown=0.18, mouthUpperUp=0.08, mouthStretch=0.05),),
    "EH": (_E,),
    "ER": (_target(_ROUND, jawOpen=0.33, mouthFunnel=0.32, mouthPucker=0.16, mouthLowerDown=0.12),),
    "EY": (_E, _I),
    "OW": (_O, _U),
    "OY": (_O, _I),
    "IH": (_target(_VOWEL, jawOpen=0.15, mouthStretch=0.22, mouthLowerDown=0.17, mouthUpperUp=0.09),),
    "IY": (_I,),
    "UH": (_target(_ROUND, jawOpen=0.15, mouthFunnel=0.30, mouthPucker=0.32, mouthLowerDown=0.10),),
    "UW": (_U,),
    "P": (_BILABIAL,),
    "B": (_BILABIAL,),
    "M": (_BILABIAL,),
    "F": (_LABIODENTAL,),
    "V": (_LABIODENTAL,),
    "TH": (_DENTAL,),
    "DH": (_DENTAL,),
    "T": (_ALVEOLAR,),
    "D": (_ALVEOLAR,),
    "N": (_ALVEOLAR,),
    "DX": (_ALVEOLAR,),
    "S": (_SIBILANT,),
    "Z": (_SIBILANT,),
    "SH": (_HUSHING,),
    "ZH": (_HUSHING,),
    "CH": (_HUSHING,),
    "JH": (_HUSHING,),
    "K": (_VELAR,),
    "G": (_VELAR,),
    "NG": (_VELAR,),
    "HH": (_target((0.12, 0.05, 0.05, 0.1), jawOpen=0.18, mouthLowerDown=0.12),),
    "L": (_L,),
    "R": (_R,),
    "W": (_W,),
    "WH": (_W,),
    "Y": (_J,),
}
"""Every ARPAbet phone but silence: one target, or two for what glides."""


@dataclass(frozen=True, slots=True)
class Closure:
    """How the lips meet in a phone: until which share of it, and how they press, roll and puff."""

    until: float
    press: float
    puff: float


CLOSURES: Mapping[str, Closure] = {
    "P": Closure(until=0.70, press=0.34, puff=0.07),  # the rest is the burst and its breath
    "B": Closure(until=0.80, press=0.28, puff=0.05),
    "M": Closure(until=0.92, press=0.20, puff=0.0),
}
