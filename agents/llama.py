"""A GGUF language model inside this process, on llama.cpp, with the prompt's prefix cached between turns."""

from __future__ import annotations

import asyncio
import functools
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xllamacpp

from agents.configuration import LlamaConfig
from agents.failures import (
    EmptyReply,
    LanguageModelRefused,
    LanguageModelTimeout,
    LanguageModelUnavailable,
)
from agents.language_model import LanguageModelError, Message, TextDelta

GGUF_MAGIC = b"GGUF"
PREFILL_BATCH = 64  # prompt tokens between two looks at the stop flag; about .5 s of work on one slow core
SILENT = -1  # llama.cpp verbosity below errors; failures are raised, not printed
COUNT_TIMEOUT = 5.0  # seconds for counting tokens, which needs no model run
COUNT_CACHE = 4096  # texts whose token count is remembered


@dataclass(slots=True, eq=False)
class _Request:
    """One reply under way: what the decoding thread tells the event loop, and how it is told to stop."""

    loop: asyncio.AbstractEventLoop
    limit: int  # tokens
    stopped: threading.Event = field(default_factory=threading.Event)
    pieces: asyncio.Queue[str | LanguageModelError | None] = field(init=False)

    def __post_init__(self) -> None:
        # A token gives at most one piece, so a whole reply fits and the thread never waits for the reader.
        self.pieces = asyncio.Queue(self.limit + 2)

    def put(self, piece: str | LanguageModelError | None) -> None:
        """Hand one piece to the event loop; a loop that has gone stops the decoding."""
        try:
            self.loop.call_soon_threadsafe(self._enqueue, piece)
        except RuntimeError:
            self.stopped.set()

    def _enqueue(self, piece: str | LanguageModelError | None) -> None:
        if not self.stopped.is_set():
            self.pieces.put_nowait(piece)

    def on_chunk(self, chunk: dict[str, Any]) -> bool:
        """Take one chat completion chunk; True tells llama.cpp to stop."""
        if self.stopped.is_set():
            return True
        if "error" in chunk:
            self.put(_error(chunk["error"]))
            return True
        for choice in chunk.get("choices", ()):
            if text := choice.get("delta", {}).get("content"):
                self.put(text)
        return False


class LocalLlama:
    """A language model decoded in this process by llama.cpp.

    Loading blocks (about a second for a small model). The prompt of the last request stays in the slot's
    cache, so the time to the first token depends on the new words only, as long as the earlier messages are
    unchanged. Replies are decoded one after another, or ``slots`` at a time. Raises
    ``LanguageModelUnavailable`` when the file is missing or is no whole GGUF model.
    """

    def __init__(self, config: LlamaConfig) -> None:
        self.config = config
        self._path = Path(config.model)
        _check_file(self._path)
        # llama.cpp's server also listens on a local port, which this class uses to count tokens only; the key
        # keeps every other program on the machine out.
        self._key = secrets.token_hex(16)
        try:
            self._server: xllamacpp.Server | None = xllamacpp.Server(_params(config, self._key))
        except RuntimeError as error:
            raise LanguageModelUnavailable(
                f"{self._path}: llama.cpp can't load this model ({error}); the file is damaged or "
                "of an unsupported architecture, fetch it again or choose another"
            ) from error
        self._address: str = self._server.listening_address
        self._executor = ThreadPoolExecutor(config.slots, thread_name_prefix="llama")
        self._active: set[_Request] = set()
        self.count_tokens = functools.lru_cache(COUNT_CACHE)(self._count_tokens)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None
    ) -> AsyncIterator[TextDelta]:
        """Stream the assistant's next message, at most ``max_tokens`` and the configured limit.

        Closing the iterator or cancelling the task stops the decoding at the next token (or prompt batch of
        64 tokens). Raises ``LanguageModelTimeout``, ``LanguageModelRefused`` (prompt too long for the
        context), ``EmptyReply`` or ``LanguageModelUnavailable``.
        """
        started = time.perf_counter()
        limit = min(max_tokens or self.config.max_tokens, self.config.max_tokens)
        request = self._submit(messages, limit)
        visible = False
        try:
            while True:
                spent = time.perf_counter() - started
                longest = self.config.timeout if visible else self.config.first_token_timeout
                try:
                    piece = await asyncio.wait_for(request.pieces.get(), max(0.0, longest - spent))
                except TimeoutError:
                    awaited = "the reply's end" if visible else "the first token"
                    raise LanguageModelTimeout(
                        f"{self._path.name}: {awaited} took more than {longest} s; "
                        "shorten the prompt, choose a smaller model or raise the limit"
                    ) from None
                if isinstance(piece, LanguageModelError):
                    raise piece
                if piece is None:
                    break
                visible = visible or not piece.isspace()
                yield TextDelta(piece, time.perf_counter() - started)
        finally:
            request.stopped.set()
            self._active.discard(request)
        if not visible:
            raise EmptyReply(f"{self._path.name}: the reply to {messages[-1].content!r} was empty")

    async def warm_up(self, messages: Sequence[Message]) -> float:
        """Read ``messages`` into the prompt cache, without a reply; returns the seconds that took."""
        started = time.perf_counter()
        request = self._submit(messages, 1)
        try:
            while (piece := await asyncio.wait_for(request.pieces.get(), self.config.timeout)) is not None:
                if isinstance(piece, LanguageModelError):
                    raise piece
        except TimeoutError:
            raise LanguageModelTimeout(
                f"{self._path.name}: reading the prompt took more than {self.config.timeout} s; "
                "shorten the persona or raise the limit"
            ) from None
        finally:
            request.stopped.set()
            self._active.discard(request)
        return time.perf_counter() - started

    def close(self) -> None:
        """Stop what is being decoded and free the model; blocks until the current token is done."""
        for request in self._active:
            request.stopped.set()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._server = None

    def _submit(self, messages: Sequence[Message], limit: int) -> _Request:
        if self._server is None:
            raise LanguageModelUnavailable(f"{self._path.name}: this model was closed; open a new one")
        if not messages:
            raise LanguageModelRefused("no messages: a reply needs at least one")
        request = _Request(asyncio.get_running_loop(), limit)
        self._active.add(request)
        self._executor.submit(self._decode, self._server, self._body(messages, limit), request)
        return request

    def _decode(self, server: xllamacpp.Server, body: dict[str, Any], request: _Request) -> None:
        """Run one request on the executor's thread; ends with ``None`` or an error in the queue."""
        if request.stopped.is_set():
            return
        try:
            server.handle_chat_completions(body, request.on_chunk)
        except (RuntimeError, ValueError, TypeError) as error:
            request.put(LanguageModelUnavailable(f"{self._path.name}: llama.cpp failed: {error}"))
        else:
            request.put(None)

    def _body(self, messages: Sequence[Message], limit: int) -> dict[str, Any]:
        config = self.config
        return {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "stream": True,
            # Progress chunks come between prompt batches too, which is where a long prompt can be stopped.
            "return_progress": True,
            "cache_prompt": True,
            "max_tokens": limit,
            "temperature": config.temperature,
            "top_p": config.top_p,
            "repeat_penalty": config.repeat_penalty,
            "repeat_last_n": config.repeat_window,
            "stop": list(config.stop),
            "seed": config.seed,
        }

    def _count_tokens(self, text: str) -> int:
        """Count the tokens of ``text``; a millisecond the first time, remembered afterwards."""
        if self._server is None:
            raise LanguageModelUnavailable(f"{self._path.name}: this model was closed; open a new one")
        request = urllib.request.Request(
            f"{self._address}/tokenize",
            json.dumps({"content": text}).encode(),
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=COUNT_TIMEOUT) as answer:
                return len(json.load(answer)["tokens"])
        except urllib.error.URLError as error:
            raise LanguageModelUnavailable(f"{self._path.name}: counting tokens failed: {error}") from error


def _check_file(path: Path) -> None:
    """Say what is wrong with a model file before llama.cpp does, more vaguely."""
    if not path.is_file():
        raise LanguageModelUnavailable(
            f"{path}: no such model file; run `visavis models install` or set `model` to a GGUF file"
        )
    with path.open("rb") as file:
        magic = file.read(len(GGUF_MAGIC))
    if magic != GGUF_MAGIC:
        raise LanguageModelUnavailable(
            f"{path}: not a GGUF file (it starts with {magic!r}); fetch it again or convert it"
        )


def _params(config: LlamaConfig, key: str) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = config.model
    params.n_ctx = config.context * config.slots
    params.n_parallel = config.slots
    params.n_batch = params.n_ubatch = PREFILL_BATCH
    params.n_gpu_layers = config.gpu_layers
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config.threads
    # Spinning threads take the cores from the face and the voice, and stall each other when cores are few.
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.cache_prompt = True
    params.cache_ram_mib = config.prompt_cache
    params.verbosity = SILENT
    params.api_keys = [key]
    params.ui = False
    params.hostnames = ["127.0.0.1"]
    params.n_threads_http = 1
    return params


def _error(answer: dict[str, Any]) -> LanguageModelError:
    message = str(answer.get("message", answer))
    if answer.get("type") == "exceed_context_size_error":
        return LanguageModelRefused(
            f"the prompt is too long: {message}; raise `context` or lower the token budget"
        )
    if answer.get("type") == "invalid_request_error":
        return LanguageModelRefused(f"llama.cpp refused the request: {message}")
    return LanguageModelUnavailable(f"llama.cpp failed: {message}")
