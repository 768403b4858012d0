"""Draws heads with VTK, without a display: lights, a camera, a soft background."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avatar.gltf import HeadModel
from avatar.motion import Motion
from avatar.video.actors import Actors, Place, numpy_support
from avatar.video.shading import LAMPS

__all__ = ["DrawingUnavailable", "Picture", "Place", "Stage", "check_drawing"]

Picture = NDArray[np.uint8]  # (height, width, 3), red green blue, top row first
Colour = tuple[float, float, float]

BOTTOM: Final[Colour] = (0.055, 0.066, 0.082)
TOP: Final[Colour] = (0.22, 0.25, 0.29)
OVERSAMPLING: Final = 1.5  # each way; as smooth as four samples a pixel and half as dear in software
LOWEST: Final = 0.235  # metres below the eyes that are shown at most: further down a bust ends
_LIBRARY: Final = "libEGL.so.1"


class DrawingUnavailable(RuntimeError):
    """This machine lacks a library that drawing needs; the message names the package that brings it."""


def check_drawing() -> None:
    """Raises ``DrawingUnavailable`` unless pictures can be drawn here."""
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError:
        raise DrawingUnavailable(
            f"pictures can't be drawn: {_LIBRARY} isn't installed; "
            "on Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri"
        ) from None


def _before_mesa() -> None:
    """Load Triton, where torch brings it, before Mesa.

    Each has an LLVM; in the other order the process crashes as soon as Triton is wanted, which importing
    transformers does.
    """
    if importlib.util.find_spec("triton") is not None:
        importlib.import_module("triton")


class Stage:
    """A scene of heads; ``draw`` gives its picture, in the two steps ``shoot`` and ``develop``."""

    def __init__(
        self,
        heads: tuple[HeadModel, ...],
        places: tuple[Place, ...],
        size: tuple[int, int],
        background: tuple[Colour, Colour] = (BOTTOM, TOP),
        framing: float = 0.40,
    ) -> None:
        """``size`` is width and height in pixels; ``framing`` the picture's height in metres.

        Raises ``DrawingUnavailable``.
        """
        check_drawing()
        _before_mesa()
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        # Mesa's software renderer would otherwise use a single core.
        os.environ.setdefault("LP_NUM_THREADS", str(min(16, os.cpu_count() or 1)))
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  # registers the factory overrides
        from vtkmodules.vtkRenderingCore import vtkCamera, vtkRenderer, vtkRenderWindow

        self._size = size
        self._drawn = (round(size[0] * OVERSAMPLING), round(size[1] * OVERSAMPLING))
        self._heads = [Actors(head, place) for head, place in zip(heads, places, strict=True)]
        self._renderer: Any = vtkRenderer()
        renderer = self._renderer
        renderer.SetBackground(*background[0])
        renderer.SetBackground2(*background[1])
        renderer.GradientBackgroundOn()
        renderer.SetUseDepthPeeling(False)
        renderer.SetUseOIT(False)  # only lashes are translucent: drawn last, they need no sorting
        for head in self._heads:
            for actor in head.all:
                renderer.AddActor(actor)
        _light(renderer)
        eyes = np.mean([(head.eye_left[1] + head.eye_right[1]) / 2 for head in heads])
        depth = np.mean([head.eye_left[2] for head in heads])
        camera: Any = vtkCamera()
        angle = 22.0  # degrees: a portrait lens
        distance = framing / 2 / np.tan(np.radians(angle / 2))
        height = float(eyes) - min(0.13 * framing, LOWEST - framing / 2)
        camera.SetViewAngle(angle)
        camera.SetFocalPoint(0, height, float(depth))
        camera.SetPosition(0, height + 0.01, float(depth) + distance)
        renderer.SetActiveCamera(camera)
        camera.SetClippingRange(0.2, distance + 2)
        self._window: Any = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(*self._drawn)
        self._window.AddRenderer(renderer)

    def draw(self, *motions: Motion) -> Picture:
        """The picture (height, width, 3) of the heads with these motions, one (61,) for each."""
        return self.develop(self.shoot(*motions))

    def shoot(self, *motions: Motion) -> Picture:
        """As ``draw``, but larger and bottom row first; only in the thread that made the stage."""
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        for head, motion in zip(self._heads, motions, strict=True):
            head.move(motion)
        self._window.Render()
        width, height = self._drawn
        pixels = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        picture: Picture = numpy_support().vtk_to_numpy(pixels).reshape(height, width, 3)
        return picture

    def develop(self, shot: Picture) -> Picture:
        """The picture from what ``shoot`` gave; in any thread."""
        smooth = Image.fromarray(shot).resize(self._size, Image.Resampling.HAMMING)
        return np.asarray(smooth)[::-1]

    def close(self) -> None:
        """Give the drawing context back."""
        self._window.Finalize()


def _light(renderer: Any) -> None:
    """The lamps for what VTK lights itself: the eyes."""
    from vtkmodules.vtkRenderingCore import vtkLight

    renderer.RemoveAllLights()
    renderer.AutomaticLightCreationOff()
    for lamp in LAMPS:
        light = vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPositional(False)
        light.SetPosition(*lamp.position)
        light.SetFocalPoint(0, 0, 0)
        light.SetColor(*lamp.colour)
        light.SetIntensity(min(1.0, 0.6 * lamp.strength))
        renderer.AddLight(light)
