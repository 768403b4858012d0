"""The unmodified OpenAI SDK holds conversations with scripted engines over a real WebSocket."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket

import numpy as np
import pytest
import soundfile
import soxr

from agents.language_model import Message, ToolCall, ToolsUnsupported
from orchestration.configuration import load_configuration, resolve_models
from orchestration.in_process import open_engines
from orchestration.media import silence
from orchestration.simulation.scripted import Failures, spoken
from tests.orchestration.realtime_clients import configured, pcm24, scripted, serving, stock, until

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ANSWERED = [  # what a response consists of, deltas left out
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
WRITTEN = ["conversation.item.added", "conversation.item.done"]  # an item of the client


def sound_of(talk, item_id):
    """The samples of one item's audio deltas."""
    deltas = [e.delta for e in talk.of("response.output_audio.delta") if e.item_id == item_id]
    return np.frombuffer(b"".join(map(base64.b64decode, deltas)), "<i2")


def prompt(engines, n=-1):
    """What the language model was asked, without the instructions."""
    return engines.language_model.asked[n][1:]


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


class TestTools:
    def calling(self, *calls):
        """Engines that call once, and answer when they have the result."""
        engines = scripted(lambda messages: "" if messages[-1].role == "user" else "it is sunny there.")
        engines.language_model.call = lambda messages, tools: calls if messages[-1].role == "user" else ()
        return engines

    async def test_a_function_is_called_and_its_result_is_spoken(self):
        call = ToolCall("call_1", "get_weather", '{"city": "Paris"}')
        engines = self.calling(call)
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
            await talk.type("what's the weather in Paris?")
            done = await talk.until("response.function_call_arguments.done")
            assert (done.name, json.loads(done.arguments)) == ("get_weather", {"city": "Paris"})
            pieces = [event.delta for event in talk.of("response.function_call_arguments.delta")]
            assert len(pieces) > 1 and "".join(pieces) == done.arguments
            response = (await talk.until("response.done")).response
            assert [(item.type, item.call_id) for item in response.output] == [("function_call", "call_1")]
            assert response.status == "completed"
            assert talk.without_deltas()[-7:] == [
                "response.created",
                "response.output_item.added",
                "conversation.item.added",
                "response.function_call_arguments.done",
                "conversation.item.done",
                "response.output_item.done",
                "response.done",
            ]
            await talk.connection.conversation.item.create(
                item={"type": "function_call_output", "call_id": done.call_id, "output": "sunny"}
            )
            await talk.connection.response.create()
            answer = (await talk.until("response.done", 2)).response
            assert answer.output[0].content[0].transcript == "it is sunny there."
            assert prompt(engines)[1:] == (
                Message("assistant", "", (call,)),
                Message("tool", "sunny", call_id="call_1"),
            )
            offered = engines.language_model.offered[-1]
            assert [tool.name for tool in offered.tools] == ["get_weather"]

    async def test_words_before_a_call_are_spoken_and_two_calls_can_be_made(self):
        engines = self.calling(ToolCall("a", "get_weather", "{}"), ToolCall("b", "get_weather", "{}"))
        engines.language_model.reply = lambda messages: "let me look."
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
            await talk.type("what's the weather?")
            response = (await talk.until("response.done")).response
        kinds = [item.type for item in response.output]
        assert sorted(kinds) == ["function_call", "function_call", "message"]
        indices = [event.output_index for event in talk.of("response.output_item.added")]
        assert indices == [0, 1, 2]

    async def test_a_response_may_forbid_tools_or_force_one(self):
        engines = self.calling()
        engines.language_model.reply = lambda messages: "fine."
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
            await talk.connection.response.create(response={"tool_choice": "none"})
            await talk.until("response.done")
            assert engines.language_model.offered[-1] is None
            force = {"type": "function", "name": "get_weather"}
            await talk.connection.response.create(response={"tool_choice": force})
            await talk.until("response.done", 2)
            assert engines.language_model.offered[-1].function == "get_weather"

    async def test_a_model_without_tools_says_so_and_answers_all_the_same(self):
        engines = scripted()

        def refuse(messages, tools):
            raise ToolsUnsupported("scripted.gguf: this model has no tools")

        plain = engines.language_model.stream

        def stream(messages, *, max_tokens=None, tools=None):
            if tools is not None:
                refuse(messages, tools)
            return plain(messages, max_tokens=max_tokens)

        engines.language_model.stream = stream
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "tools": [WEATHER]})
            await talk.type("hello")
            response = (await talk.until("response.done")).response
        assert response.status == "completed"
        error = talk.of("error")[0].error
        assert (error.code, error.message) == ("tools_unsupported", "scripted.gguf: this model has no tools")


class TestSteering:
    async def test_instructions_become_the_prompt_of_the_session_and_of_one_response(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            default = talk.of("session.created")[0].session.instructions
            await talk.connection.session.update(
                session={"type": "realtime", "instructions": "You are a pirate."}
            )
            await talk.type("hello")
            await talk.until("response.done")
            await talk.connection.response.create(response={"instructions": "You are a poet."})
            await talk.until("response.done", 2)
            await talk.type("again")
            await talk.until("response.done", 3)
        assert "Mira" in default
        systems = [asked[0].content for asked in engines.language_model.asked]
        assert systems == ["You are a pirate.", "You are a poet.", "You are a pirate."]

    async def test_text_only_replies_are_written_and_remembered(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            await talk.type("hello")
            done = (await talk.until("response.done")).response
            assert done.output[0].content[0].text == "one two three four five six."
            assert not talk.of("response.output_audio.delta")
            assert talk.of("response.output_text.done")[0].text == "one two three four five six."
            await talk.type("again")
            await talk.until("response.done", 2)
        assert prompt(engines)[1] == Message("assistant", "one two three four five six.")

    async def test_a_client_may_end_its_turns_itself(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            audio = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
            await talk.connection.session.update(session={"type": "realtime", "audio": audio})
            await talk.append(pcm24(spoken(0, 1.6)))  # at once: nobody waits for the end of it
            await talk.connection.input_audio_buffer.commit()
            await talk.connection.response.create()
            done = (await talk.until("response.done")).response
            assert done.status == "completed"
            assert prompt(engines) == (Message("user", "hello there"),)
            said = await talk.until("conversation.item.input_audio_transcription.completed")
            assert said.transcript == "hello there"
            assert not talk.of("input_audio_buffer.speech_started")
            await talk.append(pcm24(spoken(1, 0.8)))
            await talk.connection.input_audio_buffer.clear()
            await talk.until("input_audio_buffer.cleared")
            await talk.connection.input_audio_buffer.commit()
            error = (await talk.until("error")).error
            assert error.code == "input_audio_buffer_commit_empty"

    async def test_without_create_response_a_turn_is_only_written_down_until_it_is_asked_for(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            detection = {"type": "server_vad", "create_response": False}
            await talk.connection.session.update(
                session={"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
            )
            await talk.say(spoken(0, 0.8))
            await talk.until("input_audio_buffer.speech_stopped")
            await talk.connection.response.create()  # before its words are known
            await talk.until("response.done")
        assert len(talk.of("response.created")) == 1
        assert prompt(engines) == (Message("user", "hello there"),)

    async def test_without_interrupt_response_the_agent_talks_on_and_remembers_what_was_said(self):
        engines = scripted(lambda messages: "a b c d e f g h.")
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            detection = {"type": "server_vad", "interrupt_response": False}
            await talk.connection.session.update(
                session={"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
            )
            await talk.type("hello")
            await talk.until("response.output_audio.delta", 5)
            await talk.say(spoken(1, 0.6))
            assert (await talk.until("response.done")).response.status == "completed"
            await talk.until("input_audio_buffer.committed")
            await talk.type("go on")
            await talk.until("response.done", 2)
        assert prompt(engines)[1:] == (
            Message("assistant", "a b c d e f g h."),
            Message("user", "stop go on"),
        )

    async def test_a_longer_silence_keeps_the_turn_open(self):
        async with serving() as (port, _), stock(port) as talk:
            detection = {"type": "server_vad", "silence_duration_ms": 1_600}
            await talk.connection.session.update(
                session={"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
            )
            await talk.say(np.concatenate((spoken(0, 0.6), silence(14_400), spoken(1, 0.6))))
            await talk.say(silence(16_000))
            assert not talk.of("input_audio_buffer.speech_stopped")
            await talk.until("input_audio_buffer.speech_stopped")
        assert len(talk.of("input_audio_buffer.speech_started")) == 1

    async def test_telephone_sound_goes_both_ways(self):
        async with serving() as (port, _), stock(port) as talk:
            audio = {
                "input": {"format": {"type": "audio/pcmu"}},
                "output": {"format": {"type": "audio/pcma"}},
            }
            await talk.connection.session.update(session={"type": "realtime", "audio": audio})
            await talk.append(bytes([0xFF]) * 8_000 + bytes([0xB0]) * 8_000)  # mu-law silence, then a level
            await talk.until("input_audio_buffer.speech_started")
            await talk.until("response.done")
            deltas = [base64.b64decode(e.delta) for e in talk.of("response.output_audio.delta")]
        assert sum(map(len, deltas)) == 8_000 * 1.8  # six words of .3 s, a byte a sample
        level, _ = soundfile.read(
            io.BytesIO(deltas[10]), format="RAW", subtype="ALAW", samplerate=8_000, channels=1
        )
        assert np.abs(level - 0.2).max() < 0.01

    async def test_a_persona_can_be_chosen_as_the_model(self):
        async with serving() as (port, _), stock(port, model="noor") as talk:
            session = talk.of("session.created")[0].session
        assert "Noor" in session.instructions
        assert session.model == "noor"

    async def test_a_voice_can_be_chosen_by_name(self):
        engines = scripted()
        async with serving(engines=engines) as (port, _), stock(port) as talk:
            await talk.connection.session.update(
                session={"type": "realtime", "audio": {"output": {"voice": "joan"}}}
            )
            updated = await talk.until("session.updated")
            assert updated.session.audio.output.voice == "joan"
            await talk.type("hello")
            await talk.until("response.done")
        assert engines.synthesizer.voices[-1] == "joan"


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
