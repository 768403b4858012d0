"""The face of a running session, as an engine beside the page receives it."""

from __future__ import annotations

import asyncio
import socket

import numpy as np
import pytest

from avatar.formats.livelink_udp import decode_packet
from orchestration.client.player import Player
from orchestration.client.talk import open_talk
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.gateway.api import SESSION_PATH, health
from orchestration.gateway.host import SessionHost
from orchestration.media import AGENT_FRAME_SAMPLES, MOTION_SIZE, silence
from orchestration.protocol import AgentFrame, Hello
from orchestration.simulation.scripted import scripted_engines


@pytest.fixture
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        yield opened


def received(listener):
    packets = []
    while True:
        try:
            packets.append(decode_packet(listener.recv(4096)))
        except BlockingIOError:
            return packets


def host_of(**live_link):
    configuration = load_configuration("default", models=False)
    changed = configuration.session.live_link.model_copy(update=live_link)
    session = configuration.session.model_copy(update={"live_link": changed})
    configuration = configuration.model_copy(update={"session": session})
    return SessionHost(configuration, scripted_engines(["hello"], lambda _: "one two three."), LoopClock())


async def test_every_frame_goes_out_with_its_number_and_the_face_ends_with_the_session(gateway, listener):
    host = host_of(enabled=True, port=listener.getsockname()[1], delay_ms=0, subject="Mira")
    async with gateway(host) as port, open_talk(f"ws://127.0.0.1:{port}{SESSION_PATH}", Hello()) as talk:
        await talk.type("hello")
        assert await talk.answered(15)
    packets = received(listener)
    faces = {packet.time.frame: packet.motion for packet in packets if packet.motion is not None}
    assert {packet.subject for packet in packets} == {"Mira"}
    assert packets[-1].motion is None
    frames = talk.recording.frames
    assert len(faces) >= len(frames) - 10, "all but those before the socket was open"
    sent = [pts for pts in faces if pts < len(frames)]
    assert all(np.allclose(faces[pts], frames[pts].motion, atol=1e-6) for pts in sent)
    assert health(host)["counts"]["live_link_sent"] == len(faces)


async def test_sessions_at_the_same_time_have_names_of_their_own(gateway, listener):
    host = host_of(enabled=True, port=listener.getsockname()[1], delay_ms=0)
    async with gateway(host) as port:
        url = f"ws://127.0.0.1:{port}{SESSION_PATH}"
        async with open_talk(url, Hello()) as first, open_talk(url, Hello()) as second:
            await asyncio.gather(first.wait(0.5), second.wait(0.5))
        async with open_talk(url, Hello()) as third:
            await third.wait(0.3)
    subjects = [packet.subject for packet in received(listener)]
    assert set(subjects) == {"visavis", "visavis-2"}
    assert subjects[-1] == "visavis", "a name that is free again is used again"


async def test_a_face_comes_as_much_later_as_configured():
    host = host_of(enabled=True, delay_ms=100)
    shown: list[int] = []

    class Screen:
        def frame(self, frame):
            shown.append(frame.pts)

        def event(self, event): ...

    tap = host.live_links.tap(Screen(), "test")
    await asyncio.wait_for(tap._opening, 5)
    sent: list[tuple[float, int]] = []
    tap._send = lambda motion, pts: sent.append((asyncio.get_running_loop().time(), pts))
    began = asyncio.get_running_loop().time()
    tap.frame(AgentFrame(0, 1, silence(AGENT_FRAME_SAMPLES), np.zeros(MOTION_SIZE, np.float32)))
    assert (shown, sent) == ([0], [])
    await asyncio.sleep(0.2)
    assert [pts for _, pts in sent] == [0]
    assert sent[0][0] - began >= 0.1
    host.live_links.release("test")


@pytest.mark.parametrize("broken", [{"host": "nowhere.invalid"}, {"host": "127.0.0.1", "port": 9}])
async def test_a_listener_that_isnt_there_disturbs_nothing(gateway, broken, caplog):
    host = host_of(enabled=True, delay_ms=0, **broken)
    async with gateway(host) as port, open_talk(f"ws://127.0.0.1:{port}{SESSION_PATH}", Hello()) as talk:
        await talk.type("hello")
        assert await talk.answered(15)
    assert [frame.pts for frame in talk.recording.frames] == list(range(len(talk.recording.frames)))
    if "port" not in broken:
        assert health(host)["counts"]["live_link_unsent"] > 10
        assert caplog.text.count("don't reach Live Link") == 1


async def test_nothing_is_sent_unless_it_is_switched_on(gateway, listener):
    host = host_of(port=listener.getsockname()[1], delay_ms=0)
    async with gateway(host) as port, open_talk(f"ws://127.0.0.1:{port}{SESSION_PATH}", Hello()) as talk:
        await talk.wait(0.3)
    assert received(listener) == []


def test_the_player_tells_each_frame_that_was_heard_once_and_none_that_was_flushed():
    heard: list[tuple[int, int]] = []
    player = Player(lambda frame: heard.append((frame.pts, frame.generation)))

    def frame(pts, generation, flush=False):
        motion = np.zeros(MOTION_SIZE, np.float32)
        return AgentFrame(pts, generation, silence(AGENT_FRAME_SAMPLES), motion, flush=flush)

    for pts in range(4):
        player.receive(frame(pts, 1), now=0.0)
    player.play(0.08 + 2 * 0.04 + 1e-6)
    player.receive(frame(4, 2, flush=True), now=0.2)
    player.play(10.0)
    assert heard == [(0, 1), (1, 1), (4, 2)]
