"""Reads a CTranslate2 Whisper model (`model.bin`, binary version 6) as OpenAI's tensors, without CTranslate2.

The binary is a list of named tensors (see CTranslate2's `python/ctranslate2/specs/model_spec.py`). Attention
projections are fused there: self-attention's ``linear_0`` is query|key|value, cross-attention's ``linear_1``
is key|value. Everything else maps one to one.
"""

from __future__ import annotations

import json
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from whisper.model import ModelDimensions

from speech.whisper.errors import ModelFileError

BINARY_VERSION = 6
SPECIFICATION = "WhisperSpec"
MAX_TENSORS = 100_000  # a corrupt count must not make us loop for hours

FLOAT_TYPES = {0: torch.float32, 4: torch.float16, 5: torch.bfloat16}  # CTranslate2's DataType ids
INTEGER_TYPES = {1: torch.int8, 2: torch.int16, 3: torch.int32}
QUANTISED = 1  # int8 weights come with separate scales, which are not read here

_LAYER_NORM = {"gamma": "weight", "beta": "bias"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights in OpenAI's names; ``alignment_heads`` are (layer, head) pairs, or None where unknown."""

    dims: ModelDimensions
    state: dict[str, Tensor]
    alignment_heads: tuple[tuple[int, int], ...] | None


class _Reader:
    """Bounds-checked reading, so that a truncated file is an error and not a shorter model."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path = path
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise ModelFileError(
                f"{self.path}: truncated (wants {size} bytes at {self._at}, the file has {len(self._data)}); "
                "fetch it again and compare its sha256"
            )
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, layout: str) -> int:
        return int(struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))[0])

    def text(self) -> str:
        raw = self.take(self.number("H"))
        try:
            return raw.removesuffix(b"\0").decode("ascii")
        except UnicodeDecodeError as error:
            raise ModelFileError(
                f"{self.path}: corrupt near byte {self._at} (a name is not text); fetch it again"
            ) from error

    @property
    def rest(self) -> int:
        return len(self._data) - self._at


def read_ctranslate2(path: Path) -> Checkpoint:
    """Read a CTranslate2 folder, or the ``model.bin`` in it, into float32 tensors in memory.

    Raises `ModelFileError` if the file is missing, truncated, corrupt, quantised, of another binary version
    or another kind of model. Alignment heads come from the ``config.json`` beside it.
    """
    binary = path / "model.bin" if path.is_dir() else path
    if not binary.is_file():
        raise ModelFileError(f"{binary}: no such file; a CTranslate2 folder holds model.bin, config.json")
    if binary.stat().st_size == 0:
        raise ModelFileError(f"{binary}: the file is empty; fetch it again")
    with binary.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        tensors = _read_tensors(_Reader(binary, data))
    try:
        checkpoint = _convert(tensors, _alignment_heads(binary.with_name("config.json")))
    except KeyError as error:
        raise ModelFileError(
            f"{binary}: lacks the tensor {error}; it is not a complete Whisper model"
        ) from error
    return checkpoint


def _read_tensors(reader: _Reader) -> dict[str, Tensor]:
    path = reader.path
    version = reader.number("I")
    if version != BINARY_VERSION:
        raise ModelFileError(
            f"{path}: CTranslate2 binary version {version} where {BINARY_VERSION} is read; "
            "convert it again with a current ct2-transformers-converter"
        )
    specification = reader.text()
    if specification != SPECIFICATION:
        raise ModelFileError(f"{path}: holds a {specification!r}, not a {SPECIFICATION}; name a Whisper")
    reader.number("I")  # revision of the specification: names and layout are the same in all of them
    count = reader.number("I")
    if count > MAX_TENSORS:
        raise ModelFileError(f"{path}: corrupt (claims {count} tensors); fetch it again")
    tensors = dict(_read_tensor(reader) for _ in range(count))
    for _ in range(reader.number("I")):  # aliases: tied weights under a second name
        alias, target = reader.text(), reader.text()
        if target not in tensors:
            raise ModelFileError(f"{path}: corrupt (alias of unknown tensor {target!r}); fetch it again")
        tensors[alias] = tensors[target]
    if reader.rest:
        raise ModelFileError(f"{path}: corrupt ({reader.rest} bytes after the end); fetch it again")
    return tensors


def _read_tensor(reader: _Reader) -> tuple[str, Tensor]:
    name = reader.text()
    shape = tuple(reader.number("I") for _ in range(reader.number("B")))
    type_id = reader.number("B")
    size = reader.number("I")
    if type_id == QUANTISED and len(shape) > 0:
        raise ModelFileError(
            f"{reader.path}: {name} is quantised to int8; convert the model with `--quantization float16`"
        )
    dtype = FLOAT_TYPES.get(type_id) or INTEGER_TYPES.get(type_id)
    if dtype is None:
        raise ModelFileError(f"{reader.path}: corrupt ({name} has unknown type {type_id}); fetch it again")
    if size != int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
        raise ModelFileError(f"{reader.path}: corrupt ({name}: {size} bytes for {shape}); fetch it again")
    raw = bytearray(reader.take(size))
    tensor = torch.frombuffer(raw, dtype=dtype).reshape(shape) if size else torch.zeros(shape, dtype=dtype)
    if dtype in FLOAT_TYPES.values():
        tensor = tensor.float()
        if not torch.isfinite(tensor).all():
            raise ModelFileError(f"{reader.path}: corrupt ({name} holds NaN or infinity); fetch it again")
    return name, tensor


def _alignment_heads(config: Path) -> tuple[tuple[int, int], ...] | None:
    if not config.is_file():
        return None
    try:
        heads = json.loads(config.read_text(encoding="utf-8")).get("alignment_heads")
        return None if heads is None else tuple((int(layer), int(head)) for layer, head in heads)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{config}: alignment_heads cannot be read ({error}); fetch it again") from error


def _convert(tensors: dict[str, Tensor], heads: tuple[tuple[int, int], ...] | None) -> Checkpoint:
    state: dict[str, Tensor] = {
        "encoder.positional_embedding": tensors["encoder/position_encodings/encodings"],
        "decoder.token_embedding.weight": tensors["decoder/embeddings/weight"],
        "decoder.positional_embedding": tensors["decoder/position_encodings/encodings"],
    }
    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            state[f"encoder.{conv}.{kind}"] = tensors[f"encoder/{conv}/{kind}"]
    for side, last in (("encoder", "ln_post"), ("decoder", "ln")):
        _layer_norm(state, tensors, f"{side}.{last}", f"{side}/layer_norm")
        for layer in range(_layers(tensors, side)):
            _block(state, tensors, f"{side}.blocks.{layer}", f"{side}/layer_{layer}")
    dims = ModelDimensions(
        n_mels=state["encoder.conv1.weight"].shape[1],
        n_audio_ctx=state["encoder.positional_embedding"].shape[0],
        n_audio_state=state["encoder.positional_embedding"].shape[1],
        n_audio_head=int(tensors["encoder/num_heads"]),
        n_audio_layer=_layers(tensors, "encoder"),
        n_vocab=state["decoder.token_embedding.weight"].shape[0],
        n_text_ctx=state["decoder.positional_embedding"].shape[0],
        n_text_state=state["decoder.positional_embedding"].shape[1],
        n_text_head=int(tensors["decoder/num_heads"]),
        n_text_layer=_layers(tensors, "decoder"),
    )
    return Checkpoint(dims, state, heads)


def _layers(tensors: dict[str, Tensor], side: str) -> int:
    return len(
        {
            name.split("/")[1]
            for name in tensors
            if name.startswith(f"{side}/layer_") and "norm" not in name.split("/")[1]
        }
    )


def _block(state: dict[str, Tensor], tensors: dict[str, Tensor], ours: str, theirs: str) -> None:
    _layer_norm(state, tensors, f"{ours}.attn_ln", f"{theirs}/self_attention/layer_norm")
    _split(state, tensors, f"{ours}.attn", f"{theirs}/self_attention/linear_0", ("query", "key", "value"))
    _linear(state, tensors, f"{ours}.attn.out", f"{theirs}/self_attention/linear_1")
    if f"{theirs}/attention/linear_0/weight" in tensors:
        _layer_norm(state, tensors, f"{ours}.cross_attn_ln", f"{theirs}/attention/layer_norm")
        _linear(state, tensors, f"{ours}.cross_attn.query", f"{theirs}/attention/linear_0")
        _split(state, tensors, f"{ours}.cross_attn", f"{theirs}/attention/linear_1", ("key", "value"))
        _linear(state, tensors, f"{ours}.cross_attn.out", f"{theirs}/attention/linear_2")
    _layer_norm(state, tensors, f"{ours}.mlp_ln", f"{theirs}/ffn/layer_norm")
    _linear(state, tensors, f"{ours}.mlp.0", f"{theirs}/ffn/linear_0")
    _linear(state, tensors, f"{ours}.mlp.2", f"{theirs}/ffn/linear_1")


def _layer_norm(state: dict[str, Tensor], tensors: dict[str, Tensor], ours: str, theirs: str) -> None:
    for source, target in _LAYER_NORM.items():
        state[f"{ours}.{target}"] = tensors[f"{theirs}/{source}"]


def _linear(state: dict[str, Tensor], tensors: dict[str, Tensor], ours: str, theirs: str) -> None:
    for kind in ("weight", "bias"):
        state[f"{ours}.{kind}"] = tensors[f"{theirs}/{kind}"]


def _split(
    state: dict[str, Tensor], tensors: dict[str, Tensor], ours: str, theirs: str, parts: tuple[str, ...]
) -> None:
    for kind in ("weight", "bias"):
        for part, piece in zip(parts, tensors[f"{theirs}/{kind}"].chunk(len(parts)), strict=True):
            if (part, kind) != ("key", "bias"):  # Whisper's keys have no bias; CTranslate2 stores zeros
                state[f"{ours}.{part}.{kind}"] = piece
