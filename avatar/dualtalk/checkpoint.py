"""DualTalk's weights from files: official checkpoints, and our own, which also say their sizes."""

from __future__ import annotations

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors.torch import save_file
from torch import Tensor

from avatar.dualtalk.config import FLAME, DualTalkConfig
from avatar.dualtalk.model import DualTalk
from avatar.dualtalk.weight_files import CheckpointError, read_tensors
from avatar.motion import COLUMNS

CONFIG = "dualtalk_config"  # our files' metadata: DualTalkConfig as JSON
SPACES = {FLAME: "FLAME-56", COLUMNS: "ARKit-61"}

PARALLEL = "module."  # what torch's DataParallel puts before every name
OLD_NORM = {
    ".weight_g": ".parametrizations.weight.original0",
    ".weight_v": ".parametrizations.weight.original1",
}
"""How wav2vec2's positional convolution was named up to transformers 4.26, and how it is named now."""

OUTPUT = "synthesis_module.blendshape_predictor.weight"  # (B, 2 D)
SHOWN = 3  # names told in an error


def load_checkpoint(path: Path | str, config: DualTalkConfig | None = None) -> DualTalk:
    """A DualTalk with a file's weights, float32, on the CPU, in evaluation mode.

    Without ``config`` the sizes are the file's own: from its metadata if it is ours, else the widths from its
    shapes and the encoders official. Takes safetensors and torch files, names with and without
    DataParallel's prefix, and both spellings of weight normalisation.
    Raises ``CheckpointError`` for files that are missing, damaged, pickled, of other shapes or names, or for
    another motion space than ``config``'s.
    """
    path = Path(path).expanduser()
    found, about = read_tensors(path)
    tensors = {_modern(name): tensor for name, tensor in found.items()}
    config = _config(path, tensors, about, config)
    with torch.device("meta"):  # nothing is initialised that is overwritten anyway
        model = DualTalk(config)
    _compare(path, tensors, model.state_dict())
    # Copied: what is read lies in the file's own pages, and the file may change while the model lives.
    weights = {name: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}
    model.load_state_dict(weights, strict=True, assign=True)
    return model.eval()


def save_checkpoint(model: DualTalk, path: Path | str) -> None:
    """Write a model's weights as safetensors that ``load_checkpoint`` reads without further word."""
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, Path(path), metadata={CONFIG: model.config.model_dump_json()})


def _modern(name: str) -> str:
    name = name.removeprefix(PARALLEL)
    if name.endswith(tuple(OLD_NORM)):
        stem, _, last = name.rpartition(".")
        return stem + OLD_NORM["." + last]
    return name


def _config(
    path: Path, tensors: dict[str, Tensor], about: dict[str, str], wanted: DualTalkConfig | None
) -> DualTalkConfig:
    output = tensors.get(OUTPUT)
    if output is None or output.ndim != 2 or output.shape[1] % 8:
        raise CheckpointError(f"{path}: no DualTalk checkpoint; it lacks a sound {OUTPUT}")
    columns, features = output.shape[0], output.shape[1] // 2
    if wanted is not None:
        if columns != wanted.blendshape_dim:
            raise CheckpointError(
                f"{path}: another motion space: it moves {_space(columns)}, and "
                f"{_space(wanted.blendshape_dim)} is due; set blendshape_dim to the checkpoint's"
            )
        return wanted
    if CONFIG in about:
        try:
            return DualTalkConfig.model_validate_json(about[CONFIG])
        except ValidationError as error:
            raise CheckpointError(f"{path}: its metadata holds no valid configuration: {error}") from error
    return DualTalkConfig(blendshape_dim=columns, feature_dim=features)


def _space(columns: int) -> str:
    return SPACES.get(columns, f"{columns} columns")


def _compare(path: Path, tensors: dict[str, Tensor], due: dict[str, Tensor]) -> None:
    """Everything that ``load_state_dict`` would complain of, and numbers that aren't finite, in one line."""
    missing = [name for name in due if name not in tensors]
    extra = [name for name in tensors if name not in due]
    if missing or extra:
        parts = [f"lacks {_list(missing)}"] * bool(missing) + [f"has beside them {_list(extra)}"] * bool(
            extra
        )
        raise CheckpointError(f"{path}: {'; '.join(parts)}; give the audio_encoder it was trained with")
    for name, tensor in tensors.items():
        if tensor.shape != due[name].shape:
            raise CheckpointError(
                f"{path}: {name} has shape {tuple(tensor.shape)}, {tuple(due[name].shape)} is due; give the "
                "sizes it was trained with"
            )
        if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {name} holds {tensor.dtype} that aren't all finite numbers")


def _list(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
