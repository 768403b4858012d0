"""Kokoro's graph, made to tell how long each symbol lasts."""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from speech.coqui.errors import VoiceError


def with_durations(path: Path) -> tuple[bytes, str]:
    """The model at ``path``, serialised so that it also tells how many frames each symbol lasts, and the name
    of that output: the graph rounds the durations once and clips them to at least one frame.

    Raises ``VoiceError`` if it isn't Kokoro's graph.
    """
    try:
        model = onnx.load(str(path))
    except (DecodeError, OSError) as error:
        raise VoiceError(f"the voice {path} can't be loaded: {error}; install it again") from error
    rounded = {node.output[0] for node in model.graph.node if node.op_type == "Round"}
    clipped = [
        node.output[0] for node in model.graph.node if node.op_type == "Clip" and node.input[0] in rounded
    ]
    if len(clipped) != 1:
        raise VoiceError(f"{path} isn't Kokoro's graph: it rounds {len(clipped)} durations instead of 1")
    durations = onnx.helper.make_tensor_value_info(clipped[0], onnx.TensorProto.FLOAT, None)
    model.graph.output.append(durations)
    return model.SerializeToString(), clipped[0]
