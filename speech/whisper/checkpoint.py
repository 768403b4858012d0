"""Loads Whisper weights from any of the places they come from, never through unpickling."""

from __future__ import annotations

import dataclasses
import logging
import os
import pickle
import urllib.error
import zipfile
from pathlib import Path

import torch
import whisper
from torch import Tensor
from whisper.model import ModelDimensions, Whisper

from speech.whisper.ctranslate2 import Checkpoint, read_ctranslate2
from speech.whisper.errors import ModelFileError

log = logging.getLogger(__name__)

OPENAI_SUFFIX = ".pt"


def load_checkpoint(model: str, *, download: bool = True) -> Whisper:
    """Load a Whisper model in float32 on the CPU, ready to run.

    ``model`` is a local path first (an OpenAI ``.pt``, a CTranslate2 folder, or its ``model.bin``), else an
    official openai-whisper name, which that library downloads and verifies unless ``download`` is false.
    Raises `ModelFileError` with the remedy if it is missing, damaged or of the wrong kind.
    """
    path = Path(model).expanduser()
    if path.is_dir() or (path.is_file() and path.suffix != OPENAI_SUFFIX):
        return _build(read_ctranslate2(path), str(path))
    if path.is_file():
        return _build(_read_openai(path), str(path))
    if model in whisper.available_models():
        return _official(model, download)
    raise ModelFileError(
        f"{model}: neither a file, a folder nor an official Whisper name; official names are "
        + ", ".join(whisper.available_models())
    )


def _official(name: str, download: bool) -> Whisper:
    # Where the library keeps its downloads: load_model's own default.
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "whisper"
    cached = cache / Path(whisper._MODELS[name]).name
    if not download and not cached.is_file():
        raise ModelFileError(
            f"{name}: not downloaded yet and downloading is off; run `whisper.load_model({name!r})`"
        )
    try:
        # The library verifies the sha256 and loads with weights_only.
        return whisper.load_model(name, device="cpu").eval()
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        raise ModelFileError(
            f"{name}: the library's download failed ({error}); check the network, or name a local "
            "model folder"
        ) from error


def _read_openai(path: Path) -> Checkpoint:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, zipfile.BadZipFile, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(
            f"{path}: not a loadable Whisper checkpoint ({reason}); fetch it again and compare its sha256"
        ) from error
    if not isinstance(loaded, dict) or not {"dims", "model_state_dict"} <= loaded.keys():
        raise ModelFileError(
            f"{path}: lacks dims or model_state_dict; it is not an openai-whisper checkpoint"
        )
    state: dict[str, Tensor] = loaded["model_state_dict"]
    try:
        dims = ModelDimensions(**loaded["dims"])
    except TypeError as error:
        fields = ", ".join(field.name for field in dataclasses.fields(ModelDimensions))
        raise ModelFileError(f"{path}: its dims are not {fields} ({error}); fetch it again") from error
    return Checkpoint(dims, state, None)


def _build(checkpoint: Checkpoint, name: str) -> Whisper:
    model = Whisper(checkpoint.dims)
    try:
        model.load_state_dict({key: value.float() for key, value in checkpoint.state.items()}, assign=True)
    except RuntimeError as error:
        raise ModelFileError(
            f"{name}: its tensors do not fit a Whisper model ({str(error).splitlines()[-1].strip()}); "
            "fetch it again"
        ) from error
    _mark_alignment_heads(model, checkpoint.alignment_heads, name)
    return model.eval()


def _mark_alignment_heads(model: Whisper, heads: tuple[tuple[int, int], ...] | None, name: str) -> None:
    """Say which cross-attention heads follow the sound; unlisted, the later half, as in the library."""
    shape = (model.dims.n_text_layer, model.dims.n_text_head)
    mask = torch.zeros(shape, dtype=torch.bool)
    if not heads:
        log.warning("%s names no alignment heads; word times will be rougher", name)
        mask[model.dims.n_text_layer // 2 :] = True
    for layer, head in heads or ():
        if not (0 <= layer < shape[0] and 0 <= head < shape[1]):
            raise ModelFileError(
                f"{name}: alignment head {layer}, {head} is outside {shape}; fix its config.json"
            )
        mask[layer, head] = True
    model.register_buffer("alignment_heads", mask.to_sparse(), persistent=False)
