"""The arrays of a glTF document, checked before they are believed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.gltf.model import HeadError

_DTYPES: Final[dict[int, type[np.generic]]] = {
    5120: np.int8,
    5121: np.uint8,
    5122: np.int16,
    5123: np.uint16,
    5125: np.uint32,
    5126: np.float32,
}
_MOST: Final = 1 << 24  # entries of an accessor: far more than a head has vertices
_CHANNELS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
UNDERSTOOD: Final = frozenset(
    {"KHR_mesh_quantization", "KHR_materials_unlit", "KHR_texture_transform", "VRMC_vrm"}
)
"""Extensions that a file may require: they change nothing that is read here."""


def binary_only(document: dict[str, Any], name: str) -> None:
    """Raises ``HeadError`` unless the file holds its own data, uncompressed."""
    foreign = sorted(set(document.get("extensionsRequired", ())) - UNDERSTOOD)
    if foreign:
        raise HeadError(f"{name} requires {', '.join(foreign)}; export it again without compression")
    buffers = document.get("buffers", [])
    for buffer in buffers:
        if "uri" in buffer:
            uri = str(buffer["uri"])
            where = "as text within it" if uri.startswith("data:") else f"in {uri[:80]}"
            raise HeadError(f"{name} keeps its data {where}; export it as one .glb file with binary data")
    if len(buffers) > 1:
        raise HeadError(f"{name} has {len(buffers)} buffers; a .glb file has one")


class Accessors:
    """Reads arrays out of a document's binary chunk; what doesn't fit raises ``HeadError``."""

    def __init__(self, document: dict[str, Any], binary: bytes, name: str) -> None:
        self._document = document
        self._binary = binary
        self.name = name

    def __call__(
        self, index: int, channels: int | None = None, rows: int | None = None, kind: str = "iuf"
    ) -> NDArray[Any]:
        """The accessor's values, (N,) or (N, channels); normalized integers become -1..1.

        ``channels`` and ``rows`` are what is due, ``kind`` numpy's kinds of numbers that are. Raises
        ``HeadError`` for anything else, data that lies outside the file, and numbers that aren't finite.
        """
        accessor = self._document["accessors"][index]
        what = f"{self.name}: accessor {index}"
        if accessor.get("componentType") not in _DTYPES or accessor.get("type") not in _CHANNELS:
            raise HeadError(
                f"{what} is {accessor.get('type')} of component type {accessor.get('componentType')}; "
                "glTF 2.0 has no such numbers"
            )
        dtype, width = np.dtype(_DTYPES[accessor["componentType"]]), _CHANNELS[accessor["type"]]
        count = int(accessor["count"])
        if not 0 <= count <= _MOST:
            raise HeadError(f"{what} has {count} entries; 0 to {_MOST} are believed")
        if channels is not None and width != channels:
            raise HeadError(f"{what} is {accessor['type']}; {channels} numbers each are due")
        if rows is not None and count != rows:
            raise HeadError(f"{what} has {count} entries; {rows} are due, one for each vertex")
        if dtype.kind not in kind:
            raise HeadError(f"{what} holds {dtype}; whole numbers of 0 or more are due")
        if "bufferView" in accessor:
            values = self._read(accessor, dtype, count, width, what).copy()
        else:
            values = np.zeros((count, width), dtype)
        if "sparse" in accessor:
            self._spread(accessor["sparse"], values, what)
        if accessor.get("normalized"):
            values = np.maximum(values / np.iinfo(str(dtype)).max, -1).astype(np.float32)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            bad = int(np.argwhere(~np.isfinite(values))[0][0])
            raise HeadError(
                f"{what} holds {values[bad].tolist()} in entry {bad}; every number must be finite"
            )
        return values[:, 0] if width == 1 else values

    def _spread(self, sparse: dict[str, Any], values: NDArray[Any], what: str) -> None:
        kind = sparse["indices"]["componentType"]
        if kind not in (5121, 5123, 5125):
            raise HeadError(f"{what} has sparse indices of component type {kind}; unsigned integers are due")
        count = int(sparse["count"])
        places = self._read(sparse["indices"], np.dtype(_DTYPES[kind]), count, 1, what)[:, 0]
        if count and int(places.max()) >= len(values):
            raise HeadError(f"{what} fills in entry {int(places.max())} of {len(values)}")
        values[places] = self._read(sparse["values"], values.dtype, count, values.shape[1], what)

    def _read(
        self, entry: dict[str, Any], dtype: np.dtype[Any], count: int, channels: int, what: str
    ) -> NDArray[Any]:
        view = self._document["bufferViews"][entry["bufferView"]]
        within = int(entry.get("byteOffset", 0))
        start = int(view.get("byteOffset", 0)) + within
        width = dtype.itemsize * channels
        stride = int(view.get("byteStride", width))
        length = (count - 1) * stride + width if count else 0
        fits = within + length <= int(view["byteLength"]) and start + length <= len(self._binary)
        if start < 0 or stride < width or not fits:
            raise HeadError(
                f"{what} needs bytes {start} to {start + length} of {len(self._binary)}: "
                "the file is damaged; export it again"
            )
        rows = np.ndarray((count, width), np.uint8, self._binary, start, (stride, 1))
        return np.ascontiguousarray(rows).view(dtype).reshape(count, channels)
