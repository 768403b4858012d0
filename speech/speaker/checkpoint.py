"""The speaker encoder's weights, out of the PyTorch file in which they were published.

A process that only listens has no use for PyTorch, whose import takes seconds and some 200 MB: where it isn't
loaded already, another process reads the file and hands the numbers over.
"""

from __future__ import annotations

import io
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from speech.speaker.errors import SpeakerError

Weights = dict[str, NDArray[np.float32]]

PATIENCE: Final = 60.0  # seconds that the other process may take
LAYERS: Final = 3
SIZE: Final = 256  # of a layer, and of the embedding
_EXPECTED: Final = {
    **{f"lstm.weight_ih_l{n}": (4 * SIZE, SIZE if n else 40) for n in range(LAYERS)},
    **{f"lstm.weight_hh_l{n}": (4 * SIZE, SIZE) for n in range(LAYERS)},
    **{f"lstm.bias_{of}_l{n}": (4 * SIZE,) for n in range(LAYERS) for of in ("ih", "hh")},
    "linear.weight": (SIZE, SIZE),
    "linear.bias": (SIZE,),
}


def expect_file(path: Path) -> None:
    """Raise ``SpeakerError``, with the remedy, where there is no file."""
    if not path.is_file():
        raise SpeakerError(f"{path}: no such speaker encoder; run `visavis models install ge2e-speaker`")


@cache
def weights_of(path: Path) -> Weights:
    """The encoder's weights by PyTorch's names, float32; raises ``SpeakerError`` if they aren't there."""
    expect_file(path)
    weights = read(path) if "torch" in sys.modules else read_elsewhere(path)
    found = {name: array.shape for name, array in weights.items()}
    for name, shape in _EXPECTED.items():
        if found.get(name) != shape:
            raise SpeakerError(
                f"{path}: {name} is {found.get(name)}, where a GE2E encoder has {shape}; "
                "run `visavis models install ge2e-speaker`"
            )
    return {name: weights[name] for name in _EXPECTED}


def read(path: Path) -> Weights:
    """All tensors of the checkpoint's ``model_state``; no pickled code is run.

    Raises ``SpeakerError`` where the file is none.
    """
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        return {name: tensor.numpy() for name, tensor in state.items()}
    except Exception as error:  # torch tells a broken file by half a dozen kinds of them
        raise SpeakerError(
            f"{path}: not a speaker encoder ({str(error).splitlines()[0]}); run `visavis models install "
            "ge2e-speaker --force`"
        ) from error


def read_elsewhere(path: Path) -> Weights:
    """The same, read by a process that is over afterwards; raises ``SpeakerError``."""
    command = [sys.executable, "-m", "speech.speaker.checkpoint", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True)
    except subprocess.TimeoutExpired as error:
        raise SpeakerError(f"{path}: reading it took more than {PATIENCE:g} s; try again") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise SpeakerError(reason[-1] if reason else f"{path}: can't be read") from error
    with np.load(io.BytesIO(done.stdout), allow_pickle=False) as arrays:
        return dict(arrays)


def _main() -> None:
    try:
        weights = read(Path(sys.argv[1]))
    except SpeakerError as error:
        raise SystemExit(str(error)) from error
    np.savez(sys.stdout.buffer, **weights)  # type: ignore[arg-type]  # its second parameter is a bool


if __name__ == "__main__":
    _main()
