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
    skin: Colour
    blush: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    hair_style: Literal["tied", "short"]
    brow_strength: float  # share of the brow's strands that grow
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
    skin=srgb(226, 184, 160),
    blush=srgb(214, 138, 120),
    lips=srgb(186, 104, 100),
    iris=srgb(92, 116, 86),
    hair=srgb(74, 46, 32),
    hair_style="tied",
    brow_strength=0.8,
    beard=0.0,
    garment=srgb(58, 96, 112),
    seed=1,
)

NOOR = Identity(
    name="noor",
    targets=_macro({"african": 0.4, "asian": 0.25, "caucasian": 0.35}, "male", 0.25)
    | {"head/head-square": 0.3, "chin/chin-width-incr": 0.3, "nose/nose-width1-incr": 0.2}
    | {"mouth/mouth-angles-up": 0.4},
    skin=srgb(156, 108, 80),
    blush=srgb(150, 84, 66),
    lips=srgb(136, 80, 72),
    iris=srgb(70, 46, 30),
    hair=srgb(30, 24, 22),
    hair_style="short",
    brow_strength=1.0,
    beard=0.55,
    garment=srgb(122, 104, 84),
    seed=2,
)

IDENTITIES: Mapping[str, Identity] = {person.name: person for person in (MIRA, NOOR)}
