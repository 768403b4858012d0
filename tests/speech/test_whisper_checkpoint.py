"""Whisper weights from CTranslate2 folders and OpenAI files, whole and damaged."""

from __future__ import annotations

import dataclasses
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whisper.model import ModelDimensions, Whisper

from speech.whisper.checkpoint import load_checkpoint
from speech.whisper.ctranslate2 import read_ctranslate2
from speech.whisper.errors import ModelFileError

DIMS = ModelDimensions(
    n_mels=80, n_audio_ctx=1500, n_audio_state=16, n_audio_head=2, n_audio_layer=1,
    n_vocab=51864, n_text_ctx=448, n_text_state=16, n_text_head=2, n_text_layer=2,
)  # fmt: skip
FLOAT32, INT8, INT16, FLOAT16 = 0, 1, 2, 4


def whisper_random() -> Whisper:
    torch.manual_seed(0)
    model = Whisper(DIMS)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def ctranslate2_tensors(model: Whisper) -> dict[str, torch.Tensor]:
    """The tensors of ``model`` under CTranslate2's names, written down independently of the reader."""
    state = model.state_dict()
    tensors = {
        "encoder/num_heads": torch.tensor(DIMS.n_audio_head, dtype=torch.int16),
        "decoder/num_heads": torch.tensor(DIMS.n_text_head, dtype=torch.int16),
        "encoder/position_encodings/encodings": state["encoder.positional_embedding"],
        "decoder/position_encodings/encodings": state["decoder.positional_embedding"],
        "decoder/embeddings/weight": state["decoder.token_embedding.weight"],
    }

    def norm(theirs: str, ours: str) -> None:
        tensors[f"{theirs}/gamma"], tensors[f"{theirs}/beta"] = state[f"{ours}.weight"], state[f"{ours}.bias"]

    def fused(theirs: str, *ours: str) -> None:
        tensors[f"{theirs}/weight"] = torch.cat([state[f"{name}.weight"] for name in ours])
        zeros = torch.zeros(DIMS.n_text_state)
        tensors[f"{theirs}/bias"] = torch.cat([state.get(f"{name}.bias", zeros) for name in ours])

    for conv in ("conv1", "conv2"):
        for kind in ("weight", "bias"):
            tensors[f"encoder/{conv}/{kind}"] = state[f"encoder.{conv}.{kind}"]
    norm("encoder/layer_norm", "encoder.ln_post")
    norm("decoder/layer_norm", "decoder.ln")
    for side, layers in (("encoder", DIMS.n_audio_layer), ("decoder", DIMS.n_text_layer)):
        for n in range(layers):
            ours, theirs = f"{side}.blocks.{n}", f"{side}/layer_{n}"
            norm(f"{theirs}/self_attention/layer_norm", f"{ours}.attn_ln")
            fused(
                f"{theirs}/self_attention/linear_0", *(f"{ours}.attn.{p}" for p in ("query", "key", "value"))
            )
            fused(f"{theirs}/self_attention/linear_1", f"{ours}.attn.out")
            if side == "decoder":
                norm(f"{theirs}/attention/layer_norm", f"{ours}.cross_attn_ln")
                fused(f"{theirs}/attention/linear_0", f"{ours}.cross_attn.query")
                fused(f"{theirs}/attention/linear_1", f"{ours}.cross_attn.key", f"{ours}.cross_attn.value")
                fused(f"{theirs}/attention/linear_2", f"{ours}.cross_attn.out")
            norm(f"{theirs}/ffn/layer_norm", f"{ours}.mlp_ln")
            fused(f"{theirs}/ffn/linear_0", f"{ours}.mlp.0")
            fused(f"{theirs}/ffn/linear_1", f"{ours}.mlp.2")
    return tensors


def ctranslate2_bytes(
    tensors: dict[str, torch.Tensor], float_type: int, *, version: int = 6, name: str = "WhisperSpec"
) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    out = [struct.pack("<I", version), text(name), struct.pack("<II", 3, len(tensors))]
    for key, tensor in tensors.items():
        if tensor.dtype == torch.float32:
            raw, type_id = tensor.to(torch.float16 if float_type == FLOAT16 else torch.float32), float_type
        else:
            raw, type_id = tensor, {torch.int16: INT16, torch.int8: INT8}[tensor.dtype]
        data = raw.contiguous().numpy().tobytes()
        shape = b"".join(struct.pack("<I", size) for size in tensor.shape)
        out += [
            text(key),
            struct.pack("<B", tensor.ndim),
            shape,
            struct.pack("<BI", type_id, len(data)),
            data,
        ]
    out += [struct.pack("<I", 1), text("decoder/projection/weight"), text("decoder/embeddings/weight")]
    return b"".join(out)


@pytest.fixture(scope="module")
def whisper_small() -> Whisper:
    return whisper_random()


@pytest.fixture(scope="module")
def whisper_folder(whisper_small: Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ct2")
    (folder / "model.bin").write_bytes(ctranslate2_bytes(ctranslate2_tensors(whisper_small), FLOAT32))
    (folder / "config.json").write_text(json.dumps({"alignment_heads": [[1, 0]]}))
    return folder


@pytest.mark.parametrize("given_as", ["folder", "file"])
def test_a_ctranslate2_model_is_the_model_that_was_converted(
    whisper_small: Whisper, whisper_folder: Path, given_as: str
) -> None:
    path = whisper_folder if given_as == "folder" else whisper_folder / "model.bin"
    loaded = load_checkpoint(str(path))
    assert loaded.dims == DIMS
    for name, tensor in whisper_small.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0, msg=name)
    assert loaded.alignment_heads.indices().T.tolist() == [[1, 0]]


def test_half_precision_weights_are_loaded_to_their_precision(whisper_small: Whisper, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(ctranslate2_bytes(ctranslate2_tensors(whisper_small), FLOAT16))
    loaded = load_checkpoint(str(tmp_path))
    for name, tensor in whisper_small.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor.half().float(), rtol=0, atol=0, msg=name)
    # Without a config.json the later half of the layers follows the sound, as in the library.
    assert {layer for layer, _ in loaded.alignment_heads.indices().T.tolist()} == {1}


def damaged(folder: Path, data: bytes) -> Path:
    (folder / "model.bin").write_bytes(data)
    return folder


def test_damaged_and_foreign_files_are_named_with_their_remedy(
    whisper_small: Whisper, tmp_path: Path
) -> None:
    tensors = ctranslate2_tensors(whisper_small)
    whole = ctranslate2_bytes(tensors, FLOAT16)
    incomplete = {key: value for key, value in tensors.items() if key != "encoder/conv1/weight"}
    quantised = {**tensors, "decoder/layer_0/ffn/linear_0/weight": torch.zeros(64, 16, dtype=torch.int8)}
    infinite = {**tensors, "encoder/conv1/bias": torch.full((16,), torch.inf)}
    misfit = {**tensors, "encoder/conv1/bias": torch.zeros(17)}
    for data, reason in [
        (b"", "empty"),
        (whole[:-100_000], "truncated"),
        (whole[:10], "truncated"),
        (whole + b"more", "4 bytes after the end"),
        (ctranslate2_bytes(tensors, FLOAT16, version=5), "version 5 where 6 is read"),
        (ctranslate2_bytes(tensors, FLOAT16, name="TransformerSpec"), "'TransformerSpec'"),
        (ctranslate2_bytes(incomplete, FLOAT16), "encoder/conv1/weight"),
        (ctranslate2_bytes(quantised, FLOAT16), "quantization float16"),
        (ctranslate2_bytes(infinite, FLOAT16), "NaN or infinity"),
        (ctranslate2_bytes(misfit, FLOAT16), "do not fit"),
        (b"PK\x03\x04 not a model at all" * 10, "version"),
    ]:
        with pytest.raises(ModelFileError, match=reason) as error:
            load_checkpoint(str(damaged(tmp_path, data)))
        assert str(tmp_path) in str(error.value)


@pytest.fixture(scope="module")
def whisper_header(whisper_small: Whisper) -> bytes:
    """A complete file of the small tensors only, so that hundreds of damaged copies are cheap."""
    tensors = ctranslate2_tensors(whisper_small)
    return ctranslate2_bytes({key: value for key, value in tensors.items() if value.numel() < 2_000}, FLOAT16)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_raises_anything_but_a_model_file_error(
    whisper_header: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    broken = bytearray(whisper_header)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    broken = broken[: data.draw(st.integers(1, len(broken)))]
    with pytest.raises(ModelFileError):
        read_ctranslate2(damaged(tmp_path, bytes(broken)))


def test_alignment_heads_that_cannot_be_read_are_an_error(whisper_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes((whisper_folder / "model.bin").read_bytes())
    for config, reason in [
        ("{", "cannot be read"),
        ('{"alignment_heads": [[9, 9]]}', "head 9, 9 is outside"),
    ]:
        (tmp_path / "config.json").write_text(config)
        with pytest.raises(ModelFileError, match=reason):
            load_checkpoint(str(tmp_path))


def test_an_openai_file_is_loaded_without_unpickling(whisper_small: Whisper, tmp_path: Path) -> None:
    path = tmp_path / "small.pt"
    torch.save({"dims": dataclasses.asdict(DIMS), "model_state_dict": whisper_small.state_dict()}, path)
    loaded = load_checkpoint(str(path))
    assert loaded.dims == DIMS
    for name, tensor in whisper_small.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=0, atol=0, msg=name)


class _Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.target,)


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    path, target = tmp_path / "evil.pt", tmp_path / "pwned"
    torch.save({"dims": dataclasses.asdict(DIMS), "model_state_dict": _Payload(target)}, path)
    with pytest.raises(ModelFileError, match=r"evil\.pt"):
        load_checkpoint(str(path))
    path.write_bytes(pickle.dumps(_Payload(target)))
    with pytest.raises(ModelFileError, match=r"evil\.pt"):
        load_checkpoint(str(path))
    assert not target.exists()


def test_broken_openai_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    torch.save({"dims": dataclasses.asdict(DIMS), "model_state_dict": {}}, path)
    whole = path.read_bytes()
    for content, reason in [
        (b"", "not a loadable"),
        (b"garbage" * 100, "not a loadable"),
        (whole[: len(whole) // 2], "not a loadable"),
        (whole, "do not fit"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=reason) as error:
            load_checkpoint(str(path))
        assert "broken.pt" in str(error.value)
    torch.save({"weights": {}}, path)
    with pytest.raises(ModelFileError, match="lacks dims or model_state_dict"):
        load_checkpoint(str(path))
    torch.save({"dims": {"n_mels": 80}, "model_state_dict": {}}, path)
    with pytest.raises(ModelFileError, match="its dims are not"):
        load_checkpoint(str(path))


def test_an_unknown_name_is_answered_with_the_names_that_there_are() -> None:
    with pytest.raises(ModelFileError, match=r"tinny\.en.*tiny\.en"):
        load_checkpoint("tinny.en")


def test_an_official_name_is_not_downloaded_where_that_is_forbidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(ModelFileError, match=r"tiny\.en: not downloaded yet"):
        load_checkpoint("tiny.en", download=False)
