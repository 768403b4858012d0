"""What the unmodified OpenAI SDK sets: tools, instructions, turns of its own, formats and voices."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import soundfile

from agents.language_model import Message, ToolCall, ToolsUnsupported
from orchestration.media import silence
from orchestration.simulation.scripted import spoken
from tests.orchestration.realtime_clients import (
    pcm24,
    prompt,
    scripted,
    serving,
    stock,
)

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


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
