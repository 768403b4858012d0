"""A language model behind any server that speaks OpenAI's chat completions protocol."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk

from agents.configuration import OpenAICompatibleConfig
from agents.failures import (
    EmptyReply,
    LanguageModelRefused,
    LanguageModelTimeout,
    LanguageModelUnavailable,
)
from agents.language_model import LanguageModelError, Message, ReplyPart, TextDelta, Toolbox
from agents.reply import closing
from agents.tool_calls import CallAssembler, choice_parameter, message_parameter, tool_parameter

NO_KEY = "none"  # the SDK insists on a key; open servers ignore it
KEY_STATUSES = (401, 403)
OVERLOADED_STATUSES = (408, 409, 429)


class OpenAICompatible:
    """A language model on a server: vLLM, Ray Serve LLM, Ollama, or the cloud.

    Raises ``LanguageModelRefused`` when the configured environment variable holds no key.
    """

    def __init__(self, config: OpenAICompatibleConfig) -> None:
        self.config = config
        key = NO_KEY
        if config.api_key_env is not None:
            key = os.environ.get(config.api_key_env, "")
            if not key:
                raise LanguageModelRefused(
                    f"{config.base_url}: the environment variable {config.api_key_env} is not set; "
                    "export it with the server's key, or leave `api_key_env` out for an open server"
                )
        self._closing: asyncio.Task[None] | None = None  # kept, or the loop might drop it
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=config.base_url,
            max_retries=0,  # retries are decided by whoever knows how long the user has waited
            timeout=openai.Timeout(config.timeout, connect=config.connect_timeout),
        )

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """Stream the assistant's next message, at most ``max_tokens`` and the configured limit.

        Calls of ``tools`` stream as they come, and whole at the end of the reply.

        Closing the iterator or cancelling the task closes the connection, which stops the generation on the
        server. Raises ``LanguageModelTimeout``, ``LanguageModelRefused`` (key, model name, request),
        ``LanguageModelUnavailable`` (no server, overloaded, broken, reply cut) or ``EmptyReply``.
        """
        started = time.perf_counter()
        limit = min(max_tokens or self.config.max_tokens, self.config.max_tokens)
        visible = finished = False
        calls = CallAssembler()
        chunks: openai.AsyncStream[ChatCompletionChunk] | None = None
        try:
            chunks = await asyncio.wait_for(
                self._request(messages, limit, tools), self._left(started, visible)
            )
            while True:
                chunk = await asyncio.wait_for(anext(chunks, None), self._left(started, visible))
                if chunk is None:
                    break
                for choice in chunk.choices or ():
                    finished = finished or choice.finish_reason is not None
                    if text := choice.delta.content:
                        visible = visible or not text.isspace()
                        yield TextDelta(text, time.perf_counter() - started)
                    for piece in calls.feed(choice.delta.tool_calls or ()):
                        visible = True
                        yield piece
        except (openai.OpenAIError, TimeoutError, ValueError) as error:  # ValueError: not JSON
            raise self._failure(error, visible) from error
        finally:
            if chunks is not None:
                await chunks.close()
        if not finished:
            raise LanguageModelUnavailable(f"{self._server}: the connection ended in the middle of a reply")
        whole = calls.finish()
        for call in whole:
            yield call
        if not (visible or whole):
            raise EmptyReply(f"{self._server}: the reply to {messages[-1].content!r} was empty")

    async def warm_up(self, messages: Sequence[Message]) -> float:
        """Ask for one token, so that a wrong key or name shows now and the server may cache the prompt.

        Returns the seconds that took. Raises as ``stream`` does, except for an empty reply.
        """
        started = time.perf_counter()
        with contextlib.suppress(EmptyReply):
            async with closing(self.stream(messages, max_tokens=1)) as reply:
                async for _ in reply:
                    pass
        return time.perf_counter() - started

    def close(self) -> None:
        """Close the connections to the server, as soon as the running event loop gets to it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # the connections ended with their loop
        self._closing = loop.create_task(self._client.close())

    @property
    def _server(self) -> str:
        return f"{self.config.model} at {self.config.base_url}"

    def _left(self, started: float, visible: bool) -> float:
        longest = self.config.timeout if visible else self.config.first_token_timeout
        return max(0.0, longest - (time.perf_counter() - started))

    async def _request(
        self, messages: Sequence[Message], limit: int, tools: Toolbox | None
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        # as plain data: the SDK's parameter types are one closed union a field
        request: dict[str, Any] = {"messages": [message_parameter(message) for message in messages]}
        if tools is not None and tools.tools:
            request["tools"] = [tool_parameter(tool) for tool in tools.tools]
            request["tool_choice"] = choice_parameter(tools)
        chunks: openai.AsyncStream[ChatCompletionChunk] = await self._client.chat.completions.create(
            model=self.config.model,
            max_tokens=limit,
            temperature=self.config.temperature,
            seed=self.config.seed if self.config.seed is not None else openai.omit,
            extra_body=self.config.extra_body or None,
            stream=True,
            **request,
        )
        return chunks

    def _failure(self, error: Exception, visible: bool) -> LanguageModelError:
        """What an SDK error means here, and what to do about it."""
        match error:
            case openai.APIStatusError(status_code=status) if status in KEY_STATUSES:
                remedy = (
                    f"check the key in {self.config.api_key_env}"
                    if self.config.api_key_env
                    else ("name the environment variable that holds the key in `api_key_env`")
                )
                return LanguageModelRefused(f"{self._server}: key refused (HTTP {status}); {remedy}")
            case openai.APIStatusError(status_code=status) if status in OVERLOADED_STATUSES or status >= 500:
                return LanguageModelUnavailable(
                    f"{self._server}: HTTP {status}: {error.message}; try again later"
                )
            case openai.APIStatusError(status_code=status):
                return LanguageModelRefused(
                    f"{self._server}: HTTP {status}: {error.message}; "
                    "check `model`, `base_url` and `extra_body`"
                )
            case openai.APITimeoutError() | TimeoutError():
                awaited, longest = (
                    ("the reply's end", self.config.timeout)
                    if visible
                    else ("the first token", self.config.first_token_timeout)
                )
                return LanguageModelTimeout(f"{self._server}: {awaited} took more than {longest} s")
            case openai.APIConnectionError():
                return LanguageModelUnavailable(
                    f"{self._server}: no connection ({error.__cause__ or error}); is the server up?"
                )
        return LanguageModelUnavailable(f"{self._server}: the reply broke off: {error}")
