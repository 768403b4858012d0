"""Clients of every kind at a real WebSocket; the engines are scripted, everything else is real."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import numpy as np
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from orchestration.client.connection import ClientError, open_session
from orchestration.client.talk import open_talk
from orchestration.clock import LoopClock
from orchestration.gateway.api import SESSION_PATH, create_api
from orchestration.gateway.host import SessionHost
from orchestration.media import USER_FRAME_SAMPLES, silence
from orchestration.protocol import (
    AgentFrame,
    Bye,
    Error,
    Event,
    HandOff,
    Hello,
    Played,
    UserAudio,
    decode,
    encode,
)
from orchestration.recording.artefacts import write_artefacts
from orchestration.session.events import EventType
from orchestration.simulation.scripted import scripted_engines, spoken
from tests.orchestration.served import configured, until


@asynccontextmanager
async def serving(configuration=None, reply="one two three four five six."):
    engines = scripted_engines(["hello there", "stop please"], lambda messages: reply, apology="sorry")
    host = SessionHost(configuration or configured(), engines, LoopClock())
    server = uvicorn.Server(
        uvicorn.Config(create_api(lambda: host), port=0, log_level="warning", lifespan="off")
    )
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}{SESSION_PATH}", host
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def greeted(url, **hello):
    async with connect(url, compression=None) as socket:
        await socket.send(encode(Hello(**hello)))
        await socket.recv(decode=False)
        yield socket


async def next_of(socket, kind, within=5.0):
    async with asyncio.timeout(within):
        while True:
            message = decode(await socket.recv(decode=False))
            if isinstance(message, kind):
                return message


async def test_a_client_holds_a_spoken_exchange_and_keeps_all_of_it(tmp_path):
    async with serving() as (url, _), open_talk(url, Hello(client="test", seed=1)) as talk:
        await talk.wait(0.4)
        await talk.say(spoken(0, 0.8))
        assert await talk.answered(15)
    events = {event.type for event in talk.recording.events}
    assert {EventType.FINAL_TRANSCRIPT, EventType.FIRST_SOUND, EventType.HEARD, EventType.LATENCY} <= events
    heard = [event.data for event in talk.recording.events if event.type == EventType.HEARD]
    assert heard == [{"text": "one two three four five six.", "interrupted": False}]
    files = write_artefacts(talk.recording, tmp_path)
    assert {path.name for path in files} == {
        "user.wav",
        "agent.wav",
        "conversation.wav",
        "motion.csv",
        "motion.npz",
        "transcript.json",
        "events.jsonl",
        "latency.json",
        "timeline.png",
    }
    latency = json.loads((tmp_path / "latency.json").read_text())
    assert set(latency[0]) >= {"decision", "transcript", "first_token", "first_sound", "mouth_open"}
    user = talk.recording.user_pcm()
    assert (user > 0.05).sum() == pytest.approx(0.8 * 16_000, abs=2 * USER_FRAME_SAMPLES)


async def test_every_packet_has_the_next_pts_and_a_face_of_61_numbers():
    async with serving() as (url, _), greeted(url) as socket:
        frames = [await next_of(socket, AgentFrame) for _ in range(25)]
    assert [frame.pts for frame in frames] == list(range(25))
    assert all(frame.motion.shape == (61,) for frame in frames)


async def test_a_typed_turn_is_answered_over_the_wire():
    async with serving() as (url, _), open_talk(url, Hello()) as talk:
        await talk.type("hello")
        assert await talk.answered(15)


async def test_a_client_may_ask_for_another_persona_while_it_talks():
    async with serving() as (url, _), greeted(url) as socket:
        await socket.send(encode(HandOff(persona="nobody")))
        refused = await next_of(socket, Error)
        assert (refused.code, refused.fatal) == ("unknown_persona", False)
        await socket.send(encode(HandOff(persona="noor")))
        async with asyncio.timeout(15):
            while (event := await next_of(socket, Event)).type != EventType.PERSONA:
                pass
        assert (event.data["persona"], event.data["title"]) == ("noor", "Noor")


class TestBadClients:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            ("text", "text_frame"),
            (b"garbage", "too_short"),
            (b"\x02\x01" + bytes(10) + b"short", "bad_size"),
            (b"\x7f\x01" + bytes(10), "unknown_kind"),
        ],
    )
    async def test_what_makes_no_sense_is_answered_and_the_session_goes_on(self, data, code):
        async with serving() as (url, _), greeted(url) as socket:
            await socket.send(data)
            error = await next_of(socket, Error)
            assert error.code == code
            assert error.remedy
            assert not error.fatal
            await next_of(socket, AgentFrame)

    async def test_a_client_that_only_sends_garbage_is_sent_away(self):
        async with serving() as (url, host), greeted(url) as socket:
            for _ in range(30):
                await socket.send(b"garbage")
            bye = await next_of(socket, Bye)
            assert "too_short" in bye.reason
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1008
        assert not host.sessions

    async def test_a_message_that_is_too_large_ends_the_session_with_its_size(self):
        async with serving() as (url, _), greeted(url) as socket:
            await socket.send(bytes(100_000))
            error = await next_of(socket, Error)
            assert (error.code, error.fatal) == ("too_large", True)
            assert "100000" in error.message

    async def test_a_client_that_doesnt_greet_is_told_to(self):
        configuration = configured(gateway={"hello_timeout_s": 0.2})
        async with serving(configuration) as (url, _), connect(url) as socket:
            error = await next_of(socket, Error)
            assert error.code == "hello_timeout"

    async def test_sound_before_the_greeting_is_refused(self):
        async with serving() as (url, _), connect(url) as socket:
            await socket.send(encode(UserAudio(0, silence(USER_FRAME_SAMPLES))))
            assert (await next_of(socket, Error)).code == "hello_expected"

    async def test_a_newer_protocol_is_refused_by_number(self):
        async with serving() as (url, _), connect(url) as socket:
            await socket.send(b"\x01\x02" + bytes(10) + b"{}")
            error = await next_of(socket, Error)
            assert error.code == "version"
            assert "2" in error.message

    async def test_frames_out_of_order_are_refused_and_the_others_heard(self):
        async with serving() as (url, _), greeted(url) as socket:
            await socket.send(encode(UserAudio(5, silence(USER_FRAME_SAMPLES))))
            await socket.send(encode(UserAudio(4, silence(USER_FRAME_SAMPLES))))
            assert (await next_of(socket, Error)).code == "out_of_order"

    async def test_a_client_that_sends_faster_than_real_time_is_held_back_and_loses_nothing(self):
        configuration = configured(session={"user_ahead_frames": 10})
        pcm = np.concatenate((silence(13 * 640), spoken(0, 0.8), silence(25 * 640)))
        async with serving(configuration) as (url, _), greeted(url) as socket:
            for pts, frame in enumerate(pcm.reshape(-1, USER_FRAME_SAMPLES)):
                await socket.send(encode(UserAudio(pts, frame)))
            while (event := await next_of(socket, Event, within=10)).type != EventType.FINAL_TRANSCRIPT:
                pass
            assert event.data["text"] == "hello there"

    async def test_a_client_that_sends_too_slowly_is_heard_with_gaps_that_are_counted(self):
        async with serving() as (url, host), greeted(url) as socket:
            for pts in range(10):
                await socket.send(encode(UserAudio(pts, silence(USER_FRAME_SAMPLES))))
                await asyncio.sleep(0.08)
            session = next(iter(host.sessions.values()))
            assert session.counts()["user_late"] >= 3

    async def test_a_client_that_stops_reading_is_cut_off_and_its_place_given_back(self):
        configuration = configured(gateway={"send_queue_frames": 10})
        async with serving(configuration) as (url, host):
            reader, writer = await asyncio.open_connection(*url[5:].split("/")[0].split(":"), limit=1024)
            writer.get_extra_info("socket").setsockopt(1, 8, 1024)  # SO_RCVBUF: the kernel holds little
            writer.write(
                b"GET /v1/session HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            )
            await reader.readuntil(b"\r\n\r\n")
            reader._transport.pause_reading()
            hello = encode(Hello())
            writer.write(
                b"\x82" + bytes([0x80 | len(hello)]) + bytes(4) + hello
                if len(hello) < 126
                else b"\x82" + bytes([0x80 | 126]) + len(hello).to_bytes(2, "big") + bytes(4) + hello
            )
            await asyncio.sleep(0.5)
            assert len(host.sessions) == 1
            session = next(iter(host.sessions.values()))
            session._sink.frame = _flooding(session._sink)
            await until(lambda: not host.sessions)
            writer.close()

    async def test_a_silent_connection_is_closed_after_the_idle_time(self):
        configuration = configured(gateway={"idle_timeout_s": 0.3})
        async with serving(configuration) as (url, _), greeted(url) as socket:
            assert "nothing came" in (await next_of(socket, Bye)).reason

    async def test_acknowledging_the_future_changes_nothing(self):
        async with serving() as (url, _), greeted(url) as socket:
            await socket.send(encode(Played(10_000, 1)))
            await next_of(socket, AgentFrame)


def _flooding(sink):
    """Every frame a thousand times, so that buffers of the kernel fill in test time."""
    original = sink.frame

    def frame(packet):
        for _ in range(1000):
            original(packet)

    return frame


async def test_one_client_too_many_is_refused_with_a_reason_and_let_in_once_there_is_room():
    async with serving(configured(gateway={"max_sessions": 1})) as (url, host):
        async with open_session(url, Hello()):
            with pytest.raises(ClientError, match="all 1 sessions are taken; try again later"):
                async with open_session(url, Hello()):
                    pass
        await until(lambda: not host.sessions)
        async with open_session(url, Hello()) as session:
            assert session.welcome.persona == "Mira"


async def test_a_vanished_client_gives_its_place_back():
    async with serving() as (url, host):
        async with connect(url) as socket:
            await socket.send(encode(Hello()))
            await socket.recv()
            assert len(host.sessions) == 1
            socket.transport.abort()
        await until(lambda: not host.sessions)


class TestRecording:
    def recorded(self, tmp_path, **options):
        recording = configured().session.recording.model_copy(
            update={"enabled": True, "folder": tmp_path, **options}
        )
        return configured(session={"recording": recording})

    async def test_a_session_is_kept_on_disk_when_the_client_consents(self, tmp_path):
        async with serving(self.recorded(tmp_path)) as (url, _):
            async with open_session(url, Hello(consents_to_recording=True)) as session:
                assert session.welcome.recording
                name = session.welcome.session
                await asyncio.sleep(0.5)
                await session.send(Bye())
                async for _ in session.messages():
                    pass
            await until((tmp_path / name / "timeline.png").exists)

    async def test_nothing_is_kept_without_consent(self, tmp_path):
        configuration = self.recorded(tmp_path)
        async with serving(configuration) as (url, _), open_session(url, Hello()) as session:
            assert not session.welcome.recording
            await session.send(Bye())
            async for _ in session.messages():
                pass
        assert not list(tmp_path.iterdir())


async def test_a_server_that_isnt_there_is_named_with_the_way_to_start_one():
    with pytest.raises(ClientError, match="visavis serve"):
        async with open_session("ws://127.0.0.1:9/v1/session", Hello()):
            pass
