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
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import xllamacpp

from agents.configuration import LlamaConfig
from agents.endings import bare, ending_of
from agents.failures import (
    EmptyReply,
    LanguageModelRefused,
    LanguageModelTimeout,
    LanguageModelUnavailable,
)
from agents.language_model import (
    LanguageModelError,
    Message,
    ReplyPart,
    TextDelta,
    Toolbox,
    ToolCall,
    ToolCallDelta,
    ToolsUnsupported,
)
from agents.tool_calls import (
    CallAssembler,
    choice_parameter,
    message_parameter,
    tool_parameter,
    without_tools,
)

GGUF_MAGIC = b"GGUF"
PREFILL_BATCH = 64  # prompt tokens between two looks at the stop flag; about .5 s of work on one slow core
SILENT = -1  # llama.cpp verbosity below errors; failures are raised, not printed
LOCAL_TIMEOUT = 5.0  # seconds for counting tokens and the like, which need no model run
MARK = "\u2404"  # where the user's words end in a prompt that is cut there; nobody says it
COUNT_CACHE = 4096  # texts whose token count is remembered


_Piece = str | ToolCallDelta | ToolCall | LanguageModelError


@dataclass(slots=True, eq=False)
class _Request:
    """One reply under way: what the decoding thread tells the event loop, and how it is told to stop."""

    loop: asyncio.AbstractEventLoop
    limit: int  # tokens
    stopped: threading.Event = field(default_factory=threading.Event)
    pieces: asyncio.Queue[_Piece | None] = field(init=False)
    calls: CallAssembler = field(default_factory=CallAssembler)

    def __post_init__(self) -> None:
        # A token gives at most one piece, so a whole reply fits and the thread never waits for the reader.
        # (A call that is whole is one more, and took several tokens.)
        self.pieces = asyncio.Queue(2 * self.limit + 2)

    def put(self, piece: _Piece | None) -> None:
        """Hand one piece to the event loop; a loop that has gone stops the decoding."""
        try:
            self.loop.call_soon_threadsafe(self._enqueue, piece)
        except RuntimeError:
            self.stopped.set()

    def _enqueue(self, piece: _Piece | None) -> None:
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
            delta = choice.get("delta", {})
            if text := delta.get("content"):
                self.put(text)
            for piece in self.calls.feed(map(_call_piece, delta.get("tool_calls") or ())):
                self.put(piece)
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
        # llama.cpp's server also listens on a local port, which this class uses to count tokens and to look
        # at the chat template only; the key
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
        self.uses_tools = self._template_has_tools()
        self.count_tokens = functools.lru_cache(COUNT_CACHE)(self._count_tokens)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """Stream the assistant's next message, at most ``max_tokens`` and the configured limit.

        Calls of ``tools`` come only from a model whose chat template has a place for tools (``uses_tools``);
        for another, giving some raises ``ToolsUnsupported``. llama.cpp can't force a call: what ``choice``
        requires is left to the model.

        Closing the iterator or cancelling the task stops the decoding at the next token (or prompt batch of
        64 tokens). Raises ``LanguageModelTimeout``, ``LanguageModelRefused`` (prompt too long for the
        context), ``EmptyReply`` or ``LanguageModelUnavailable``.
        """
        started = time.perf_counter()
        limit = min(max_tokens or self.config.max_tokens, self.config.max_tokens)
        if tools is not None and tools.tools and not self.uses_tools:
            raise ToolsUnsupported(
                f"{self._path.name}: this model has no tools, its chat template has no place for them; "
                "choose a model that was trained to call tools"
            )
        request = self._submit(messages, limit, tools)
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
                if isinstance(piece, str):
                    visible = visible or not piece.isspace()
                    yield TextDelta(piece, time.perf_counter() - started)
                else:
                    visible = True
                    yield piece
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

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        """Probability 0..1 that ``text`` ends here, by the model's next token; None without words.

        The prompt is the reply's up to these words, so a reply that follows reads only what comes after
        them. The question waits for what is being decoded. Raises ``LanguageModelTimeout`` or
        ``LanguageModelUnavailable``.
        """
        if not (words := bare(text)):
            return None
        if self._server is None:
            raise LanguageModelUnavailable(f"{self._path.name}: this model was closed; open a new one")
        loop = asyncio.get_running_loop()
        asked = functools.partial(self._ending, self._server, [*messages, Message("user", words)])
        asking = loop.run_in_executor(self._executor, asked)
        try:
            return await asyncio.wait_for(asking, self.config.first_token_timeout)
        except TimeoutError:
            raise LanguageModelTimeout(
                f"{self._path.name}: judging an ending took more than {self.config.first_token_timeout} s; "
                "set `turn_taking.end_of_turn.ask_language_model: never` or raise the limit"
            ) from None

    def close(self) -> None:
        """Stop what is being decoded and free the model; blocks until the current token is done."""
        for request in self._active:
            request.stopped.set()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._server = None

    def _submit(self, messages: Sequence[Message], limit: int, tools: Toolbox | None = None) -> _Request:
        if self._server is None:
            raise LanguageModelUnavailable(f"{self._path.name}: this model was closed; open a new one")
        if not messages:
            raise LanguageModelRefused("no messages: a reply needs at least one")
        request = _Request(asyncio.get_running_loop(), limit)
        self._active.add(request)
        self._executor.submit(self._decode, self._server, self._body(messages, limit, tools), request)
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
            for call in request.calls.finish():
                request.put(call)
            request.put(None)

    def _ending(self, server: xllamacpp.Server, messages: Sequence[Message]) -> float:
        """Judge the ending of the last message; runs on the executor's thread."""
        *before, last = messages if self.uses_tools else without_tools(messages)
        known = [*before, replace(last, content=last.content + MARK)]
        body = {"messages": [message_parameter(one) for one in known], "add_generation_prompt": False}
        prompt, marked, _ = str(self._ask("apply-template", body)["prompt"]).partition(MARK)
        if not marked:
            raise LanguageModelUnavailable(
                f"{self._path.name}: its chat template leaves out the user's last words; set "
                "`turn_taking.end_of_turn.ask_language_model: never` or choose another `chat_template`"
            )
        return ending_of(server, prompt)

    def _body(self, messages: Sequence[Message], limit: int, tools: Toolbox | None) -> dict[str, Any]:
        config = self.config
        offered: dict[str, Any] = {}
        if tools is not None and tools.tools:
            offered["tools"] = [tool_parameter(tool) for tool in tools.tools]
            offered["tool_choice"] = choice_parameter(tools)
        known = messages if self.uses_tools else without_tools(messages)
        return {
            **offered,
            "messages": [message_parameter(message) for message in known],
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
        return len(self._ask("tokenize", {"content": text})["tokens"])

    def _template_has_tools(self) -> bool:
        return bool(self._ask("props").get("chat_template_caps", {}).get("supports_tools"))

    def _ask(self, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask llama.cpp's own port for what its bindings don't offer."""
        request = urllib.request.Request(
            f"{self._address}/{what}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=LOCAL_TIMEOUT) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.URLError as error:
            raise LanguageModelUnavailable(
                f"{self._path.name}: llama.cpp did not answer /{what}: {error}"
            ) from error


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


def _template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LanguageModelUnavailable(
            f"{path}: can't read the chat template: {error}; name a Jinja file or leave `chat_template` out"
        ) from error


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
    if config.chat_template is not None:
        params.chat_template = _template(config.chat_template)
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


def _call_piece(piece: dict[str, Any]) -> Any:
    function = piece.get("function") or {}
    return SimpleNamespace(
        index=piece.get("index", 0),
        id=piece.get("id"),
        function=SimpleNamespace(name=function.get("name"), arguments=function.get("arguments")),
    )
