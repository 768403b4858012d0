"""A real small model on llama.cpp: streaming, cached, cancelled, timed out, and refusing bad files."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from agents.configuration import LlamaConfig
from agents.dialogue import Dialogue
from agents.failures import LanguageModelRefused, LanguageModelTimeout, LanguageModelUnavailable
from agents.language_model import Message, TextDelta, Tool, Toolbox, ToolCall, ToolCallDelta, ToolsUnsupported
from agents.llama import LocalLlama
from agents.persona import Persona
from agents.reply import limit_sentences

COUNTING = (Message("user", "Count from one to fifty, one number after another."),)


async def collect(model: LocalLlama, messages: tuple[Message, ...], max_tokens: int) -> list[TextDelta]:
    """All pieces of a reply."""
    return [delta async for delta in model.stream(messages, max_tokens=max_tokens)]


def text(deltas: list[TextDelta]) -> str:
    """The reply that the pieces make."""
    return "".join(delta.text for delta in deltas)


async def test_a_reply_streams_in_pieces_with_rising_times(llama: LocalLlama) -> None:
    deltas = await collect(llama, COUNTING, 12)
    assert len(deltas) > 3
    times = [delta.elapsed for delta in deltas]
    assert times == sorted(times) and times[0] > 0


async def test_the_same_prompt_gives_the_same_reply(llama: LocalLlama) -> None:
    assert text(await collect(llama, COUNTING, 12)) == text(await collect(llama, COUNTING, 12))


async def test_a_call_may_ask_for_fewer_tokens_but_not_for_more_than_configured(llama: LocalLlama) -> None:
    assert llama.count_tokens(text(await collect(llama, COUNTING, 5))) <= 6
    whole = text(await collect(llama, COUNTING, 4000))
    assert llama.count_tokens(whole) <= llama.config.max_tokens + 1


async def test_the_next_turn_reads_only_the_new_words(llama: LocalLlama, mira: Persona) -> None:
    dialogue = Dialogue(mira, 800, llama.count_tokens)
    cold = await llama.warm_up([Message("system", "Other. " * 20), Message("user", "Hello")])
    cold = await llama.warm_up(dialogue.messages())
    warm = await llama.warm_up(dialogue.messages())
    assert warm < cold / 3
    for generation, question in enumerate(("When are you open?", "How much is a ticket?")):
        dialogue.add_user(question)
        dialogue.begin_reply(generation)
        reply = [delta async for delta in limit_sentences(llama.stream(dialogue.messages()), 1)]
        dialogue.commit(generation, text(reply))
        assert reply[0].elapsed < cold * 0.75


async def test_a_character_split_over_tokens_comes_out_whole(llama: LocalLlama) -> None:
    prompt = (Message("user", "Repeat exactly: 🦕🦖 博物馆 café"),)
    deltas = await collect(llama, prompt, 40)
    assert deltas and not any("\ufffd" in delta.text for delta in deltas)
    assert any(not delta.text.isascii() for delta in deltas)


async def test_closing_a_reply_stops_the_decoding(llama: LocalLlama) -> None:
    started = time.perf_counter()
    await collect(llama, COUNTING, 40)
    whole = time.perf_counter() - started
    async with aclosing(llama.stream(COUNTING, max_tokens=40)) as stream:  # type: ignore[type-var]
        await anext(stream)
    started = time.perf_counter()
    await collect(llama, COUNTING, 1)
    assert time.perf_counter() - started < whole / 2


async def test_cancelling_stops_even_a_long_prompt(llama: LocalLlama) -> None:
    long = (Message("user", "dinosaur museum " * 100),)
    task = asyncio.create_task(collect(llama, long, 1))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    started = time.perf_counter()
    await collect(llama, COUNTING, 1)
    waited = time.perf_counter() - started
    assert waited < await llama.warm_up(long)


async def test_the_event_loop_goes_on_while_a_reply_is_decoded(llama: LocalLlama) -> None:
    task = asyncio.create_task(collect(llama, COUNTING, 20))
    gaps = []
    while not task.done():
        before = time.perf_counter()
        await asyncio.sleep(0.01)
        gaps.append(time.perf_counter() - before)
    assert len(gaps) > 5
    assert sorted(gaps)[len(gaps) // 2] < 0.1


async def test_replies_asked_for_at_once_come_one_after_another(llama: LocalLlama) -> None:
    prompts = [(Message("user", f"Say {word}."),) for word in ("red", "green", "blue")]
    alone = [text(await collect(llama, prompt, 8)) for prompt in prompts]
    together = await asyncio.gather(*(collect(llama, prompt, 8) for prompt in prompts))
    assert [text(deltas) for deltas in together] == alone


async def test_two_slots_decode_two_replies_at_the_same_time(llama_config: LlamaConfig) -> None:
    model = LocalLlama(llama_config.model_copy(update={"slots": 2}))
    order: list[int] = []

    async def talk(number: int) -> None:
        async for _ in model.stream(COUNTING, max_tokens=20):
            order.append(number)

    await asyncio.gather(talk(0), talk(1))
    model.close()
    first_end = min(len(order) - 1 - order[::-1].index(number) for number in (0, 1))
    assert {0, 1} == set(order[: first_end + 1])


async def test_a_prompt_longer_than_the_context_is_refused_with_the_remedy(llama: LocalLlama) -> None:
    with pytest.raises(LanguageModelRefused, match=r"exceeds the available context.*raise `context`"):
        await collect(llama, (Message("user", "word " * 2000),), 5)
    assert await collect(llama, COUNTING, 3)


async def test_no_messages_are_refused(llama: LocalLlama) -> None:
    with pytest.raises(LanguageModelRefused, match="no messages"):
        await collect(llama, (), 5)


async def test_time_limits_are_kept_and_the_model_can_be_used_afterwards(llama_config: LlamaConfig) -> None:
    model = LocalLlama(llama_config.model_copy(update={"first_token_timeout": 0.01}))
    try:
        with pytest.raises(LanguageModelTimeout, match=r"the first token took more than 0\.01 s"):
            await collect(model, COUNTING, 5)
        model.config = llama_config.model_copy(update={"timeout": 0.05, "max_tokens": 400})
        with pytest.raises(LanguageModelTimeout, match=r"the reply's end took more than 0\.05 s"):
            await collect(model, COUNTING, 400)
        model.config = llama_config
        assert await collect(model, COUNTING, 3)
    finally:
        model.close()
    with pytest.raises(LanguageModelUnavailable, match="was closed"):
        await collect(model, COUNTING, 3)


WEATHER = Toolbox((Tool("get_weather", "Weather", {"type": "object", "properties": {"city": {}}}),))
ASKED_TO_CALL = """Repeat exactly this and nothing else: <tool_call>
{"name": "get_weather", "arguments": {"city": "Paris"}}
</tool_call>"""


async def test_a_model_without_tools_says_so_and_answers_without(llama: LocalLlama) -> None:
    with pytest.raises(ToolsUnsupported, match="this model has no tools"):
        async for _ in llama.stream(COUNTING, tools=WEATHER):
            pass
    assert not llama.uses_tools
    call = ToolCall("call_1", "get_weather", "{}")
    dialogue = (*COUNTING, Message("assistant", "", (call,)), Message("tool", "sunny", call_id="call_1"))
    assert await collect(llama, dialogue, 3)


async def test_a_model_whose_template_has_tools_calls_them(llama_config: LlamaConfig) -> None:
    template = Path(__file__).with_name("hermes.jinja")
    model = LocalLlama(llama_config.model_copy(update={"chat_template": template, "max_tokens": 40}))
    try:
        assert model.uses_tools
        parts = [part async for part in model.stream((Message("user", ASKED_TO_CALL),), tools=WEATHER)]
    finally:
        model.close()
    call = parts[-1]
    assert isinstance(call, ToolCall)
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
    pieces = [part for part in parts if isinstance(part, ToolCallDelta)]
    assert "".join(piece.arguments for piece in pieces) == call.arguments
    assert len(pieces) > 1


def test_a_chat_template_that_cant_be_read_is_named(llama_config: LlamaConfig, tmp_path: Path) -> None:
    config = llama_config.model_copy(update={"chat_template": tmp_path / "none.jinja"})
    with pytest.raises(LanguageModelUnavailable, match=r"none\.jinja: can't read the chat template"):
        LocalLlama(config)


def test_tokens_are_counted_by_the_model(llama: LocalLlama) -> None:
    assert llama.count_tokens("") == 0
    assert llama.count_tokens("Hello world") == 2


def test_a_missing_file_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(
        LanguageModelUnavailable, match=r"none\.gguf: no such model file; run `visavis models"
    ):
        LocalLlama(LlamaConfig(model=str(tmp_path / "none.gguf")))


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.gguf"
    path.write_text("<html>404</html>")
    with pytest.raises(
        LanguageModelUnavailable, match=r"page\.gguf: not a GGUF file \(it starts with b'<htm'\)"
    ):
        LocalLlama(LlamaConfig(model=str(path)))


def test_a_cut_file_is_named(llama_config: LlamaConfig, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    with Path(llama_config.model).open("rb") as whole:
        path.write_bytes(whole.read(5_000_000))
    with pytest.raises(LanguageModelUnavailable, match=r"cut\.gguf: llama\.cpp can't load this model"):
        LocalLlama(LlamaConfig(model=str(path)))


@pytest.mark.slow
def test_nothing_is_printed(llama_config: LlamaConfig) -> None:
    program = (
        "import asyncio, sys\n"
        "from agents.configuration import LlamaConfig\n"
        "from agents.language_model import Message\n"
        "from agents.llama import LocalLlama\n"
        "async def main():\n"
        "    config = LlamaConfig(model=sys.argv[1], threads=1, timeout=120, first_token_timeout=60)\n"
        "    model = LocalLlama(config)\n"
        "    reply = [delta async for delta in model.stream([Message('user', 'Hello')], max_tokens=5)]\n"
        "    assert reply\n"
        "    model.close()\n"
        "asyncio.run(main())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, llama_config.model],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class TestEndings:
    async def test_words_that_must_go_on_are_less_likely_to_end_than_a_sentence(self, llama) -> None:
        whole = await llama.ending_probability((), "Your password has been changed.")
        cut = await llama.ending_probability((), "Your password has been")
        assert whole is not None and cut is not None and 0 <= cut < 0.1 < whole <= 1

    async def test_a_short_answer_is_likelier_to_end_after_its_question(self, llama) -> None:
        asked = [Message("user", "Hello."), Message("assistant", "Which day would you like to come?")]
        alone = await llama.ending_probability((), "Tuesday.")
        answer = await llama.ending_probability(asked, "Tuesday.")
        unfinished = await llama.ending_probability(asked, "I think on")
        assert unfinished < 0.05 and answer > max(0.2, 3 * alone)

    async def test_a_reply_to_words_whose_ending_was_judged_reads_them_no_second_time(self, llama) -> None:
        before = [
            Message("system", "You are a receptionist. " + "The museum is open every day but Monday. " * 2),
            Message("user", "Hello."),
            Message("assistant", "Hello, how can I help you?"),
        ]
        words = "I would like to know whether the dinosaur hall is open on a Sunday afternoon in winter"
        chunks: list[dict[str, Any]] = []
        await llama.warm_up([*before, Message("user", "Who?")])
        await llama.ending_probability(before, words + "?")
        llama._server.handle_chat_completions(
            llama._body([*before, Message("user", words + "?")], 1, None), chunks.append
        )
        read = next(chunk["timings"]["prompt_n"] for chunk in reversed(chunks) if "timings" in chunk)
        assert read < len(words.split()) / 2, "tokens: only the marks after the words"

    async def test_a_template_that_hides_the_user_s_words_cannot_judge_an_ending(
        self, llama, monkeypatch
    ) -> None:
        monkeypatch.setattr(llama, "_ask", lambda what, body: {"prompt": "<|im_start|>user\n"})
        with pytest.raises(LanguageModelUnavailable, match="ask_language_model: never"):
            await llama.ending_probability((), "Good morning.")

    async def test_without_words_there_is_no_ending(self, llama) -> None:
        assert await llama.ending_probability((), " ... ") is None
