"""Edits an ONNX graph in its serialised form: expose a tensor, and take the noise from outside.

A VITS voice exported to ONNX hides two things: how many frames each phoneme lasts (inside the graph it is the
output of the only ``Ceil``) and its random numbers (``RandomNormalLike`` nodes whose state lives in the
session). Both edits work on the protobuf wire format, since the weights (60 MB) need not be parsed for them.
Specification: https://protobuf.dev/programming-guides/encoding and onnx/onnx.proto (field numbers below).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_MODEL_GRAPH = 7  # ModelProto.graph
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 1, 5, 11, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP = 1, 2, 3, 4
_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types


class OnnxGraphError(ValueError):
    """The file isn't an ONNX model, or lacks the node that an edit needs."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation: its type and the names of the tensors it reads and writes."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise OnnxGraphError("not an ONNX model: the protobuf data ends inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Each field's number, its content and its whole encoding."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire == _VARINT:
            size = _varint(data, at)[1] - at
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise OnnxGraphError(f"not an ONNX model: unknown protobuf wire type {wire}")
        if number == 0 or at + size > len(data):
            raise OnnxGraphError("not an ONNX model: a protobuf field is malformed or cut short")
        yield number, data[at : at + size], data[start : at + size]
        at += size


def _number(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append((value & 0x7F) | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _nested(number: int, content: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _scalar(number: int, value: int) -> bytes:
    return _number(number << 3 | _VARINT) + _number(value)


def _tensor_info(name: str, dimensions: int | None) -> bytes:
    """A ValueInfoProto of float type; with ``dimensions`` unknown sizes, or of unknown rank."""
    tensor = _scalar(1, _FLOAT)
    if dimensions is not None:
        free = b"".join(_nested(1, _nested(2, f"{name}_{axis}".encode())) for axis in range(dimensions))
        tensor += _nested(2, free)
    return _nested(1, name.encode()) + _nested(2, _nested(1, tensor))


def _node(op: str, inputs: tuple[str, ...], output: str) -> bytes:
    content = b"".join(_nested(_NODE_INPUT, name.encode()) for name in inputs)
    content += _nested(_NODE_OUTPUT, output.encode())
    content += _nested(_NODE_NAME, f"{output}/{op}".encode()) + _nested(_NODE_OP, op.encode())
    return _nested(_GRAPH_NODE, content)


def _parse_node(content: memoryview) -> Node:
    inputs: list[str] = []
    outputs: list[str] = []
    op = ""
    for number, value, _ in _fields(content):
        if number == _NODE_INPUT:
            inputs.append(bytes(value).decode(errors="replace"))
        elif number == _NODE_OUTPUT:
            outputs.append(bytes(value).decode(errors="replace"))
        elif number == _NODE_OP:
            op = bytes(value).decode(errors="replace")
    return Node(op, tuple(inputs), tuple(outputs))


def _graph(model: bytes) -> memoryview:
    for number, content, _ in _fields(memoryview(model)):
        if number == _MODEL_GRAPH:
            return content
    raise OnnxGraphError("not an ONNX model: it holds no graph")


def nodes(model: bytes) -> list[Node]:
    """The operations of a serialised ONNX model, in file order."""
    return [_parse_node(content) for number, content, _ in _fields(_graph(model)) if number == _GRAPH_NODE]


def expose(model: bytes, tensors: tuple[str, ...]) -> bytes:
    """``model`` with inner float ``tensors`` as additional outputs, in that order after its own."""
    added = b"".join(_nested(_GRAPH_OUTPUT, _tensor_info(name, None)) for name in tensors)
    return model + _nested(_MODEL_GRAPH, added)  # concatenated protobuf messages merge


def take_noise_from_inputs(model: bytes, rank: int = 3) -> tuple[bytes, tuple[str, ...]]:
    """``model`` with each ``RandomNormalLike`` replaced by the leading part of a new input.

    The inputs, named ``noise_0``, ``noise_1`` ... in graph order, are float tensors of ``rank`` dimensions,
    at least as large along each axis as the tensor that the random numbers are like. Returns the model and
    those names.
    """
    zeros = "noise_zeros"
    graph: list[bytes | memoryview] = []
    names: list[str] = []
    for number, content, whole in _fields(_graph(model)):
        node = _parse_node(content) if number == _GRAPH_NODE else None
        if node is None or node.op != "RandomNormalLike":
            graph.append(whole)
            continue
        name = f"noise_{len(names)}"
        names.append(name)
        size = f"{name}_size"
        graph.append(_node("Shape", (node.inputs[0],), size))
        graph.append(_node("Slice", (name, zeros, size), node.outputs[0]))
        graph.append(_nested(_GRAPH_INPUT, _tensor_info(name, rank)))
    starts = _scalar(1, rank) + _scalar(2, _INT64) + _nested(8, zeros.encode()) + _nested(9, bytes(8 * rank))
    graph.append(_nested(_GRAPH_INITIALIZER, starts))
    edited = _nested(_MODEL_GRAPH, b"".join(graph))
    others = (whole for number, _, whole in _fields(memoryview(model)) if number != _MODEL_GRAPH)
    return b"".join(others) + edited, tuple(names)
