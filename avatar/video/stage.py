"""Draws heads with VTK, without a display: lights, a camera, a soft background."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf import HeadModel, Material
from avatar.head.pose import PosedHead
from avatar.motion import Motion

Picture = NDArray[np.uint8]  # (height, width, 3), red green blue, top row first

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


@dataclass(frozen=True)
class Place:
    """Where a head stands: ``x`` metres to the camera's right, turned by ``yaw`` radians."""

    x: float = 0.0
    yaw: float = 0.0


class Stage:
    """A scene of heads; ``draw`` gives its picture."""

    def __init__(
        self,
        heads: tuple[HeadModel, ...],
        places: tuple[Place, ...],
        size: tuple[int, int],
        background: tuple[tuple[float, float, float], tuple[float, float, float]] = (
            (0.055, 0.066, 0.082), (0.22, 0.25, 0.29),
        ),
        framing: float = 0.40,
    ) -> None:  # fmt: skip
        """``size`` is width and height in pixels; ``framing`` the picture's height in metres.

        Raises ``DrawingUnavailable``.
        """
        check_drawing()
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401  # registers the factory overrides
        from vtkmodules.vtkRenderingCore import vtkCamera, vtkRenderer, vtkRenderWindow

        self._width, self._height = size
        self._heads = [_Actors(head, place) for head, place in zip(heads, places, strict=True)]
        self._renderer: Any = vtkRenderer()
        renderer = self._renderer
        renderer.SetBackground(*background[0])
        renderer.SetBackground2(*background[1])
        renderer.GradientBackgroundOn()
        renderer.SetUseDepthPeeling(False)
        for head in self._heads:
            for actor in head.actors:
                renderer.AddActor(actor)
        _light(renderer)
        eyes = np.mean([(head.eye_left[1] + head.eye_right[1]) / 2 for head in heads])
        depth = np.mean([head.eye_left[2] for head in heads])
        camera: Any = vtkCamera()
        angle = 22.0  # degrees: a portrait lens
        distance = framing / 2 / np.tan(np.radians(angle / 2))
        height = float(eyes) - 0.13 * framing
        camera.SetViewAngle(angle)
        camera.SetFocalPoint(0, height, float(depth))
        camera.SetPosition(0, height + 0.01, float(depth) + distance)
        renderer.SetActiveCamera(camera)
        camera.SetClippingRange(0.2, distance + 2)
        self._window: Any = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(4)
        self._window.SetSize(self._width, self._height)
        self._window.AddRenderer(renderer)

    def draw(self, *motions: Motion) -> Picture:
        """The picture (height, width, 3) of the heads with these motions, one (61,) for each."""
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        for head, motion in zip(self._heads, motions, strict=True):
            head.move(motion)
        self._window.Render()
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, self._width - 1, self._height - 1, 0, pixels)
        picture = _numpy_support().vtk_to_numpy(pixels).reshape(self._height, self._width, 4)
        return np.ascontiguousarray(picture[::-1, :, :3])

    def close(self) -> None:
        """Give the drawing context back."""
        self._window.Finalize()


class _Actors:
    """VTK's side of one head: the arrays it draws from are rewritten for every frame."""

    def __init__(self, head: HeadModel, place: Place) -> None:
        self._posed = PosedHead(head)
        self._arrays: list[tuple[FloatArray, FloatArray, Any]] = []
        self.actors = [
            self._actor(part.part.material, index, place) for index, part in enumerate(self._posed.parts)
        ]

    def move(self, motion: Motion) -> None:
        for (points, normals, data), (new_points, new_normals) in zip(
            self._arrays, self._posed.pose(motion), strict=True
        ):
            points[:], normals[:] = new_points, new_normals
            data.GetPoints().Modified()
            data.GetPointData().GetNormals().Modified()
            data.Modified()

    def _actor(self, material: Material, index: int, place: Place) -> Any:
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

        arrays = _numpy_support()
        part = self._posed.parts[index].part
        positions, normals = part.positions.copy(), part.normals.copy()
        data = vtkPolyData()
        points = vtkPoints()
        points.SetData(arrays.numpy_to_vtk(positions))
        data.SetPoints(points)
        cells = vtkCellArray()
        flat = part.triangles.astype(np.int64).ravel()
        cells.SetData(3, arrays.numpy_to_vtkIdTypeArray(flat, deep=True))
        data.SetPolys(cells)
        data.GetPointData().SetNormals(arrays.numpy_to_vtk(normals))
        colours = np.round(255 * _srgb(np.clip(part.colours * np.array(material.colour), 0, 1))).astype(
            np.uint8
        )
        scalars = arrays.numpy_to_vtk(
            np.ascontiguousarray(colours if material.blend else colours[:, :3]), deep=True
        )
        data.GetPointData().SetScalars(scalars)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        mapper.SetStatic(False)
        actor = vtkActor()
        actor.SetMapper(mapper)
        surface = actor.GetProperty()
        gloss = 1 - material.roughness
        surface.SetInterpolationToPhong()
        surface.SetAmbient(0.18)
        surface.SetDiffuse(0.82)
        surface.SetSpecular(0.05 + 0.75 * gloss**4)
        surface.SetSpecularPower(6 + 110 * gloss**3)
        if material.blend:
            actor.ForceTranslucentOn()
        actor.SetPosition(place.x, 0, 0)
        actor.RotateY(float(np.degrees(place.yaw)))
        self._arrays.append((positions, normals, data))
        return actor


def _numpy_support() -> Any:
    """VTK's bridge to numpy; imported late, since VTK is large."""
    from vtkmodules.util import numpy_support

    return numpy_support


def _light(renderer: Any) -> None:
    """A warm key from the upper left, a cool fill from the right, a rim from behind: portrait light."""
    from vtkmodules.vtkRenderingCore import vtkLight

    renderer.RemoveAllLights()
    renderer.AutomaticLightCreationOff()
    for position, colour, strength in (
        ((-0.9, 1.7, 1.9), (1.0, 0.955, 0.89), 0.80),
        ((1.6, 0.9, 1.6), (0.84, 0.91, 1.0), 0.36),
        ((0.2, 1.6, -1.6), (0.92, 0.95, 1.0), 0.50),
        ((0.0, -0.4, 1.8), (1.0, 0.93, 0.88), 0.12),
    ):
        light = vtkLight()
        light.SetLightTypeToSceneLight()
        light.SetPositional(False)
        light.SetPosition(*position)
        light.SetFocalPoint(0, 0.7, 0.05)
        light.SetColor(*colour)
        light.SetIntensity(strength)
        renderer.AddLight(light)


def _srgb(linear: FloatArray) -> FloatArray:
    low, high = linear[..., :3] * 12.92, 1.055 * np.maximum(linear[..., :3], 1e-6) ** (1 / 2.4) - 0.055
    colour = np.where(linear[..., :3] <= 0.0031308, low, high)
    return np.concatenate([colour, linear[..., 3:]], axis=-1)
