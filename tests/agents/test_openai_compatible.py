"""Against real servers: llama.cpp's own, and one that fails in every way a server can."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agents.configuration import LlamaConfig, OpenAICompatibleConfig
from agents.engines import create_language_model
from agents.failures import EmptyReply, LanguageModelRefused, LanguageModelTimeout, LanguageModelUnavailable
from agents.language_model import Message, TextDelta, Tool, Toolbox, ToolCall, ToolCallDelta
from agents.llama import LocalLlama
from agents.openai_compatible import OpenAICompatible

HELLO = (Message("system", "Be brief."), Message("user", "Hello!"))
STALL = 30.0  # seconds; longer than any limit below


class FaultyServer:
    """Speaks the protocol; the model's name says what goes wrong."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.disconnected = threading.Event()
        app = FastAPI()
        app.post("/v1/chat/completions")(self.complete)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        model = body["model"]
        if model.isdigit():
            return JSONResponse({"error": {"message": f"status {model}", "type": "x"}}, int(model))
        if model == "slow":
            await asyncio.sleep(STALL)
        if model == "html":
            return Response("<html>hello</html>", media_type="text/event-stream")
        return StreamingResponse(self._events(model), media_type="text/event-stream")

    async def _events(self, model: str) -> AsyncIterator[bytes]:
        if model != "empty":
            yield chunk({"role": "assistant", "content": ""})
            yield chunk({"content": "Hello"})
        match model:
            case "stall":
                try:
                    await asyncio.sleep(STALL)
                finally:
                    self.disconnected.set()
            case "cut":
                raise ConnectionResetError  # no [DONE]: the connection drops in the middle
            case "quiet end":
                return  # a clean end of the connection, but not of the reply
            case "tools":
                yield chunk({"tool_calls": [call_piece(0, "call_1", "get_weather", "")]})
                yield chunk({"tool_calls": [call_piece(0, None, None, '{"city": ')]})
                yield chunk({"tool_calls": [call_piece(1, "call_2", "get_time", None)]})
                yield chunk({"tool_calls": [call_piece(0, None, None, '"Paris"}')]})
                yield chunk({}, "tool_calls")
                yield b"data: [DONE]\n\n"
                return
            case "error event":
                yield b'data: {"error": {"message": "out of memory", "type": "server_error"}}\n\n'
            case "garbage":
                yield b"data: {not json\n\n"
        if model != "empty":
            yield chunk({"content": " there."})
        yield chunk({}, "stop")
        yield b"data: [DONE]\n\n"

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join(10)


def call_piece(index: int, id: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    """One entry of a delta's ``tool_calls``; servers leave out what they already said."""
    given = {"name": name, "arguments": arguments}
    function = {key: value for key, value in given.items() if value is not None}
    head = {} if id is None else {"id": id, "type": "function"}
    return {"index": index, "function": function, **head}


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    """One server-sent event of the protocol."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """A server for the whole module."""
    faulty = FaultyServer()
    yield faulty
    faulty.close()


def config(server: FaultyServer, model: str, **settings: Any) -> OpenAICompatibleConfig:
    """A client's configuration with short limits."""
    limits: dict[str, Any] = {"first_token_timeout": 5.0, "timeout": 5.0}
    return OpenAICompatibleConfig(model=model, base_url=server.url, **{**limits, **settings})


async def ask(settings: OpenAICompatibleConfig) -> list[str]:
    """The pieces of one reply."""
    model = OpenAICompatible(settings)
    try:
        return [delta.text async for delta in model.stream(HELLO)]
    finally:
        model.close()


async def test_a_reply_streams(server: FaultyServer) -> None:
    assert await ask(config(server, "good", temperature=0.2, extra_body={"top_k": 3})) == ["Hello", " there."]
    sent = server.requests[-1]
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello!"},
    ]
    assert (sent["temperature"], sent["top_k"], sent["stream"]) == (0.2, 3, True)


WEATHER = Tool("get_weather", "Weather of a city", {"type": "object", "properties": {"city": {}}})


async def test_calls_of_tools_stream_in_pieces_and_come_whole_at_the_end(server: FaultyServer) -> None:
    model = OpenAICompatible(config(server, "tools"))
    tools = Toolbox((WEATHER, Tool("get_time")), function="get_weather")
    parts = [part async for part in model.stream(HELLO, tools=tools)]
    model.close()
    assert [part.text for part in parts if isinstance(part, TextDelta)] == ["Hello"]
    assert [part for part in parts if isinstance(part, ToolCallDelta)] == [
        ToolCallDelta("call_1", "get_weather", '{"city": '),
        ToolCallDelta("call_1", "get_weather", '"Paris"}'),
    ]
    assert parts[-2:] == [
        ToolCall("call_1", "get_weather", '{"city": "Paris"}'),
        ToolCall("call_2", "get_time", "{}"),
    ]
    sent = server.requests[-1]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_weather", "get_time"]
    assert sent["tools"][0]["function"]["parameters"] == dict(WEATHER.parameters)
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}


async def test_calls_and_their_results_are_part_of_the_dialogue(server: FaultyServer) -> None:
    call = ToolCall("call_1", "get_weather", '{"city": "Paris"}')
    dialogue = (*HELLO, Message("assistant", "", (call,)), Message("tool", "sunny", call_id="call_1"))
    model = OpenAICompatible(config(server, "good"))
    assert [part async for part in model.stream(dialogue, tools=Toolbox((WEATHER,)))]
    model.close()
    sent = server.requests[-1]
    assert sent["tool_choice"] == "auto"
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert sent["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]


async def test_a_request_without_tools_says_nothing_of_them(server: FaultyServer) -> None:
    await ask(config(server, "good"))
    assert not {"tools", "tool_choice"} & set(server.requests[-1])


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("401", LanguageModelRefused, "key refused"),
        ("403", LanguageModelRefused, "key refused"),
        ("404", LanguageModelRefused, "check `model`"),
        ("400", LanguageModelRefused, "HTTP 400"),
        ("429", LanguageModelUnavailable, "HTTP 429.*try again later"),
        ("500", LanguageModelUnavailable, "HTTP 500"),
        ("503", LanguageModelUnavailable, "HTTP 503"),
        ("cut", LanguageModelUnavailable, "broke off|no connection"),
        ("quiet end", LanguageModelUnavailable, "in the middle of a reply"),
        ("error event", LanguageModelUnavailable, "out of memory"),
        ("garbage", LanguageModelUnavailable, "broke off"),
        ("html", LanguageModelUnavailable, "in the middle of a reply"),
        ("empty", EmptyReply, "empty"),
    ],
)
async def test_each_failure_has_its_error(
    server: FaultyServer, model: str, error: type[Exception], message: str
) -> None:
    before = len(server.requests)
    with pytest.raises(error, match=message):
        await ask(config(server, model))
    assert len(server.requests) == before + 1  # retries are not the SDK's decision


async def test_a_server_that_answers_too_late_is_not_waited_for(server: FaultyServer) -> None:
    started = time.perf_counter()
    with pytest.raises(LanguageModelTimeout, match=r"the first token took more than 0\.3 s"):
        await ask(config(server, "slow", first_token_timeout=0.3))
    assert time.perf_counter() - started < 3


async def test_a_reply_that_stalls_ends_at_its_limit_and_keeps_what_came(server: FaultyServer) -> None:
    model = OpenAICompatible(config(server, "stall", timeout=0.5))
    came = []
    with pytest.raises(LanguageModelTimeout, match=r"the reply's end took more than 0\.5 s"):
        async for delta in model.stream(HELLO):
            came.append(delta.text)
    model.close()
    assert came == ["Hello"]


async def test_closing_a_reply_closes_the_connection(server: FaultyServer) -> None:
    model = OpenAICompatible(config(server, "stall"))
    server.disconnected.clear()
    async with aclosing(model.stream(HELLO)) as stream:  # type: ignore[type-var]
        await anext(stream)
    assert await asyncio.to_thread(server.disconnected.wait, 5)
    model.close()


@pytest.mark.parametrize("name", ["good", "empty"])
async def test_warming_up_asks_for_one_token(server: FaultyServer, name: str) -> None:
    model = OpenAICompatible(config(server, name))
    assert await model.warm_up(HELLO) > 0
    assert server.requests[-1]["max_tokens"] == 1
    model.close()


async def test_warming_up_tells_of_a_wrong_key(server: FaultyServer) -> None:
    model = OpenAICompatible(config(server, "401"))
    with pytest.raises(LanguageModelRefused, match="key refused"):
        await model.warm_up(HELLO)
    model.close()


async def test_no_server_is_said_to_be_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    settings = OpenAICompatibleConfig(model="m", base_url=f"http://127.0.0.1:{port}/v1")
    with pytest.raises(LanguageModelUnavailable, match="is the server up"):
        await ask(settings)


async def test_the_key_comes_from_the_environment(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISAVIS_TEST_KEY", "open sesame")
    await ask(config(server, "good", api_key_env="VISAVIS_TEST_KEY"))
    assert server.keys[-1] == "Bearer open sesame"
    monkeypatch.delenv("VISAVIS_TEST_KEY")
    with pytest.raises(LanguageModelRefused, match="VISAVIS_TEST_KEY is not set"):
        create_language_model(config(server, "good", api_key_env="VISAVIS_TEST_KEY"))


async def test_it_talks_with_the_server_of_llama_cpp(
    llama: LocalLlama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISAVIS_TEST_KEY", llama._key)
    settings = OpenAICompatibleConfig(
        model="smollm2",
        base_url=f"{llama._address}/v1",
        api_key_env="VISAVIS_TEST_KEY",
        max_tokens=8,
        temperature=0.0,
        first_token_timeout=60,
        timeout=120,
    )
    over_http = await ask(settings)
    in_process = [delta.text async for delta in llama.stream(HELLO, max_tokens=8)]
    assert len(over_http) > 1
    assert "".join(over_http) == "".join(in_process)


async def test_llama_cpp_lets_nobody_in_without_the_key(llama: LocalLlama) -> None:
    settings = OpenAICompatibleConfig(model="smollm2", base_url=f"{llama._address}/v1")
    with pytest.raises(LanguageModelRefused, match="key refused"):
        await ask(settings)


def test_an_engine_is_made_from_its_configuration(llama_config: LlamaConfig) -> None:
    model = create_language_model(llama_config)
    assert isinstance(model, LocalLlama)
    model.close()
