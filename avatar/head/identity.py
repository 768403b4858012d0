"""Who the heads are: shape, skin, eyes and hair of each, by MakeHuman's target names and linear colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Colour: TypeAlias = tuple[float, float, float]  # linear red, green, blue, 0..1


def srgb(red: int, green: int, blue: int) -> Colour:
    """The linear colour of sRGB bytes (IEC 61966-2-1)."""

    def linear(byte: int) -> float:
        value = byte / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return linear(red), linear(green), linear(blue)


@dataclass(frozen=True)
class Identity:
    """One person: ``targets`` are weights of MakeHuman's identity targets by path."""

    name: str
    targets: Mapping[str, float]
    rest: Mapping[str, float]  # how far ARKit's shapes, of both sides, are made at rest
    skin: Colour
    blush: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    hair_style: Literal["bob", "crop"]
    brow_strength: float  # how many of the brow's hairs grow
    brow_height: float  # times the usual
    brow_arch: float  # times the usual
    lashes: float  # their length, times the usual
    beard: float  # 0..1, shadow on the jaw
    garment: Colour
    seed: int


def _macro(weights: Mapping[str, float], sex: str, old: float) -> dict[str, float]:
    targets: dict[str, float] = {}
    for people, weight in weights.items():
        targets[f"macrodetails/{people}-{sex}-young"] = weight * (1 - old)
        targets[f"macrodetails/{people}-{sex}-old"] = weight * old
    for age, share in (("young", 1 - old), ("old", old)):
        targets[f"macrodetails/universal-{sex}-{age}-averagemuscle-averageweight"] = share
    return {name: weight for name, weight in targets.items() if weight}


MIRA = Identity(
    name="mira",
    targets=_macro({"caucasian": 0.65, "asian": 0.35}, "female", 0.12)
    | {
        "head/head-oval": 0.4,
        "mouth/mouth-upperlip-volume-incr": 0.3,
        "mouth/mouth-lowerlip-volume-incr": 0.25,
    }
    | {"mouth/mouth-angles-up": 0.45},
    rest={"mouthClose": 0.04, "mouthSmile": 0.07, "eyeWide": 0.05},
    skin=srgb(217, 172, 148),
    blush=srgb(205, 122, 104),
    lips=srgb(182, 106, 100),
    iris=srgb(98, 108, 78),
    hair=srgb(84, 55, 38),
    hair_style="bob",
    brow_strength=0.85,
    brow_height=0.95,
    brow_arch=1.0,
    lashes=1.1,
    beard=0.0,
    garment=srgb(58, 96, 112),
    seed=1,
)

NOOR = Identity(
    name="noor",
    targets=_macro({"african": 0.4, "asian": 0.25, "caucasian": 0.35}, "male", 0.25)
    | {"head/head-square": 0.3, "chin/chin-width-incr": 0.3, "nose/nose-width1-incr": 0.2}
    | {"mouth/mouth-angles-up": 0.4},
    rest={"mouthClose": 0.04, "mouthSmile": 0.07, "eyeWide": 0.45},
    skin=srgb(156, 108, 80),
    blush=srgb(160, 80, 60),
    lips=srgb(136, 80, 72),
    iris=srgb(70, 46, 30),
    hair=srgb(44, 35, 31),
    hair_style="crop",
    brow_strength=1.15,
    brow_height=1.4,
    brow_arch=0.6,
    lashes=0.75,
    beard=0.55,
    garment=srgb(122, 104, 84),
    seed=2,
)

IDENTITIES: Mapping[str, Identity] = {person.name: person for person in (MIRA, NOOR)}
