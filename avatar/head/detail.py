"""How finely a head is made: whole, or light enough to be drawn without a graphics card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

DetailName: TypeAlias = Literal["full", "light"]

_FINE_RINGS: Final = (
    *(
        0,
        4,
        7,
        8.8,
        10.2,
        13,
        16,
        19,
        22,
        24.5,
        26.3,
        27.5,
        28.6,
        30,
        33,
        37,
        42,
        48,
        55,
        63,
        72,
        82,
        95,
        110,
    ),
    *(140, 180),
)
_FEW_RINGS: Final = (0, 8.8, 10.2, 14, 20, 25, 27.5, 28.6, 33, 42, 55, 72, 92)


@dataclass(frozen=True)
class Detail:
    """Numbers of pieces; a share is of what the whole head has."""

    name: DetailName
    subdivided: bool  # all of it; otherwise only lips and lids, and nothing that faces backwards
    bob: tuple[int, int]  # every how manieth line of combed hair is kept, and point of it
    crop: tuple[int, int]  # the same for short hair
    strands: float  # share of single hairs on it
    fine_hairs: float  # share of brows and lashes, each wider instead
    eye_segments: int
    eye_rings: tuple[float, ...]  # degrees from the pole; colours change at 9.5 (pupil) and 27.5 (iris)
    still: float  # metres: what a shape moves less than this it doesn't move


FULL: Final = Detail("full", True, (1, 1), (1, 1), 1.0, 1.0, 64, _FINE_RINGS, 0.0)
LIGHT: Final = Detail("light", False, (4, 1), (3, 2), 0.16, 0.42, 24, _FEW_RINGS, 1.4e-4)

DETAILS: Mapping[str, Detail] = {detail.name: detail for detail in (FULL, LIGHT)}
