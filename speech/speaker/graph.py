"""The speaker encoder as an ONNX graph: three layers of LSTM, a linear one, a direction of length 1."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from speech.speaker.checkpoint import LAYERS, SIZE, Weights
from speech.speaker.spectrum import MELS

OPSET = 17
IR = 8


def graph(weights: Weights) -> bytes:
    """A serialised model that turns ``mels`` (frames, batch, 40) into ``embedding`` (batch, 256)."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, array: NDArray[np.float32] | NDArray[np.int64]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    direction = constant("direction", np.array([1], np.int64))
    sound = "mels"
    for layer in range(LAYERS):
        inputs = [
            sound,
            constant(f"w{layer}", _gates(weights[f"lstm.weight_ih_l{layer}"])[None]),
            constant(f"r{layer}", _gates(weights[f"lstm.weight_hh_l{layer}"])[None]),
            constant(
                f"b{layer}",
                np.concatenate([_gates(weights[f"lstm.bias_{of}_l{layer}"]) for of in ("ih", "hh")])[None],
            ),
        ]
        outputs = [f"every{layer}", f"last{layer}"]
        nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=SIZE))
        nodes.append(helper.make_node("Squeeze", [f"every{layer}", direction], [f"sound{layer}"]))
        sound = f"sound{layer}"
    nodes += [
        helper.make_node("Squeeze", [f"last{LAYERS - 1}", constant("first", np.array([0]))], ["last"]),
        helper.make_node(
            "Gemm",
            ["last", constant("linear", weights["linear.weight"]), constant("bias", weights["linear.bias"])],
            ["raw"],
            transB=1,
        ),
        helper.make_node("Relu", ["raw"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], ["embedding"], axis=1, p=2),
    ]
    taken = helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["frames", "batch", MELS])
    given = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", SIZE])
    whole = helper.make_graph(nodes, "speaker", [taken], [given], constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    return bytes(model.SerializeToString())


def _gates(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """From PyTorch's order of gates (in, forget, cell, out) to ONNX's (in, out, forget, cell)."""
    into, forget, cell, out = np.split(array, 4)
    return np.concatenate((into, out, forget, cell))
