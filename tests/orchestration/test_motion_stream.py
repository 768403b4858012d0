"""Motion files streamed to Live Link: at the right moments, at any rate, without drift."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer

from avatar import Column, MotionClip, write_motion
from avatar.formats.livelink_sender import LiveLinkSender
from avatar.formats.livelink_udp import LiveLinkPacket, decode_packet
from orchestration.cli.livelink import address
from orchestration.clock import LoopClock
from orchestration.motion_stream import Streamed, stream_clip
from orchestration.virtual_time import run_in_virtual_time


def rising(frames: int = 26) -> MotionClip:
    """A jaw that opens evenly over a second."""
    motion = np.zeros((frames, 61), np.float32)
    motion[:, Column.jawOpen] = np.arange(frames) / 25
    return MotionClip.of(motion, np.arange(frames) + 1000)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(20)
        yield listening


def port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def received(listener: socket.socket) -> list[LiveLinkPacket]:
    listener.setblocking(False)
    packets = []
    while True:
        try:
            packets.append(decode_packet(listener.recv(2048)))
        except BlockingIOError:
            return packets


@pytest.mark.parametrize("fps", [25, 30, 60])
def test_a_clip_is_interpolated_to_the_rate_that_is_sent(fps: int, listener: socket.socket) -> None:
    so_far = Streamed()

    async def play() -> float:
        clock = LoopClock()
        start = clock.now()
        with LiveLinkSender("127.0.0.1", port(listener), fps=fps) as sender:
            await stream_clip(rising(), sender, clock, fps=fps, loop=False, so_far=so_far)
        return clock.now() - start

    taken = run_in_virtual_time(play())
    packets = received(listener)
    count = int(26 / 25 * fps + 1e-6)
    assert taken == pytest.approx((count - 1) / fps)
    assert so_far == Streamed(sent=count)
    assert [p.time.frame for p in packets if p.time] == list(range(count))
    assert all(p.time is not None and p.time.fps == fps and p.motion is not None for p in packets)
    jaw = np.array([p.motion[Column.jawOpen] for p in packets if p.motion is not None])
    np.testing.assert_allclose(jaw, np.minimum(np.arange(count) / fps, 1), atol=1e-6)


class LateClock(LoopClock):
    """Wakes 15 ms late each time, and once by a quarter of a second."""

    def __init__(self) -> None:
        self.waits = 0

    async def sleep_until(self, when: float) -> None:
        self.waits += 1
        await super().sleep_until(when + (0.25 if self.waits == 10 else 0.015))


def test_lateness_never_adds_up_and_what_is_too_late_is_skipped(listener: socket.socket) -> None:
    so_far = Streamed()

    async def play() -> float:
        clock = LateClock()
        start = clock.now()
        with LiveLinkSender("127.0.0.1", port(listener)) as sender:
            await stream_clip(rising(250 // 10), sender, clock, fps=25, loop=False, so_far=so_far)
        return clock.now() - start

    assert run_in_virtual_time(play()) == pytest.approx(24 / 25 + 0.015)
    frames = [p.time.frame for p in received(listener) if p.time]
    assert frames == [*range(9), *range(15, 25)]
    assert so_far == Streamed(sent=19, skipped=6)


def test_a_looping_clip_starts_again_and_its_frame_numbers_go_on(listener: socket.socket) -> None:
    so_far = Streamed()

    async def play() -> None:
        with LiveLinkSender("127.0.0.1", port(listener)) as sender:
            streaming = stream_clip(rising(5), sender, LoopClock(), fps=25, loop=True, so_far=so_far)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(streaming, 12 / 25 - 0.01)

    run_in_virtual_time(play())
    packets = received(listener)
    assert [p.time.frame for p in packets if p.time] == list(range(12))
    jaw = [round(float(p.motion[Column.jawOpen]) * 25) for p in packets if p.motion is not None]
    assert jaw == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("10.0.0.7", ("10.0.0.7", 11111)),
        ("studio.local:12000", ("studio.local", 12000)),
        ("[::1]:12000", ("::1", 12000)),
    ],
)
def test_addresses_have_a_host_and_perhaps_a_port(text: str, where: tuple[str, int]) -> None:
    assert address(text) == where


@pytest.mark.parametrize("text", ["", ":11111", "host:many", "host:99999", "host/path", "me@host"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not HOST:PORT"):
        address(text)


@pytest.mark.slow
def test_the_command_streams_until_it_is_interrupted_and_says_what_it_sent(
    listener: socket.socket, tmp_path: Path
) -> None:
    write_motion(tmp_path / "clip.npz", rising())
    target = f"127.0.0.1:{port(listener)}"
    command = ["-m", "orchestration.cli", "livelink", str(tmp_path / "clip.npz"), "--to", target]
    with subprocess.Popen(
        [sys.executable, *command, "--subject", "Mira", "--loop", "--fps", "60"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as running:  # fmt: skip
        packet = decode_packet(listener.recv(2048))
        time.sleep(0.2)
        os.kill(running.pid, signal.SIGINT)
        told, _ = running.communicate(timeout=20)
    assert packet.subject == "Mira" and packet.time is not None and packet.time.fps == 60
    assert running.returncode == 0, told
    assert "stopped" in told and "frames sent" in told and "Traceback" not in told
