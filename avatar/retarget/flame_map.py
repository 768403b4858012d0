"""The user's linear map from ARKit's shapes to FLAME: where it is read from, and in which order.

It comes as a folder with ``bs2exp.npy`` (52, 50 or more) and ``bs2jaw.npy`` (52, 3), or as one ``.npz`` with
``expression`` and ``jaw`` of these shapes. Row i holds what shape i at weight 1 adds: FLAME expression
coefficients, and the jaw's rotation vector in radians. Which shape a row is, ``names`` says (52 strings in
the npz, or ``names.txt`` in the folder, one a line); without names, the order has to be told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FloatArray
from avatar.motion import NAMES, SHAPES

EXPRESSIONS: Final = 50
JAW: Final = 3
Order: TypeAlias = Literal["mediapipe", "arkit"]

MEDIAPIPE: Final[tuple[str, ...]] = ("_neutral", *sorted(set(NAMES[:SHAPES]) - {"tongueOut"}))
"""MediaPipe's 52 scores: ARKit's names from A to Z with ``_neutral`` before them and without tongueOut."""
ORDERS: Final[dict[Order, tuple[str, ...]]] = {"mediapipe": MEDIAPIPE, "arkit": NAMES[:SHAPES]}


class RetargetError(ValueError):
    """A map or FLAME motion that can't be used, with what is wrong and what is due."""


@dataclass(frozen=True, eq=False)
class FlameMap:
    """What each ARKit shape at weight 1 adds: ``expression`` (52, 50), ``jaw`` (52, 3) radians, float64.

    Rows are in ARKit's order; ``known`` (52,) says which shapes the map has. The others' rows are 0.
    """

    expression: NDArray[np.float64] = field(repr=False)
    jaw: NDArray[np.float64] = field(repr=False)
    known: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, expression: FloatArray, jaw: FloatArray, names: tuple[str, ...]) -> FlameMap:
        """A map whose rows are named; expressions beyond the 50th are left out.

        Raises ``RetargetError`` for wrong shapes, numbers that aren't finite, and unknown or double names.
        """
        rows = len(names)
        if expression.ndim != 2 or expression.shape[0] != rows or expression.shape[1] < EXPRESSIONS:
            raise RetargetError(
                f"the expression map has shape {expression.shape}; ({rows}, {EXPRESSIONS} or more) is due"
            )
        if jaw.shape != (rows, JAW):
            raise RetargetError(f"the jaw map has shape {jaw.shape}; ({rows}, {JAW}) is due")
        if not (np.isfinite(expression).all() and np.isfinite(jaw).all()):
            raise RetargetError("the map holds numbers that aren't finite")
        unknown = [name for name in names if name not in NAMES[:SHAPES] and name != "_neutral"]
        if unknown or len(set(names)) != rows:
            raise RetargetError(
                f"the map names {', '.join(unknown)}, which aren't ARKit's shapes"
                if unknown
                else f"the map names {rows - len(set(names))} shapes twice"
            )
        ordered = np.zeros((SHAPES, EXPRESSIONS)), np.zeros((SHAPES, JAW))
        known = np.zeros(SHAPES, dtype=np.bool_)
        for row, name in enumerate(names):
            if name != "_neutral":  # a score for the absence of all others; a face at rest is 0 without it
                column = NAMES.index(name)
                ordered[0][column], ordered[1][column] = expression[row, :EXPRESSIONS], jaw[row]
                known[column] = True
        return cls(*ordered, known)


def load_flame_map(path: Path | str, order: Order | None = None) -> FlameMap:
    """Read a map from a folder or an npz; ``order`` is needed where the file doesn't name its rows.

    Raises ``RetargetError`` for missing files or arrays, wrong shapes, and an order that isn't told.
    """
    path = Path(path)
    if path.is_dir():
        expression, jaw = _array(path / "bs2exp.npy"), _array(path / "bs2jaw.npy")
        listed = path / "names.txt"
        names = tuple(listed.read_text().split()) if listed.is_file() else None
    else:
        expression, jaw, names = _archive(path)
    if names is None:
        if order is None:
            raise RetargetError(
                f"{path} doesn't name its rows; tell their order: {' or '.join(ORDERS)} "
                "(MediaPipe's scores are sorted by name)"
            )
        if order not in ORDERS:
            raise RetargetError(f"order {order!r} isn't known; {' or '.join(ORDERS)} are")
        names = ORDERS[order]
    try:
        return FlameMap.of(expression, jaw, names)
    except RetargetError as error:
        raise RetargetError(f"{path}: {error}") from None


def _array(path: Path) -> FloatArray:
    if not path.is_file():
        raise RetargetError(f"{path}: no such file; a map's folder holds bs2exp.npy and bs2jaw.npy")
    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise RetargetError(f"{path}: not a plain npy array ({error})") from error
    return _numbers(values, path.name, path)


def _archive(path: Path) -> tuple[FloatArray, FloatArray, tuple[str, ...] | None]:
    if not path.is_file():
        raise RetargetError(f"{path}: no such file or folder")
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise RetargetError(f"{path}: a single array; a map is a folder or an npz")
        with archive:
            missing = [key for key in ("expression", "jaw") if key not in archive.files]
            if missing:
                raise RetargetError(f"{path}: missing {', '.join(missing)}; found {', '.join(archive.files)}")
            names = tuple(str(name) for name in archive["names"]) if "names" in archive.files else None
            return (
                _numbers(archive["expression"], "expression", path),
                _numbers(archive["jaw"], "jaw", path),
                names,
            )
    except RetargetError:
        raise
    except (BadZipFile, EOFError, ValueError) as error:
        raise RetargetError(f"{path}: not a plain npz ({error})") from error


def _numbers(values: object, name: str, path: Path) -> FloatArray:
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f":
        raise RetargetError(f"{path}: {name} must be an array of floating-point numbers")
    return values
