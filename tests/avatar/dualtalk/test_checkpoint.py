"""Weights files: official spellings are taken, and whatever can't be used is refused in one clear line."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from avatar.dualtalk import CheckpointError, DualTalk, DualTalkConfig, load_checkpoint, save_checkpoint
from avatar.dualtalk import checkpoint as checkpoint_module
from tests.avatar.dualtalk.conftest import Make, small_encoder
from tests.avatar.dualtalk.test_model import some_input

Weights = dict[str, Tensor]
CONV = "joint_encoder.audio_encoder1.encoder.pos_conv_embed.conv."


@pytest.fixture(scope="module")
def model(make: Make) -> DualTalk:
    return make(seed=7)


@pytest.fixture
def small_is_official(monkeypatch: pytest.MonkeyPatch, model: DualTalk) -> None:
    """Files that don't name their encoders get the official ones, which are too large for this test."""

    def sized(**options: object) -> DualTalkConfig:
        return DualTalkConfig.model_validate({"audio_encoder": model.config.audio_encoder, **options})

    monkeypatch.setattr(checkpoint_module, "DualTalkConfig", sized)


def old_spelling(weights: Weights) -> Weights:
    """As transformers 4.26 wrote them."""
    spellings = {
        "parametrizations.weight.original0": "weight_g",
        "parametrizations.weight.original1": "weight_v",
    }
    renamed = {}
    for name, weight in weights.items():
        for new, old in spellings.items():
            name = name.replace(new, old)
        renamed[name] = weight
    assert f"{CONV}weight_g" in renamed and not any("parametrizations" in name for name in renamed)
    return renamed


def parallel(weights: Weights) -> Weights:
    return {f"module.{name}": weight for name, weight in weights.items()}


def same(one: DualTalk, other: DualTalk) -> bool:
    inputs = some_input(8000)
    with torch.no_grad():
        return torch.equal(one(*inputs), other(*inputs))


@pytest.mark.parametrize("spelling", [dict, old_spelling, lambda w: parallel(old_spelling(w))])
@pytest.mark.parametrize("write", [torch.save, save_file], ids=["torch", "safetensors"])
def test_official_spellings_are_taken_from_either_kind_of_file(
    model: DualTalk,
    spelling: Callable[[Weights], Weights],
    write: Callable[[Weights, Path], None],
    tmp_path: Path,
) -> None:
    write(spelling(model.state_dict()), tmp_path / "weights")
    loaded = load_checkpoint(tmp_path / "weights", model.config)
    assert same(loaded, model) and not loaded.training


@pytest.mark.parametrize("spelling", [dict, old_spelling])
def test_load_state_dict_itself_is_strict_and_takes_both_spellings(
    model: DualTalk, spelling: Callable[[Weights], Weights]
) -> None:
    fresh = DualTalk(model.config).eval()
    assert not same(fresh, model)
    fresh.load_state_dict(spelling(model.state_dict()), strict=True)
    assert same(fresh, model)


def test_weights_beside_a_trainers_other_things_are_found(model: DualTalk, tmp_path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": model.state_dict(), "loss": torch.ones(1)}, tmp_path / "w.pth")
    assert same(load_checkpoint(tmp_path / "w.pth", model.config), model)


def test_files_from_before_zipped_checkpoints_are_read(model: DualTalk, tmp_path: Path) -> None:
    torch.save(model.state_dict(), tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert same(load_checkpoint(tmp_path / "old.pth", model.config), model)


def test_half_precision_is_widened(model: DualTalk, tmp_path: Path) -> None:
    save_file(
        {name: weight.half() for name, weight in model.state_dict().items()}, tmp_path / "w.safetensors"
    )
    loaded = load_checkpoint(tmp_path / "w.safetensors", model.config)
    assert {weight.dtype for weight in loaded.state_dict().values()} == {torch.float32}


def test_our_own_files_say_what_they_were_built_with(make: Make, tmp_path: Path) -> None:
    model = make(columns=61, hidden_size=32, layer_norm_eps=1e-4)
    save_checkpoint(model, tmp_path / "ours.safetensors")
    loaded = load_checkpoint(tmp_path / "ours.safetensors")
    assert loaded.config.model_dump() == model.config.model_dump()
    inputs = some_input(8000, columns=61)
    with torch.no_grad():
        assert torch.equal(loaded(*inputs), model(*inputs))


@pytest.mark.usefixtures("small_is_official")
def test_widths_of_others_files_are_read_from_their_shapes(tmp_path: Path) -> None:
    config = DualTalkConfig(blendshape_dim=61, feature_dim=8, audio_encoder=small_encoder())
    torch.save(DualTalk(config).state_dict(), tmp_path / "w.pth")
    loaded = load_checkpoint(tmp_path / "w.pth")
    assert (loaded.config.blendshape_dim, loaded.config.feature_dim) == (61, 8)


def test_without_further_word_the_encoders_are_official(model: DualTalk, tmp_path: Path) -> None:
    torch.save(model.state_dict(), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"lacks joint_encoder.* give the audio_encoder"):
        load_checkpoint(tmp_path / "w.pth")


def test_loaded_weights_outlive_their_file(model: DualTalk, tmp_path: Path) -> None:
    for name, write in (("w.pth", torch.save), ("w.safetensors", save_file)):
        write(model.state_dict(), tmp_path / name)
        loaded = load_checkpoint(tmp_path / name, model.config)
        (tmp_path / name).write_bytes(b"")
        assert same(loaded, model)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("something was unpickled",))


def test_pickled_objects_are_refused_and_never_run(model: DualTalk, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    for content in (model.state_dict() | {"extra": Bomb()}, torch.nn.Linear(2, 2)):
        torch.save(content, path)
        with pytest.raises(CheckpointError, match=r"holds pickled objects.* save the model's state_dict"):
            load_checkpoint(path, model.config)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(CheckpointError, match="holds pickled objects"):
        load_checkpoint(path, model.config)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_torn_files_are_called_damaged(model: DualTalk, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    (save_file if name.endswith("safetensors") else torch.save)(model.state_dict(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=f"{name}: damaged"):
        load_checkpoint(path, model.config)


def test_a_changed_byte_is_noticed(model: DualTalk, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save(model.state_dict(), path)
    content = bytearray(path.read_bytes())
    weight = model.state_dict()["synthesis_module.modulation_layer.weight"].numpy().tobytes()
    content[content.index(weight) + 5] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="fails its checksum"):
        load_checkpoint(path, model.config)


def test_what_is_no_weights_file_is_refused(model: DualTalk, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    with pytest.raises(CheckpointError, match=r"w\.pth: no such file"):
        load_checkpoint(path, model.config)
    for content in (b"", b"a letter, no weights"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="neither safetensors nor"):
            load_checkpoint(path, model.config)
    torch.save([torch.ones(2)], path)
    with pytest.raises(CheckpointError, match="not a state_dict"):
        load_checkpoint(path, model.config)
    torch.save({"weight": torch.ones(2, 2)}, path)
    with pytest.raises(CheckpointError, match="no DualTalk checkpoint; it lacks a sound synthesis_module"):
        load_checkpoint(path, model.config)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda w: w.pop(f"{CONV}bias"), rf"lacks {CONV}bias; give the audio_encoder"),
        (lambda w: w.update(more=torch.ones(1)), "has beside them more"),
        (
            lambda w: w.update({f"{CONV}bias": torch.ones(25)}),
            rf"{CONV}bias has shape \(25,\), \(24,\) is due",
        ),
        (lambda w: w[f"{CONV}bias"].fill_(torch.nan), "bias holds torch.float32 that aren't all finite"),
        (lambda w: w.update({f"{CONV}bias": torch.ones(24, dtype=torch.int64)}), "bias holds torch.int64"),
    ],
    ids=["missing", "unknown", "shape", "not a number", "integers"],
)
def test_weights_that_do_not_fit_are_named(
    model: DualTalk, change: Callable[[Weights], object], complaint: str, tmp_path: Path
) -> None:
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    change(weights)
    torch.save(weights, tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=complaint):
        load_checkpoint(tmp_path / "w.pth", model.config)


def test_another_motion_space_is_named(make: Make, model: DualTalk, tmp_path: Path) -> None:
    save_checkpoint(make(columns=61), tmp_path / "arkit.safetensors")
    with pytest.raises(CheckpointError, match="another motion space: it moves ARKit-61, and FLAME-56 is due"):
        load_checkpoint(tmp_path / "arkit.safetensors", model.config)


def test_a_broken_description_of_itself_is_refused(model: DualTalk, tmp_path: Path) -> None:
    save_file(model.state_dict(), tmp_path / "w.safetensors", metadata={"dualtalk_config": "{"})
    with pytest.raises(CheckpointError, match="metadata holds no valid configuration"):
        load_checkpoint(tmp_path / "w.safetensors")
