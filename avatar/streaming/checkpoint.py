"""Weights of the streaming model in a safetensors file, its sizes and origin in the file's metadata."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised

from avatar.streaming.config import StreamingConfig
from avatar.streaming.model import StreamingDualTalk

FORMAT = "visavis-streaming-1"
SHIPPED = Path(__file__).parent / "weights.safetensors"


class CheckpointError(RuntimeError):
    """Weights that can't be used; the message says why and what to do."""


def save(model: StreamingDualTalk, path: Path, **about: str) -> None:
    """Write weights (half precision), sizes, what is said ``about`` them; the same gives the same bytes."""
    tensors = {
        name: tensor.detach().to(torch.float16).contiguous() for name, tensor in model.state_dict().items()
    }
    metadata = {"format": FORMAT, "config": model.config.model_dump_json(), **about}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_in_order(serialised(tensors, metadata)))


def _in_order(file: bytes) -> bytes:
    """The file with its metadata sorted, which safetensors writes in any order."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + file[8 + length :]


def load(path: Path | None = None, motion: str | None = None) -> StreamingDualTalk:
    """A model in evaluation mode from ``path``, or the weights that come with the package.

    ``motion`` names the motion space that is needed. Raises ``CheckpointError`` for a file that is missing,
    corrupt, pickled, of another model, of the wrong shape, or for another motion space.
    """
    if path is None:
        return _load(SHIPPED, motion)
    return _load(path.expanduser(), motion)


def about(path: Path) -> dict[str, str]:
    """What a file of weights says of itself; raises ``CheckpointError``."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


def _load(path: Path, motion: str | None) -> StreamingDualTalk:
    with _opened(path) as file:
        metadata = file.metadata() or {}
        if metadata.get("format") != FORMAT:
            raise CheckpointError(
                f"{path} holds no weights of the streaming model (no format {FORMAT!r} in its metadata); "
                "make them with visavis train --model streaming, or leave checkpoint out for the package's"
            )
        try:
            config = StreamingConfig.model_validate(json.loads(metadata["config"]))
        except (KeyError, json.JSONDecodeError, ValidationError) as error:
            raise CheckpointError(f"{path} doesn't say its sizes: {str(error).splitlines()[0]}") from error
        tensors = {name: file.get_tensor(name).to(torch.float32) for name in file.keys()}  # noqa: SIM118
    if motion is not None and config.motion != motion:
        raise CheckpointError(
            f"{path} makes {config.motion} motion, and {motion} is needed; train it on {motion} data"
        )
    model = StreamingDualTalk(config)
    expected = model.state_dict()
    wrong = [
        f"{name} is {_shape(tensors.get(name))}, {tuple(tensor.shape)} is due"
        for name, tensor in expected.items()
        if name not in tensors or tensors[name].shape != tensor.shape
    ] + [f"{name} isn't part of the model" for name in tensors.keys() - expected.keys()]
    if wrong:
        raise CheckpointError(f"{path} doesn't fit its own sizes: {wrong[0]} (and {len(wrong) - 1} more)")
    model.load_state_dict(tensors)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()


def _shape(tensor: torch.Tensor | None) -> str:
    return "missing" if tensor is None else str(tuple(tensor.shape))


def _opened(path: Path) -> safe_open:
    if not path.is_file():
        raise CheckpointError(f"there are no weights at {path}; run make weights, or name another file")
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        kind = (
            "a pickled file, which could run code" if _pickled(path) else "not a safetensors file, or corrupt"
        )
        raise CheckpointError(f"{path} is {kind}; weights are read from safetensors only") from error


def _pickled(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(4)
    return start[:2] == b"PK" or start[:1] == b"\x80"
