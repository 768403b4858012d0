"""VTK's side of one head: what bends is rewritten for every frame, what only turns is turned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.gltf import HeadModel, Part
from avatar.head.pose import PosedHead, rotation
from avatar.motion import HEAD, Column, Motion
from avatar.video import occlusion
from avatar.video.shading import LAMPS, Surface

EYES: Final = ("eyeLeft", "eyeRight")
# Materials that the lips hide at rest: a head's own colours darken them towards the throat.
INSIDE: Final = ("mouth", "teeth", "tongue")
FILMS: Final = ("brows", "lashes", "lips")  # materials too thin to cast a shadow


@dataclass(frozen=True)
class Place:
    """Where a head stands: ``x`` metres to the camera's right, turned by ``yaw`` radians."""

    x: float = 0.0
    yaw: float = 0.0


class Actors:
    """The surfaces of one head in a scene, ``all`` of them VTK actors."""

    def __init__(self, head: HeadModel, place: Place) -> None:
        self._model = head
        self._base = np.eye(4)
        self._base[:3, :3] = rotation(place.yaw, 0, 0)
        self._base[0, 3] = place.x
        surfaces = _surfaces(head, place.yaw)
        bends = [
            part.node == "face" and bool(part.morphs.any() or part.head_weight.any()) for part in head.parts
        ]
        kept = tuple(part for part, bent in zip(head.parts, bends, strict=True) if bent)
        self._posed = PosedHead(replace(head, parts=kept))
        self._bent: list[tuple[_Arrays, Surface]] = []
        self._turned: list[tuple[Part, Any]] = []
        self.all: list[Any] = []
        for part, bent, surface in zip(head.parts, bends, surfaces, strict=True):
            arrays = _Arrays(part, surface)
            self.all.append(arrays.actor)
            if bent:
                self._bent.append((arrays, surface))
            else:
                self._turned.append((part, arrays.actor))
            arrays.actor.SetUserMatrix(_matrix(self._base))

    def move(self, motion: Motion) -> None:
        """Take on motion (61,)."""
        for (arrays, surface), (points, normals) in zip(self._bent, self._posed.pose(motion), strict=True):
            arrays.rewrite(points, surface.colours(normals))
        pivot = self._model.pivot
        turn = _about(rotation(*(float(angle) for angle in motion[HEAD])), pivot)
        for part, actor in self._turned:
            if part.node == "face":
                continue  # a garment stays where it is
            own = np.eye(4)
            if part.node in EYES:
                first = Column.leftEyeYaw if part.node == "eyeLeft" else Column.rightEyeYaw
                own[:3, :3] = rotation(*(float(angle) for angle in motion[first : first + 3]))
            own[:3, 3] = self._model.centre(part.node)
            actor.SetUserMatrix(_matrix(self._base @ turn @ own))


class _Arrays:
    """The arrays that VTK draws one part from, and the actor that shows them."""

    def __init__(self, part: Part, surface: Surface) -> None:
        from vtkmodules.vtkCommonCore import vtkPoints
        from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

        arrays = numpy_support()
        self._positions = np.ascontiguousarray(part.positions, dtype=np.float32).copy()
        shown = surface.colours(part.normals) if part.node not in EYES else surface.plain
        if part.material.blend:
            alpha = np.round(255 * np.clip(part.colours[:, 3:], 0, 1)).astype(np.uint8)
            shown = np.concatenate((shown, alpha), axis=1)
        self._colours = np.ascontiguousarray(shown)
        data = vtkPolyData()
        points = vtkPoints()
        points.SetData(arrays.numpy_to_vtk(self._positions))
        data.SetPoints(points)
        cells = vtkCellArray()
        flat = part.triangles.astype(np.int64).ravel()
        cells.SetData(3, arrays.numpy_to_vtkIdTypeArray(flat, deep=True))
        data.SetPolys(cells)
        data.GetPointData().SetScalars(arrays.numpy_to_vtk(self._colours))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(data)
        self._data: Any = data
        self.actor: Any = vtkActor()
        self.actor.SetMapper(mapper)
        look = self.actor.GetProperty()
        if part.node in EYES:  # the highlight that follows the cornea is drawn by VTK, pixel by pixel
            data.GetPointData().SetNormals(arrays.numpy_to_vtk(part.normals, deep=True))
            look.SetInterpolationToPhong()
            look.SetAmbient(0.36)
            look.SetDiffuse(0.80)
            look.SetSpecular(0.6)
            look.SetSpecularPower(95)
        else:
            look.LightingOff()
        if part.material.blend:
            self.actor.ForceTranslucentOn()

    def rewrite(self, points: FloatArray, colours: NDArray[np.uint8]) -> None:
        self._positions[:] = points
        self._colours[:, :3] = colours
        self._data.GetPoints().Modified()
        self._data.GetPointData().GetScalars().Modified()
        self._data.Modified()


def numpy_support() -> Any:
    """VTK's bridge to numpy, which has no types; imported late, since VTK is large."""
    from vtkmodules.util import numpy_support as bridge

    return bridge


def _surfaces(head: HeadModel, yaw: float) -> list[Surface]:
    """How every part is lit; shadows are those of the face at rest."""
    at_rest = [part.positions + head.centre(part.node) for part in head.parts]
    casts = [part.material.name not in FILMS for part in head.parts]
    points = np.concatenate(at_rest)
    normals = np.concatenate([part.normals for part in head.parts])
    solid = np.repeat(casts, [len(part.positions) for part in head.parts])
    back = rotation(-yaw, 0, 0)
    toward = [back @ lamp.direction for lamp in LAMPS]
    sky = np.sqrt(occlusion.sky(points, normals, solid))  # a head's own colours carry some of it already
    key = occlusion.lamp(points, toward[0], solid)
    surfaces = []
    start = 0
    for part in head.parts:
        share = slice(start, start + len(part.positions))
        start = share.stop
        here = (sky[share], key[share])
        if part.material.name in INSIDE:
            here = (np.full_like(here[0], 0.75), np.full_like(here[1], 0.6))
        surfaces.append(Surface(part.material, part.colours, *here, np.stack(toward), back[:, 2]))
    return surfaces


def _about(turn: FloatArray, pivot: FloatArray) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = pivot - turn @ pivot
    return matrix


def _matrix(values: NDArray[np.float64]) -> Any:
    from vtkmodules.vtkCommonMath import vtkMatrix4x4

    matrix = vtkMatrix4x4()
    matrix.DeepCopy(values.ravel().tolist())
    return matrix
