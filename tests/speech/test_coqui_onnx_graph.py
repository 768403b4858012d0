"""An ONNX graph is edited in its serialised form."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.coqui.onnx_graph import OnnxGraphError, expose, nodes, take_noise_from_inputs


@pytest.fixture(scope="module")
def joe_bytes(model_file: Callable[[str], Path]) -> bytes:
    return model_file("joe").read_bytes()


def test_the_operations_of_a_voice_are_read(joe_bytes: bytes) -> None:
    operations = [node.op for node in nodes(joe_bytes)]
    assert operations.count("Ceil") == 1
    assert operations.count("RandomNormalLike") == 2


def test_edited_graphs_tell_durations_and_take_noise(joe_bytes: bytes) -> None:
    durations = next(node.outputs[0] for node in nodes(joe_bytes) if node.op == "Ceil")
    model, names = take_noise_from_inputs(joe_bytes)
    assert "RandomNormalLike" not in [node.op for node in nodes(model)]
    session = onnxruntime.InferenceSession(expose(model, (durations,)), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(1)
    inputs = {
        "input": np.array([[1, 0, 20, 0, 14, 0, 2]]),
        "input_lengths": np.array([7]),
        "scales": np.array([0.667, 1.0, 0.8], dtype=np.float32),
        names[0]: rng.standard_normal((1, 2, 50), dtype=np.float32),
        names[1]: rng.standard_normal((1, 192, 900), dtype=np.float32),
    }
    sound, frames = session.run(None, inputs)
    again, _ = session.run(None, inputs)
    assert sound.size == frames.sum() * 256, "durations account for every sample"
    np.testing.assert_array_equal(sound, again)
    other, _ = session.run(None, {**inputs, names[1]: -inputs[names[1]]})
    assert np.abs(other - sound).max() > 0.01, "the noise given is the noise used"


def test_nothing_but_the_noise_is_changed(joe_bytes: bytes) -> None:
    model, _ = take_noise_from_inputs(joe_bytes)
    before = [node for node in nodes(joe_bytes) if node.op != "RandomNormalLike"]
    after = [node for node in nodes(model) if not node.outputs[0].startswith("noise_")]
    assert [node for node in after if node in before] == before


@given(st.binary(max_size=200))
def test_bytes_that_are_no_model_are_refused_or_empty(data: bytes) -> None:
    try:
        found = nodes(data)
    except OnnxGraphError:
        return
    assert all(isinstance(node.op, str) for node in found)


@pytest.mark.parametrize("cut", [10, 100, 1_000_000])
def test_a_model_cut_short_is_refused(joe_bytes: bytes, cut: int) -> None:
    with pytest.raises(OnnxGraphError, match=r"cut short|no graph|ends inside"):
        nodes(joe_bytes[:-cut] if cut < 10_000 else joe_bytes[:cut])
