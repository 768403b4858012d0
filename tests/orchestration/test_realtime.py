"""The unmodified OpenAI SDK holds conversations with scripted engines over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import socket

import numpy as np
import pytest
import soxr

from agents.language_model import Message
from orchestration.configuration import load_configuration, resolve_models
from orchestration.in_process import open_engines
from orchestration.media import silence
from orchestration.simulation.scripted import Failures, spoken
from tests.orchestration.realtime_clients import (
    ANSWERED,
    WRITTEN,
    pcm24,
    prompt,
    scripted,
    serving,
    sound_of,
    stock,
)
from tests.orchestration.served import configured, until


async def test_a_typed_turn_is_answered_with_sound_and_its_words():
    async with serving() as (port, _), stock(port) as talk:
        await talk.type("hello")
        done = (await talk.until("response.done")).response
        assert talk.without_deltas() == ["session.created", *WRITTEN, *ANSWERED]
        assert done.status == "completed"
        assert done.output[0].content[0].transcript == "one two three four five six."
        assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens > 0
        words = [event.delta for event in talk.of("response.output_audio_transcript.delta")]
        assert "".join(words) == "one two three four five six."
        pcm = sound_of(talk, done.output[0].id)
        assert pcm.size == 6 * 7_200  # six words of .3 s
        assert np.abs(pcm / 32_768 - 0.2).max() < 1e-3


async def test_the_face_comes_every_frame_beside_the_protocol_and_can_be_switched_off():
    async with serving() as (port, _), stock(port) as talk:
        ours = talk.of("session.created")[0].session.visavis
        assert len(ours["motion_names"]) == 61
        await asyncio.sleep(0.2)  # a few frames of listening
        await talk.type("hello")
        await talk.until("response.done")
        assert [event.pts for event in talk.motions] == list(range(len(talk.motions)))
        assert all(len(event.motion) == 61 for event in talk.motions)
        jaw = [event.motion[17] for event in talk.motions if event.response_id is not None]
        assert max(jaw) > 0.3  # the mouth moves with the words
        assert talk.motions[0].response_id is None  # and it was there before them
        await talk.connection.session.update(session={"type": "realtime", "visavis": {"motion": False}})
        await talk.until("session.updated")
        count = len(talk.motions)
        await asyncio.sleep(0.3)
        assert len(talk.motions) <= count + 1


async def test_a_spoken_turn_is_heard_transcribed_and_answered():
    engines = scripted()
    async with serving(engines=engines) as (port, _), stock(port) as talk:
        transcription = {"model": "whisper-1"}
        await talk.connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": transcription}}}
        )
        await talk.say(silence(16_000))
        await talk.say(spoken(0, 0.8))
        await talk.say(silence(16_000))
        done = (await talk.until("response.done")).response
        said = await talk.until("conversation.item.input_audio_transcription.completed")
        assert said.transcript == "hello there"
        started, stopped = (
            talk.of("input_audio_buffer.speech_started")[0],
            talk.of("input_audio_buffer.speech_stopped")[0],
        )
        assert started.item_id == stopped.item_id == said.item_id
        assert started.audio_start_ms == pytest.approx(1_000 - 300, abs=120)
        assert stopped.audio_end_ms == pytest.approx(1_800, abs=120)
        order = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            *WRITTEN,
            "conversation.item.input_audio_transcription.completed",
            *ANSWERED,
        ]
        assert talk.without_deltas()[2:] == order
        assert done.status == "completed"
        assert prompt(engines) == (Message("user", "hello there"),)


async def test_a_client_that_sends_nothing_between_its_turns_is_heard_and_none_of_it_is_late():
    async with serving() as (port, host), stock(port) as talk:
        await talk.say(spoken(0, 0.8))  # and then nothing: the microphone is off
        await talk.until("response.done")
        await talk.say(spoken(1, 0.8))
        await talk.until("response.done", 2)
        session = next(iter(host.sessions.values()))
        assert session.counts()["user_late"] == 0
        items = [item.item_id for item in talk.of("input_audio_buffer.committed")]
        assert len(set(items)) == 2


async def test_a_question_sent_at_once_is_heard_whole():
    configuration = configured(session={"user_ahead_frames": 10})
    engines = scripted()
    async with serving(configuration, engines) as (port, host), stock(port) as talk:
        await talk.append(pcm24(np.concatenate((silence(16_000), spoken(0, 2.0), silence(16_000)))))
        await talk.until("response.done")
        assert prompt(engines) == (Message("user", "hello there"),)
        assert next(iter(host.sessions.values())).counts()["user_refused"] == 0


async def test_barging_in_cancels_the_response_and_truncating_keeps_what_was_heard():
    engines = scripted(lambda messages: " ".join(f"word{n}" for n in range(40)) + ".")
    async with serving(engines=engines) as (port, _), stock(port) as talk:
        await talk.type("tell me")
        await talk.until("response.output_audio.delta", 60)  # 2.4 s: eight words
        await talk.say(spoken(1, 0.8))
        done = (await talk.until("response.done")).response
        assert (done.status, done.status_details.reason) == ("cancelled", "turn_detected")
        item = done.output[0]
        assert item.status == "incomplete"
        heard = len(talk.of("response.output_audio.delta"))
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=1_000)
        truncated = await talk.until("conversation.item.truncated")
        assert (truncated.item_id, truncated.audio_end_ms) == (item.id, 1_000)
        await talk.until("response.created", 2)
        await until(lambda: len(engines.language_model.asked) >= 2)
        told = prompt(engines)
        assert told[-1] == Message("user", "stop")
        assert told[1] == Message("assistant", "word0 word1 word2—")  # .9 s of three words, not eight
        late = [e for e in talk.of("response.output_audio.delta") if e.item_id == item.id]
        assert len(late) == heard  # nothing of the old reply came after it was done
        # What a stock client does is told by types that it knows:
        assert talk.types().index("input_audio_buffer.speech_started") < talk.types().index("response.done")


async def test_without_truncation_what_was_sent_counts_as_heard():
    engines = scripted(lambda messages: " ".join(f"word{n}" for n in range(40)) + ".")
    async with serving(engines=engines) as (port, _), stock(port) as talk:
        await talk.type("tell me")
        await talk.until("response.output_audio.delta", 40)
        await talk.say(spoken(1, 0.8))
        await talk.until("response.created", 2)
        await until(lambda: len(engines.language_model.asked) >= 2)
        assert prompt(engines)[1].content.startswith("word0 word1 word2 word3 word4")
        assert prompt(engines)[1].content.endswith("—")


async def test_a_reply_that_was_heard_whole_can_be_truncated_afterwards():
    engines = scripted()
    async with serving(engines=engines) as (port, _), stock(port) as talk:
        await talk.type("first")
        item = (await talk.until("response.done")).response.output[0]
        await asyncio.sleep(0.3)  # it is settled by now
        await talk.connection.conversation.item.truncate(item_id=item.id, content_index=0, audio_end_ms=700)
        await talk.until("conversation.item.truncated")
        await talk.type("second")
        await talk.until("response.done", 2)
        assert prompt(engines)[1] == Message("assistant", "one two—")


class TestResponses:
    async def test_a_response_can_be_cancelled(self):
        engines = scripted(lambda messages: " ".join(["word"] * 40) + ".")
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.type("hello")
            await talk.until("response.output_audio.delta", 10)
            await talk.connection.response.cancel()
            done = (await talk.until("response.done")).response
            assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled")
            await talk.connection.response.cancel()
            assert (await talk.until("error")).error.code == "response_cancel_not_active"
            await talk.type("again")
            await talk.until("response.output_audio.delta", len(talk.of("response.output_audio.delta")) + 5)

    async def test_a_second_response_is_refused_while_one_is_under_way(self):
        async with serving() as (port, _), stock(port) as talk:
            await talk.type("hello")
            await talk.connection.response.create(event_id="mine")
            error = (await talk.until("error")).error
            assert (error.code, error.event_id) == ("conversation_already_has_active_response", "mine")
            assert (await talk.until("response.done")).response.status == "completed"

    async def test_an_engine_that_fails_for_good_fails_the_response_and_the_apology_is_spoken(self):
        engines = scripted()
        engines.language_model.failures = Failures(2)
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.type("hello")
            done = (await talk.until("response.done")).response
            assert done.status == "failed"
            assert "language model" in done.status_details.error.message
            assert talk.of("response.output_audio.delta")
            await talk.type("again")
            assert (await talk.until("response.done", 2)).response.status == "completed"

    async def test_a_recogniser_that_fails_for_good_is_told_and_answered_by_the_apology(self):
        engines = scripted()
        engines.recognizer.failures = Failures(10)
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(
                session={
                    "type": "realtime",
                    "audio": {"input": {"transcription": {"model": "whisper-1"}}},
                }
            )
            await talk.say(spoken(0, 0.8))
            failed = await talk.until("conversation.item.input_audio_transcription.failed")
            assert "scripted recognizer failure" in failed.error.message
            assert (await talk.until("response.done")).response.status == "failed"

    async def test_metadata_comes_back_with_the_response(self):
        async with serving() as (port, _), stock(port) as talk:
            await talk.connection.response.create(response={"metadata": {"topic": "x"}})
            assert (await talk.until("response.done")).response.metadata == {"topic": "x"}


class TestItems:
    async def test_items_can_be_placed_read_and_taken_away(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            items = talk.connection.conversation.item

            def written(item_id, role, text):
                kind = "output_text" if role == "assistant" else "input_text"
                content = [{"type": kind, "text": text}]
                return {"id": item_id, "type": "message", "role": role, "content": content}

            await items.create(item=written("b", "assistant", "I am fine."))
            await items.create(item=written("a", "user", "How are you?"), previous_item_id="root")
            await items.create(item=written("x", "user", "secret"))
            await items.create(item=written("c", "system", "Be kind."))
            await items.delete(item_id="x")
            await items.retrieve(item_id="a")
            retrieved = await talk.until("conversation.item.retrieved")
            assert retrieved.item.content[0].text == "How are you?"
            assert talk.of("conversation.item.deleted")[0].item_id == "x"
            await talk.type("Good.")
            await talk.until("response.done")
        assert prompt(engines) == (
            Message("user", "How are you?"),
            Message("assistant", "I am fine."),
            Message("system", "Be kind."),
            Message("user", "Good."),
        )
        previous = [event.previous_item_id for event in talk.of("conversation.item.added")]
        assert previous[:4] == [None, None, "b", "x"]


async def test_a_client_that_leaves_gives_its_place_back():
    async with serving(configured(gateway={"max_sessions": 1})) as (port, host):
        async with stock(port):
            assert len(host.sessions) == 1
        await until(lambda: not host.sessions)
        async with stock(port) as talk:
            await talk.type("hello")
            await talk.until("response.done")


async def test_a_session_is_recorded_where_no_consent_is_asked_for(tmp_path):
    recording = configured().session.recording.model_copy(
        update={"enabled": True, "consent_required": False, "folder": tmp_path}
    )
    async with serving(configured(session={"recording": recording})) as (port, host):
        async with stock(port) as talk:
            name = next(iter(host.sessions))
            await talk.say(spoken(0, 0.8))
            await talk.until("response.done")
        await until((tmp_path / name / "timeline.png").exists)
    turns = json.loads((tmp_path / name / "transcript.json").read_text())
    assert [turn["speaker"] for turn in turns] == ["user", "agent"]


async def test_the_face_goes_to_live_link_where_that_is_switched_on():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setblocking(False)
        live_link = configured().session.live_link.model_copy(
            update={"enabled": True, "host": "127.0.0.1", "port": listener.getsockname()[1]}
        )
        async with serving(configured(session={"live_link": live_link})) as (port, _), stock(port):
            packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(listener, 2_048), 10)
    assert len(packet) > 61 * 4


async def asked_aloud(engines, text):
    """A question in the agent's own voice, 16 kHz."""
    pieces = [chunk.pcm async for chunk in engines.synthesizer.synthesize(text)]
    return soxr.resample(np.concatenate(pieces), 24_000, 16_000).astype(np.float32)


@pytest.mark.slow
async def test_a_spoken_question_is_answered_aloud_by_real_models_and_interrupted_by_another_one():
    configuration = resolve_models(load_configuration("default"))
    async with open_engines(configuration) as engines:
        first = await asked_aloud(engines, "What time does the museum open?")
        second = await asked_aloud(engines, "Can I take photographs?")
        async with serving(configuration, engines) as (port, host), stock(port) as talk:
            transcription = {"model": "whisper-1"}
            await talk.connection.session.update(
                session={"type": "realtime", "audio": {"input": {"transcription": transcription}}}
            )
            await talk.say(np.concatenate((silence(8_000), first)))
            await talk.until("response.output_audio.delta", 8, within=90)
            await talk.say(second)
            cut = (await talk.until("response.done", within=60)).response
            item = cut.output[0]
            await talk.connection.conversation.item.truncate(
                item_id=item.id, content_index=0, audio_end_ms=200
            )
            await talk.until("conversation.item.truncated")
            done = (await talk.until("response.done", 2, within=90)).response
            counts = next(iter(host.sessions.values())).counts()
    said = [e.transcript for e in talk.of("conversation.item.input_audio_transcription.completed")]
    assert "museum" in said[0].lower() and "photographs" in said[1].lower()
    assert (cut.status, cut.status_details.reason) == ("cancelled", "turn_detected")
    assert done.status == "completed"
    answer = done.output[0].content[0].transcript
    assert len(answer.split()) > 2
    pcm = sound_of(talk, done.output[0].id) / 32_768
    assert pcm.size / 24_000 > 0.15 * len(answer.split())  # as long as it takes to say it
    assert np.sqrt(np.mean(pcm**2)) > 0.01
    assert counts["user_late"] == counts["engine_failed"] == 0
    jaw = np.array([event.motion[17] for event in talk.motions if event.response_id == done.id])
    assert jaw.max() > 0.1  # the mouth speaks as well
    heard_at = talk.types().index("input_audio_buffer.speech_started", talk.types().index("response.created"))
    between = talk.types()[heard_at : talk.types().index("response.done")]
    assert between.count("response.output_audio.delta") <= 1
