"""Clients of the realtime endpoint that aren't stock: broken ones, beta ones, browsers, one too many."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orchestration.media import silence
from orchestration.simulation.scripted import spoken
from tests.orchestration.realtime_clients import pcm24, scripted, serving, url
from tests.orchestration.served import configured, until


@asynccontextmanager
async def connected(port, **options):
    async with connect(url(port), compression=None, **options) as socket:
        await next_of(socket, "session.created")
        yield socket


async def send(socket, type, **fields):
    await socket.send(json.dumps({"type": type, **fields}))


async def next_of(socket, type, within=15.0):
    """The next event of this type; others are passed over."""
    async with asyncio.timeout(within):
        while True:
            event = json.loads(await socket.recv())
            if event["type"] == type:
                return event


AUDIO = base64.b64encode(pcm24(silence(640))).decode()


class TestBrokenEvents:
    @pytest.mark.parametrize(
        ("message", "code"),
        [
            ("nonsense", "invalid_json"),
            ("[" * 100_000, "invalid_json"),
            ("[]", "invalid_type"),
            ("{}", "missing_parameter"),
            ('{"type": 7}', "missing_parameter"),
            ('{"type": "session.explode"}', "unknown_event"),
            ('{"type": "session.update"}', "missing_parameter"),
            ('{"type": "session.update", "session": []}', "invalid_type"),
            ('{"type": "input_audio_buffer.append"}', "missing_parameter"),
            ('{"type": "input_audio_buffer.append", "audio": 7}', "invalid_type"),
            ('{"type": "input_audio_buffer.append", "audio": "***"}', "invalid_base64"),
            ('{"type": "input_audio_buffer.append", "audio": "\\u00e9"}', "invalid_base64"),
            ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty"),
            ('{"type": "response.cancel"}', "response_cancel_not_active"),
            ('{"type": "output_audio_buffer.clear"}', "response_cancel_not_active"),
            ('{"type": "response.create", "response": 7}', "invalid_type"),
            ('{"type": "response.create", "response": {"conversation": "none"}}', "unsupported_value"),
            ('{"type": "response.create", "response": {"input": [{}]}}', "unsupported_value"),
            ('{"type": "conversation.item.create", "item": {}}', "unsupported_value"),
            ('{"type": "conversation.item.create", "item": {"type": "message"}}', "unsupported_value"),
            (
                '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": '
                '[{"type": "input_image", "image_url": "data:"}]}}',
                "unsupported_value",
            ),
            (
                '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": '
                '[{"type": "input_audio", "audio": "AAAA"}]}}',
                "missing_parameter",
            ),
            (
                '{"type": "conversation.item.create", "item": {"type": "function_call_output", '
                '"call_id": "none", "output": "x"}}',
                "unknown_call",
            ),
            ('{"type": "conversation.item.delete", "item_id": "none"}', "item_not_found"),
            ('{"type": "conversation.item.retrieve", "item_id": "none"}', "item_not_found"),
            (
                '{"type": "conversation.item.truncate", "item_id": "none", "audio_end_ms": 0}',
                "item_not_found",
            ),
            (
                '{"type": "conversation.item.truncate", "item_id": "none", "audio_end_ms": true}',
                "invalid_type",
            ),
            (b"\x00\x01", "binary_message"),
        ],
    )
    async def test_is_answered_by_an_error_that_names_it_and_the_connection_goes_on(self, message, code):
        event_id = None
        if isinstance(message, str) and message.endswith("}"):
            event_id = "culprit"
            message = message[:-1] + (", " if len(message) > 2 else "") + '"event_id": "culprit"}'
        async with serving() as (port, _), connected(port) as socket:
            await socket.send(message)
            error = (await next_of(socket, "error"))["error"]
            assert (error["code"], error["event_id"]) == (code, event_id)
            assert "; " in error["message"]  # what, and what to do
            await send(socket, "session.update", session={"instructions": "Be kind."})
            updated = await next_of(socket, "session.updated")
            assert updated["session"]["instructions"] == "Be kind."

    async def test_an_event_that_is_too_large_is_refused_and_the_next_one_taken(self):
        configuration = configured(gateway={"max_message_bytes": 4_096})
        async with serving(configuration) as (port, _), connected(port) as socket:
            await send(socket, "input_audio_buffer.append", audio=AUDIO * 40, event_id="big")
            error = (await next_of(socket, "error"))["error"]
            assert (error["code"], error["event_id"]) == ("too_large", "big")
            await send(socket, "input_audio_buffer.append", audio=AUDIO)
            await send(socket, "input_audio_buffer.clear")
            await next_of(socket, "input_audio_buffer.cleared")

    async def test_truncating_more_than_was_sent_is_refused(self):
        async with serving() as (port, _), connected(port) as socket:
            await send(socket, "response.create")
            done = await next_of(socket, "response.done")
            item = done["response"]["output"][0]["id"]
            await send(socket, "conversation.item.truncate", item_id=item, audio_end_ms=60_000)
            error = (await next_of(socket, "error"))["error"]
            assert "1800 ms" in error["message"]
            assert error["param"] == "audio_end_ms"

    async def test_a_client_that_only_sends_garbage_is_sent_away(self):
        async with serving() as (port, host):
            async with connected(port) as socket:
                for _ in range(110):
                    await socket.send("garbage")
                with pytest.raises(ConnectionClosed):
                    while True:
                        await socket.recv()
                assert socket.close_code == 1008
            await until(lambda: not host.sessions)

    async def test_half_samples_are_put_together(self):
        async with serving() as (port, _), connected(port) as socket:
            data = pcm24(spoken(0, 0.8))
            for start in range(0, len(data), 4_801):  # odd
                piece = base64.b64encode(data[start : start + 4_801]).decode()
                await send(socket, "input_audio_buffer.append", audio=piece)
            await next_of(socket, "input_audio_buffer.speech_started")
            await next_of(socket, "response.done")


class TestUnsupportedSettings:
    @pytest.mark.parametrize(
        ("session", "param"),
        [
            ({"audio": {"output": {"voice": "alloy"}}}, "session.audio.output.voice"),
            ({"audio": {"input": {"format": {"type": "audio/opus"}}}}, "session.audio.input.format"),
            ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16_000}}}}, "rate"),
            ({"audio": {"input": {"noise_reduction": {"type": "near_field"}}}}, "noise_reduction"),
            ({"audio": {"input": {"turn_detection": {"type": "psychic"}}}}, "turn_detection.type"),
            ({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 7}}}}, "threshold"),
            ({"audio": {"output": {"speed": 1.4}}}, "session.audio.output.speed"),
            ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools[0].type"),
            ({"tool_choice": {"type": "function", "name": "none"}}, "session.tool_choice"),
            ({"max_output_tokens": 0}, "session.max_output_tokens"),
            ({"output_modalities": ["smell"]}, "session.output_modalities"),
            ({"wisdom": 11}, "session.wisdom"),
            ({"visavis": {"motion": "yes"}}, "session.visavis.motion"),
            ({"instructions": "long " * 1_000}, "session.instructions"),
        ],
    )
    async def test_is_named_and_the_rest_of_the_update_holds(self, session, param):
        async with serving() as (port, _), connected(port) as socket:
            await send(socket, "session.update", session={"max_output_tokens": 7, **session}, event_id="e")
            error = (await next_of(socket, "error"))["error"]
            assert error["param"].endswith(param)
            assert error["event_id"] == "e"
            updated = (await next_of(socket, "session.updated"))["session"]
            assert updated["max_output_tokens"] == ("inf" if "max_output_tokens" in session else 7)


BETA = {"OpenAI-Beta": "realtime=v1", "Authorization": "Bearer anything"}


class TestTheBeta:
    async def test_its_names_and_flat_settings_are_spoken_to_a_client_that_says_so(self):
        async with serving() as (port, _), connected(port, additional_headers=BETA) as socket:
            session = {
                "modalities": ["text", "audio"],
                "input_audio_format": "g711_ulaw",
                "output_audio_format": "pcm16",
                "input_audio_transcription": {"model": "whisper-1"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 400},
                "max_response_output_tokens": 40,
            }
            await send(socket, "session.update", session=session)
            updated = (await next_of(socket, "session.updated"))["session"]
            assert updated["input_audio_format"] == "g711_ulaw"
            assert updated["turn_detection"]["silence_duration_ms"] == 400
            assert updated["max_response_output_tokens"] == 40
            content = [{"type": "input_text", "text": "hello"}]
            item = {"type": "message", "role": "user", "content": content}
            await send(socket, "conversation.item.create", item=item)
            await send(socket, "response.create", response={"modalities": ["text", "audio"]})
            await next_of(socket, "conversation.item.created")
            types = set()
            while True:
                event = json.loads(await socket.recv())
                types.add(event["type"])
                if event["type"] == "response.done":
                    break
            expected = {"response.audio.delta", "response.audio_transcript.done", "response.output_item.done"}
            assert expected <= types
            assert not any(".output_audio" in type or type == "conversation.item.done" for type in types)
            assert event["response"]["output"][0]["content"][0]["type"] == "audio"
            assert event["response"]["modalities"] == ["text", "audio"]

    async def test_a_browser_says_so_by_its_subprotocols(self):
        offered = ["realtime", "openai-insecure-api-key.x", "openai-beta.realtime-v1"]
        async with serving() as (port, _), connect(url(port), subprotocols=offered) as socket:
            assert socket.subprotocol == "realtime"
            created = await next_of(socket, "session.created")
            assert created["session"]["modalities"] == ["text", "audio"]


async def test_one_client_too_many_is_told_and_may_come_back_later():
    only_one = configured(gateway={"max_sessions": 1})
    async with serving(only_one) as (port, _), connected(port), connect(url(port)) as refused:
        error = (await next_of(refused, "error"))["error"]
        assert error["code"] == "server_full"
        assert "try again later" in error["message"]
        with pytest.raises(ConnectionClosed):
            await refused.recv()
        assert refused.close_code == 1013


async def test_a_page_from_elsewhere_is_turned_away():
    async with serving() as (port, _):
        with pytest.raises(InvalidStatus):
            async with connect(url(port), origin="https://elsewhere.example"):
                pass


async def test_a_session_that_is_over_says_why():
    async with serving(configured(session={"max_length_min": 0.01})) as (port, host):
        async with connected(port) as socket:
            error = (await next_of(socket, "error"))["error"]
            assert error["code"] == "session_over"
            assert "limit" in error["message"]
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
        assert not host.sessions


async def test_cutting_the_sound_off_cancels_the_response():
    async with serving() as (port, _), connected(port) as socket:
        await send(socket, "response.create")
        await next_of(socket, "response.output_audio.delta")
        await send(socket, "output_audio_buffer.clear")
        done = (await next_of(socket, "response.done"))["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert (await next_of(socket, "output_audio_buffer.cleared"))["response_id"] == done["id"]


async def test_committing_ends_a_turn_that_the_server_began():
    async with serving() as (port, _), connected(port) as socket:
        detection = {"type": "server_vad", "silence_duration_ms": 5_000}
        audio = {"input": {"turn_detection": detection, "transcription": {"model": "whisper-1"}}}
        await send(socket, "session.update", session={"audio": audio})
        piece = base64.b64encode(pcm24(spoken(0, 0.8))).decode()
        await send(socket, "input_audio_buffer.append", audio=piece)
        await next_of(socket, "input_audio_buffer.speech_started")
        await asyncio.sleep(0.8)
        await send(socket, "input_audio_buffer.commit")
        await next_of(socket, "input_audio_buffer.speech_stopped", within=2)
        said = await next_of(socket, "conversation.item.input_audio_transcription.completed", within=3)
        assert said["transcript"] == "hello there"


async def test_what_is_cleared_in_the_middle_of_a_turn_is_not_part_of_the_next_one():
    async with serving() as (port, _), connected(port) as socket:
        audio = {"input": {"transcription": {"model": "whisper-1"}}}
        await send(socket, "session.update", session={"audio": audio})
        for number in (0, 1):
            piece = base64.b64encode(pcm24(spoken(number, 0.8))).decode()
            await send(socket, "input_audio_buffer.append", audio=piece)
            await next_of(socket, "input_audio_buffer.speech_started")
            if number == 0:
                await send(socket, "input_audio_buffer.clear")
                await next_of(socket, "input_audio_buffer.cleared")
        said = await next_of(socket, "conversation.item.input_audio_transcription.completed")
        assert said["transcript"] == "stop"


async def test_asking_twice_before_the_first_answer_has_begun_is_refused_once():
    async with serving() as (port, _), connected(port) as socket:
        await send(socket, "response.create", event_id="first")
        await send(socket, "response.create", event_id="second")
        assert (await next_of(socket, "error"))["error"]["event_id"] == "second"
        assert (await next_of(socket, "response.done"))["response"]["status"] == "completed"


async def test_speech_takes_back_a_response_that_has_not_begun():
    engines = scripted()
    engines.language_model.first_token = 2.0
    async with serving(engines=engines) as (port, _), connected(port) as socket:
        await send(socket, "response.create")
        piece = base64.b64encode(pcm24(spoken(0, 0.8))).decode()
        await send(socket, "input_audio_buffer.append", audio=piece)
        done = (await next_of(socket, "response.done"))["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        assert (await next_of(socket, "response.done"))["response"]["status"] == "completed"
