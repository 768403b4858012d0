"""Live Link Face packets: what is sent is what arrives, and bad packets are refused with the reason."""

from __future__ import annotations

import socket
import struct
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from avatar.formats.livelink_sender import LiveLinkSender
from avatar.formats.livelink_udp import PacketError, decode_packet, device_id, encode_packet
from avatar.motion import ARKIT, NAMES, Column, MotionError, neutral

DEVICE = "01234567-89ab-cdef-0123-456789abcdef"


@st.composite
def motions(draw: st.DrawFn) -> np.ndarray:
    unit = draw(arrays(np.float32, 61, elements=st.floats(0, 1, width=32), fill=st.just(np.float32(0))))
    return ARKIT.clip(ARKIT.low + unit * (ARKIT.high - ARKIT.low))


names = st.text(min_size=1, max_size=40).filter(lambda text: _fits(text))


def _fits(text: str) -> bool:
    try:
        return 1 <= len(text.encode()) <= 255
    except UnicodeEncodeError:  # a lone surrogate
        return False


@given(
    motion=st.none() | motions(),
    frame=st.integers(0, 2**32 - 1),
    subframe=st.floats(0, 0.9375, width=32),
    fps=st.integers(1, 240),
    denominator=st.integers(1, 1001),
    subject=names,
)
@settings(deadline=None)
def test_every_packet_comes_back_bit_for_bit(motion, frame, subframe, fps, denominator, subject) -> None:
    data = encode_packet(
        motion, frame=frame, subframe=subframe, fps=fps, denominator=denominator, subject=subject
    )
    packet = decode_packet(data)
    assert packet.subject == subject and packet.device == device_id(subject)
    assert packet.time is not None
    assert (packet.time.frame, packet.time.subframe) == (frame, subframe)
    assert (packet.time.fps, packet.time.denominator) == (fps, denominator)
    if motion is None:
        assert packet.motion is None
    else:
        assert packet.motion is not None and packet.motion.dtype == np.float32
        np.testing.assert_array_equal(packet.motion, motion)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_decoded_or_refused_with_a_reason(data: bytes) -> None:
    for candidate in (data, b"\x06" + data, b"\x06" + struct.pack("!i", 1) + b"d" + data):
        try:
            decode_packet(candidate)
        except PacketError as error:
            assert len(str(error)) > 20


def test_the_bytes_are_laid_out_as_the_app_lays_them_out() -> None:
    motion = neutral()
    motion[Column.jawOpen] = 0.5
    data = encode_packet(motion, frame=7, subframe=0.25, fps=60, subject="face", device=DEVICE)
    assert struct.unpack_from("<I", data)[0] == 6
    assert data[4:41] == b"$" + DEVICE.encode()
    assert struct.unpack_from("!i", data, 41) == (4,) and data[45:49] == b"face"
    assert struct.unpack_from("!IfIIB", data, 49) == (7, 0.25, 60, 1, 61)
    values = struct.unpack_from("!61f", data, 66)
    assert values[17] == 0.5 and NAMES[17] == "jawOpen"
    assert len(data) == 66 + 4 * 61


def test_left_comes_before_right_unlike_in_the_apps_csv() -> None:
    motion = neutral()
    motion[Column.jawLeft], motion[Column.mouthRight] = 0.25, 0.75
    values = struct.unpack("!61f", encode_packet(motion, frame=0, subject="a", device=DEVICE)[-244:])
    assert values[15] == 0.25 and values[22] == 0.75


def test_an_independent_library_reads_our_packets() -> None:
    library = pytest.importorskip("pylivelinkface", reason="PyPI's pylivelinkface is not installed")
    motion = np.linspace(0, 1, 61, dtype=np.float32)
    data = encode_packet(motion, frame=1234, subframe=0.5, fps=60, subject="Mira", device=DEVICE)
    found, face = library.PyLiveLinkFace.decode(data)
    assert found and face.name == "Mira" and face.uuid == f"${DEVICE}" and face.fps == 60
    assert face._frames == 1234 and face._sub_frame == 0.5 and face._denominator == 1
    for shape in library.FaceBlendShape:
        assert face.get_blendshape(shape) == motion[Column[shape.name[0].lower() + shape.name[1:]]]


def test_an_independent_library_sees_no_face_where_we_send_none() -> None:
    library = pytest.importorskip("pylivelinkface", reason="PyPI's pylivelinkface is not installed")
    bare = encode_packet(None, frame=1, subject="Mira", device=DEVICE)[:-1]
    assert library.PyLiveLinkFace.decode(bare)[0] is False


@pytest.mark.parametrize("fps", [30, 60])
def test_we_read_an_independent_librarys_packets(fps: int) -> None:
    library = pytest.importorskip("pylivelinkface", reason="PyPI's pylivelinkface is not installed")
    face = library.PyLiveLinkFace(name="Phone", uuid=str(uuid.UUID(DEVICE)), fps=fps)
    face.set_blendshape(library.FaceBlendShape.JawLeft, 0.25, no_filter=True)
    face.set_blendshape(library.FaceBlendShape.RightEyeRoll, -0.125, no_filter=True)
    packet = decode_packet(face.encode())
    assert packet.subject == "Phone" and packet.device == DEVICE
    assert packet.time is not None and packet.time.fps == fps and packet.time.denominator == 1
    assert packet.motion is not None
    assert packet.motion[Column.jawLeft] == 0.25 and packet.motion[Column.rightEyeRoll] == -0.125
    assert np.count_nonzero(packet.motion) == 2


@pytest.mark.parametrize("cut", [0, 4, 16])
def test_a_packet_that_ends_before_its_values_means_that_there_is_no_face(cut: int) -> None:
    whole = encode_packet(neutral(), frame=3, subject="a", device=DEVICE)
    head = len(whole) - 244 - 1 - 16
    packet = decode_packet(whole[: head + cut])
    assert packet.motion is None and packet.subject == "a"
    assert (packet.time is not None) == (cut == 16)


def test_seconds_follow_the_packets_own_frame_rate() -> None:
    data = encode_packet(None, frame=30, subframe=0.5, fps=30_000, denominator=1001, subject="a")
    time = decode_packet(data).time
    assert time is not None and time.seconds == pytest.approx(30.5 * 1001 / 30_000)


def _changed(at: int, new: bytes) -> bytes:
    whole = bytearray(encode_packet(neutral(), frame=3, subject="a", device=DEVICE))
    whole[at : at + len(new)] = new
    return bytes(whole)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty datagram"),
        (_changed(0, b"\x05"), "version is 5; 6 is understood"),
        (b"\x06\x00", "before its device id"),
        (_changed(1, struct.pack("!i", 300)), "claims 300 bytes"),
        (_changed(1, struct.pack("!i", -1)), "claims -1 bytes"),
        (_changed(5, b"\xff"), "not UTF-8"),
        (_changed(0, b"")[:20], "within its device id"),
        (_changed(0, b"")[:43], "before its subject name"),
        (_changed(54, struct.pack("!I", 0)), "frame rate is 0"),
        (_changed(50, struct.pack("!f", float("nan"))), "sub-frame is nan"),
        (_changed(62, b"\x34"), "announces 52 values and has 61"),
        (_changed(0, b"")[:-4], "announces 61 values and has 60"),
        (_changed(0, b"") + b"\x00", "has 61.25"),
        (_changed(63, struct.pack("!f", float("inf"))), "value 0 of the packet is inf"),
    ],
)
def test_a_bad_packet_is_refused_with_the_reason(data: bytes, complaint: str) -> None:
    with pytest.raises(PacketError, match=complaint):
        decode_packet(data)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"frame": -1}, "frame is -1"),
        ({"frame": 2**32}, "frame is 4294967296"),
        ({"subframe": 1.0}, "subframe is 1"),
        ({"subframe": float("nan")}, "subframe is nan"),
        ({"fps": 0}, "frame rate is 0/1"),
        ({"denominator": 0}, "frame rate is 25/0"),
        ({"subject": ""}, "takes 0 bytes"),
        ({"subject": "x" * 256}, "takes 256 bytes"),
    ],
)
def test_what_does_not_fit_into_a_packet_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(PacketError, match=complaint):
        encode_packet(neutral(), **{"frame": 0, "subject": "a", **options})  # type: ignore[arg-type]


def test_motion_out_of_range_is_never_sent() -> None:
    motion = neutral()
    motion[Column.jawOpen] = np.nan
    with pytest.raises(MotionError, match="jawOpen is nan"):
        encode_packet(motion, frame=0, subject="a")
    with pytest.raises(PacketError, match=r"shape \(2, 61\)"):
        encode_packet(np.zeros((2, 61), np.float32), frame=0, subject="a")


class TestSender:
    def test_frames_arrive_in_order_with_their_numbers(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.settimeout(5)
            with LiveLinkSender("127.0.0.1", listener.getsockname()[1], subject="Mira") as sender:
                for frame in range(3):
                    motion = neutral()
                    motion[Column.jawOpen] = frame / 4
                    assert sender.send(motion, frame)
                assert sender.send(None, 3)
                packets = [decode_packet(listener.recv(2048)) for _ in range(4)]
            assert (sender.sent, sender.errors) == (4, 0)
        assert [packet.time.frame for packet in packets if packet.time] == [0, 1, 2, 3]
        assert [None if p.motion is None else p.motion[Column.jawOpen] for p in packets] == [
            0,
            0.25,
            0.5,
            None,
        ]
        assert {packet.subject for packet in packets} == {"Mira"}

    def test_a_network_that_refuses_is_counted_and_never_raised(self) -> None:
        sender = LiveLinkSender("127.0.0.1", 9, subject="Mira")
        sender.close()
        assert not sender.send(neutral(), 0)
        assert (sender.sent, sender.errors) == (0, 1) and sender.last_error

    @pytest.mark.parametrize(
        ("host", "port", "subject", "complaint"),
        [
            ("no such host", 11111, "a", "'no such host' is not known"),
            ("127.0.0.1", 0, "a", "port is 0"),
            ("127.0.0.1", 70000, "a", "port is 70000"),
            ("127.0.0.1", 11111, "", "takes 0 bytes"),
        ],
    )
    def test_a_bad_target_is_told_at_once(self, host: str, port: int, subject: str, complaint: str) -> None:
        with pytest.raises(PacketError, match=complaint):
            LiveLinkSender(host, port, subject=subject)
