"""The light on a head, computed for every point: a warm key, a cool fill, a rim, and an even sky.

Skin lets light in and out again a little further on, red furthest: its shadows are soft and warm. That is
what ``wrap`` does, the usual approximation of light below the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf import Material


@dataclass(frozen=True)
class Lamp:
    """A far light: where it stands seen from the head, its colour (linear) and its strength."""

    position: tuple[float, float, float]
    colour: tuple[float, float, float]
    strength: float

    @property
    def direction(self) -> FloatArray:
        """Unit vector (3,) towards the lamp."""
        position = np.array(self.position, dtype=np.float32)
        return np.asarray(position / np.linalg.norm(position), dtype=np.float32)


LAMPS: Final = (
    Lamp((-0.9, 1.0, 1.9), (1.0, 0.93, 0.85), 1.32),  # key
    Lamp((1.6, 0.3, 1.6), (0.80, 0.89, 1.0), 0.42),  # fill
    Lamp((0.9, 1.0, -1.6), (0.86, 0.93, 1.0), 1.30),  # rim
)
SKY: Final = np.array([0.30, 0.33, 0.38], dtype=np.float32)  # from above
GROUND: Final = np.array([0.17, 0.14, 0.12], dtype=np.float32)  # from below
SKIN_WRAP: Final = np.array([0.42, 0.20, 0.13], dtype=np.float32)  # of red, green and blue
MATTE_WRAP: Final = np.array([0.12, 0.12, 0.12], dtype=np.float32)
_STEPS: Final = 4096


def _encoding() -> NDArray[np.uint8]:
    """Light 0..1 in steps to 8 bits: a soft shoulder for the brightest parts, then sRGB."""
    linear = np.linspace(0, 2, _STEPS)
    toned = np.where(linear < 0.6, linear, 0.6 + 0.4 * (1 - np.exp(-(linear - 0.6) / 0.4)))
    encoded = np.where(toned < 0.0031308, toned * 12.92, 1.055 * np.maximum(toned, 1e-6) ** (1 / 2.4) - 0.055)
    return np.round(255 * encoded).astype(np.uint8)


_ENCODED: Final = _encoding()


class Surface:
    """The light that one part sends to the eye."""

    def __init__(
        self,
        material: Material,
        colours: FloatArray,
        sky: FloatArray,
        key: FloatArray,
        directions: FloatArray,
        view: FloatArray,
    ) -> None:
        """``colours`` (N, 4) linear; ``sky`` and ``key`` (N,): the shares of their light that arrive;
        ``directions`` (3, 3) to the lamps and ``view`` (3,) to the camera, unit vectors.
        """
        skin = material.name == "skin"
        self._albedo = np.ascontiguousarray(np.clip(colours * np.array(material.colour), 0, 1)[:, :3])
        self._sky = sky[:, None].astype(np.float32)
        self._key = key[:, None].astype(np.float32)
        self._wrap = SKIN_WRAP if skin else MATTE_WRAP
        self._directions = directions.astype(np.float32)
        self._lamps = np.stack([np.array(lamp.colour) * lamp.strength for lamp in LAMPS]).astype(np.float32)
        halves = self._directions + view
        self._halves = (halves / np.linalg.norm(halves, axis=1, keepdims=True)).astype(np.float32)
        self._gloss = (1 - material.roughness) ** 2
        self._matte = min(1.0, material.roughness * 1.25)
        self._sharpness = 8 + 90 * self._gloss

    @property
    def plain(self) -> NDArray[np.uint8]:
        """(N, 3) sRGB of the surface itself, not lit."""
        return _ENCODED[np.round(self._albedo * ((_STEPS - 1) / 2)).astype(np.int32)]

    def colours(self, normals: FloatArray) -> NDArray[np.uint8]:
        """(N, 3) sRGB for unit normals (N, 3)."""
        facing = normals @ self._directions.T
        light = GROUND + (SKY - GROUND) * (0.5 + 0.5 * normals[:, 1:2])
        light *= self._sky
        shade = self._key
        for index in range(len(LAMPS)):
            wrapped = np.maximum((facing[:, index : index + 1] + self._wrap) / (1 + self._wrap), 0)
            # A shadow lets some red through, as the lit side does.
            share = shade + (1 - shade) * 0.5 * self._wrap if index == 0 else self._sky
            light += wrapped * wrapped * share * self._lamps[index]
        glint = np.maximum(normals @ self._halves.T, 0) ** self._sharpness
        glint[:, :1] *= shade
        glint[:, 1:] *= self._sky
        seen = self._albedo * light
        seen += (0.08 * (1 - self._matte) + 0.30 * self._gloss) * (glint @ self._lamps)
        steps = np.clip(seen * ((_STEPS - 1) / 2), 0, _STEPS - 1).astype(np.int32)
        shown: NDArray[np.uint8] = _ENCODED[steps]
        return shown
