"""Takes a VITS voice in ONNX apart, so that its sound can be streamed, timed and repeated.

The published graph goes from symbols to sound in one run and hides three things: how many frames each
symbol lasts (the output of its only ``Ceil``), its random numbers (``RandomNormalLike`` nodes whose state
lives in the session), and the frames (``z`` in VITS, Kim et al. 2021) from which its convolutional decoder
makes sound piece by piece just as well as at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError
from onnx.utils import Extractor

_OUTPUT = "output"
_SPEAKER = "sid"
_DECODER = "dec.conv_pre."  # the weights of the decoder's first convolution
_RANK = 3  # of both noises: batch, channels, time


class OnnxGraphError(ValueError):
    """The file isn't an ONNX model, or not a VITS voice."""


@dataclass(frozen=True, slots=True)
class VitsGraphs:
    """A voice in two serialised models.

    ``planner`` takes the voice's inputs and ``noise``, float tensors of three dimensions at least as large
    along each axis as needed (the leading part is used); it returns ``latent`` (1, channels, frames) and
    ``durations`` in frames. ``decoder`` takes any stretch of ``latent``, and the speaker if there are
    several, and returns sound.
    """

    planner: bytes
    decoder: bytes
    noise: tuple[str, ...]
    latent: str
    durations: str


def take_apart(model: bytes) -> VitsGraphs:
    """Split a serialised VITS voice. Raises ``OnnxGraphError`` if it isn't one."""
    voice = _parse(model)
    graph = voice.graph
    durations = [node.output[0] for node in graph.node if node.op_type == "Ceil"]
    if len(durations) != 1:
        raise OnnxGraphError(f"not a VITS graph: {len(durations)} Ceil nodes instead of 1")
    decoders = [node for node in graph.node if any(name.startswith(_DECODER) for name in node.input)]
    if not decoders or _OUTPUT not in [output.name for output in graph.output]:
        raise OnnxGraphError(f"not a VITS graph: no node reads {_DECODER}*, or there is no {_OUTPUT!r}")
    latent = decoders[0].input[0]
    noise = _take_noise_from_inputs(graph)
    inputs = [entry.name for entry in graph.input]
    extractor = Extractor(voice)
    planner = extractor.extract_model(inputs, [latent, durations[0]])
    speaker = [_SPEAKER] if _SPEAKER in inputs else []
    decoder = extractor.extract_model([latent, *speaker], [_OUTPUT])
    return VitsGraphs(planner.SerializeToString(), decoder.SerializeToString(), noise, latent, durations[0])


def _parse(model: bytes) -> onnx.ModelProto:
    try:
        voice = onnx.load_from_string(model)
    except DecodeError as error:
        raise OnnxGraphError(f"not an ONNX model, or cut short: {error}") from error
    if not voice.graph.node:
        raise OnnxGraphError("not an ONNX model: it holds no operations")
    return voice


def _take_noise_from_inputs(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Replace each ``RandomNormalLike`` by the leading part of a new input; returns the inputs' names."""
    zeros = "noise_zeros"
    names: list[str] = []
    kept: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type != "RandomNormalLike":
            kept.append(node)
            continue
        name = f"noise_{len(names)}"
        names.append(name)
        kept.append(onnx.helper.make_node("Shape", [node.input[0]], [f"{name}_size"]))
        kept.append(onnx.helper.make_node("Slice", [name, zeros, f"{name}_size"], [node.output[0]]))
        free = [f"{name}_{axis}" for axis in range(_RANK)]
        graph.input.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, free))
    if len(names) > 2:
        raise OnnxGraphError(f"not a VITS graph: {len(names)} sources of noise instead of at most 2")
    graph.initializer.append(onnx.helper.make_tensor(zeros, onnx.TensorProto.INT64, [_RANK], [0] * _RANK))
    del graph.node[:]
    graph.node.extend(kept)
    return tuple(names)
