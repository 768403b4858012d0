"""A VITS voice in ONNX is taken apart into a planner and a decoder that sounds any stretch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.coqui.config import CoquiConfig
from speech.coqui.onnx_graph import OnnxGraphError, VitsGraphs, take_apart
from speech.coqui.onnx_voice import OnnxVoice, StreamedVits
from speech.spoken_text import read_tokens


@pytest.fixture(scope="module")
def joe_bytes(model_file: Callable[[str], Path]) -> bytes:
    return model_file("joe").read_bytes()


@pytest.fixture(scope="module")
def joe_graphs(joe_bytes: bytes) -> VitsGraphs:
    return take_apart(joe_bytes)


def _session(model: bytes) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])


def test_the_planner_tells_durations_and_takes_noise(joe_graphs: VitsGraphs) -> None:
    planner, decoder = _session(joe_graphs.planner), _session(joe_graphs.decoder)
    rng = np.random.default_rng(1)
    inputs = {
        "input": np.array([[1, 0, 20, 0, 14, 0, 2]]),
        "input_lengths": np.array([7]),
        "scales": np.array([0.667, 1.0, 0.8], dtype=np.float32),
        joe_graphs.noise[0]: rng.standard_normal((1, 2, 50), dtype=np.float32),
        joe_graphs.noise[1]: rng.standard_normal((1, 192, 900), dtype=np.float32),
    }
    latent, frames = planner.run([joe_graphs.latent, joe_graphs.durations], inputs)
    (sound,) = decoder.run(None, {joe_graphs.latent: latent})
    assert sound.size == frames.sum() * 256, "durations account for every sample"
    again, _ = planner.run(None, inputs)
    np.testing.assert_array_equal(latent, again)
    other, _ = planner.run(None, {**inputs, joe_graphs.noise[1]: -inputs[joe_graphs.noise[1]]})
    assert np.abs(other - latent).max() > 0.01, "the noise given is the noise used"


def test_planner_and_decoder_share_no_work(joe_bytes: bytes, joe_graphs: VitsGraphs) -> None:
    whole = [node.op_type for node in onnx.load_from_string(joe_bytes).graph.node]
    planner, decoder = (
        [node.op_type for node in onnx.load_from_string(part).graph.node]
        for part in (joe_graphs.planner, joe_graphs.decoder)
    )
    assert "RandomNormalLike" not in planner + decoder
    for operation in ("ConvTranspose", "Tanh", "Softmax", "Ceil"):
        assert planner.count(operation) + decoder.count(operation) == whole.count(operation)
    assert planner.count("ConvTranspose") == 0 and decoder.count("Softmax") == 0


@pytest.fixture(scope="module")
def spoken(model_file: Callable[[str], Path]) -> tuple[StreamedVits, np.ndarray, np.ndarray]:
    """A voice, the frames of a sentence and the sound of all of them at once."""
    voice = OnnxVoice(model_file("joe"), CoquiConfig(model=str(model_file("joe"))))
    vits = voice._vits
    tokens = read_tokens("The museum opens at nine, and closes at five.", "en-us")
    ids = voice._encoder.encode(tokens).ids
    vits.onnx_sess.seed(3)
    latent = vits.inference_onnx(np.array([ids], dtype=np.int64))
    (whole,) = vits._decoder.run(None, {vits._latent: latent[None]})
    return vits, latent, whole.reshape(-1)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_stretch_sounds_as_in_the_whole(
    spoken: tuple[StreamedVits, np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    vits, latent, whole = spoken
    begin = data.draw(st.integers(0, latent.shape[1] - 1))
    end = data.draw(st.integers(begin + 1, latent.shape[1]))
    stretch = vits.sound(latent, begin, end, None)
    np.testing.assert_allclose(stretch, whole[begin * 256 : end * 256], atol=2e-5)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(OnnxGraphError):
        take_apart(data)


@pytest.mark.parametrize("size", [0, 10, 1_000_000, -10])
def test_a_model_cut_short_is_refused(joe_bytes: bytes, size: int) -> None:
    with pytest.raises(OnnxGraphError, match=r"cut short|no operations|not a VITS"):
        take_apart(joe_bytes[:size])


def test_a_model_of_another_kind_is_refused(model_file: Callable[[str], Path]) -> None:
    relu = onnx.helper.make_node("Relu", ["input"], ["output"])
    graph = onnx.helper.make_graph(
        [relu],
        "other",
        [onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1])],
        [onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1])],
    )
    with pytest.raises(OnnxGraphError, match="0 Ceil nodes"):
        take_apart(onnx.helper.make_model(graph).SerializeToString())
