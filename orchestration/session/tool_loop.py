"""Tools in a conversation: the model calls, the agent says that it is looking, the model goes on."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from agents.language_model import Message, ReplyPart, TextDelta, Toolbox, ToolCall
from agents.tools.outcome import Outcome, ToolResult
from agents.tools.runner import ToolRunner
from orchestration.session.events import EventType
from orchestration.session.timeline import Timeline

log = logging.getLogger(__name__)

MAX_CALLS_AT_ONCE: Final = 8  # of one round; the others are answered without being made
REMEMBERED_CALLS: Final = 6  # that later replies still see
REMEMBERED_CHARACTERS: Final = 400  # of each of their results
SHOWN_CHARACTERS: Final = 300  # of arguments and results in events


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How calls fit into a conversation."""

    bridges: tuple[str, ...] = ()  # said in turn while a call takes long
    bridge_after: float = 1.0  # seconds
    max_rounds: int = 3  # of calls, in one reply
    max_calls: int = 40  # in one session


class ToolLoop:
    """The tools of one session: what its replies may call, what they called, and how much is left.

    A call is made only once its reply has the floor: a draft may turn out never to have been asked for,
    and a table can't be unbooked. When the user interrupts, the call is cancelled with the reply; that it was
    made stays known to the replies after it.
    """

    def __init__(self, runner: ToolRunner, options: ToolOptions, timeline: Timeline) -> None:
        self._runner = runner
        self._options = options
        self._timeline = timeline
        self._made = 0  # calls
        self._bridged = 0
        self._unsupported = False
        self._recent: deque[tuple[Message, Message]] = deque(maxlen=REMEMBERED_CALLS)

    def change(self, runner: ToolRunner, bridges: tuple[str, ...]) -> None:
        """Another persona, with its own tools and words, from the next reply on."""
        self._runner = runner
        self._options = ToolOptions(
            bridges, self._options.bridge_after, self._options.max_rounds, self._options.max_calls
        )

    def open(self) -> Rounds:
        """The rounds of one reply."""
        return Rounds(self)

    def toolbox(self, round_: int) -> Toolbox | None:
        """What the model may call in round ``round_``, from 0; None: nothing at all."""
        tools = () if self._unsupported else self._runner.offered()
        if not tools:
            return None
        may_call = round_ < self._options.max_rounds and self._made < self._options.max_calls
        return Toolbox(tools, "auto" if may_call else "none")

    @property
    def max_rounds(self) -> int:
        """Rounds of calls in one reply."""
        return self._options.max_rounds

    @property
    def bridge_after(self) -> float | None:
        """Seconds after which a call is bridged with words; None: never."""
        return self._options.bridge_after if self._options.bridges else None

    def bridge(self) -> str:
        """What is said now while a call goes on."""
        self._bridged += 1
        return self._options.bridges[(self._bridged - 1) % len(self._options.bridges)]

    def unsupported(self) -> None:
        """The model can't call: don't offer it tools again."""
        self._unsupported = True

    def recall(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The dialogue with the calls of the latest replies where they belong: before the last answer."""
        kept = [message for call in self._recent for message in call]
        if not kept or self._unsupported:
            return tuple(messages)
        place = max(
            (n for n, message in enumerate(messages) if message.role == "user"), default=len(messages)
        )
        if place and messages[place - 1].role == "assistant":
            place -= 1
        return (*messages[:place], *kept, *messages[place:])

    async def call(self, call: ToolCall, number: int) -> ToolResult:
        """Make the ``number``-th call of a round, if the limits still allow it, and tell what came of it."""
        self._timeline.emit(
            EventType.TOOL_CALLED,
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments[:SHOWN_CHARACTERS],
        )
        refusal = self._refusal(number)
        if refusal is not None:
            result = ToolResult(call.call_id, call.name, Outcome.LIMIT, refusal, 0.0, len(refusal))
            return self._told(result)
        self._made += 1
        start = self._timeline.now()
        try:
            result = await self._runner.run(call)
        except asyncio.CancelledError:
            text = "Cancelled: the user went on before the result was there; it may have had its effect."
            elapsed = self._timeline.now() - start
            cancelled = ToolResult(call.call_id, call.name, Outcome.CANCELLED, text, elapsed, len(text))
            self._remember(call, self._told(cancelled))
            raise
        self._remember(call, result)
        return self._told(result)

    def _remember(self, call: ToolCall, result: ToolResult) -> None:
        answer = Message("tool", result.text[:REMEMBERED_CHARACTERS], call_id=call.call_id)
        self._recent.append((Message("assistant", "", (call,)), answer))

    def _refusal(self, number: int) -> str | None:
        limit = self._options.max_calls
        if self._made >= limit:
            return f"Error: this conversation has used its {limit} tool calls; answer without."
        if number >= MAX_CALLS_AT_ONCE:
            return f"Error: at most {MAX_CALLS_AT_ONCE} calls at once; this one was not made."
        return None

    def _told(self, result: ToolResult) -> ToolResult:
        if result.outcome not in (Outcome.OK, Outcome.CANCELLED):
            self._timeline.counts["tool_failed"] += 1
            log.warning(
                "tool %s: %s: %s",
                result.name,
                result.outcome,
                result.text[:SHOWN_CHARACTERS],
                extra={"session": self._timeline.session, "generation": self._timeline.generation},
            )
        self._timeline.emit(
            EventType.TOOL_RESULT,
            call_id=result.call_id,
            name=result.name,
            outcome=result.outcome.value,
            seconds=round(result.seconds, 4),
            characters=result.characters,
            text=result.text[:SHOWN_CHARACTERS],
        )
        return result


class Rounds:
    """What one reply calls: fed while the model streams, asked between one round and the next."""

    def __init__(self, loop: ToolLoop) -> None:
        self._loop = loop
        self._round = 0
        self._text = ""
        self._calls: list[ToolCall] = []
        self._bridged = False

    @property
    def called(self) -> bool:
        """The model waits for results."""
        return bool(self._calls)

    def toolbox(self) -> Toolbox | None:
        """What may be called in the round that begins now."""
        return self._loop.toolbox(self._round)

    def recall(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The dialogue as the first round sees it."""
        return self._loop.recall(messages)

    def begin(self) -> None:
        """A try of this round begins; what an earlier try said and called is forgotten."""
        self._text = ""
        self._calls = []

    def unsupported(self) -> None:
        """The model has no way to call."""
        self._loop.unsupported()

    @property
    def first(self) -> bool:
        """Nothing was called yet."""
        return self._round == 0

    def take(self, part: ReplyPart) -> None:
        """The model streams text or calls."""
        match part:
            case TextDelta():
                self._text += part.text
            case ToolCall():
                self._calls.append(part)

    async def answer(
        self, messages: Sequence[Message], say: Callable[[str], Awaitable[None]]
    ) -> tuple[Message, ...] | None:
        """Make this round's calls; returns the dialogue with their results, which the model continues.

        ``say`` is given a bridge to speak if that takes long and the model said nothing before. None if the
        model calls although it may not any more.
        """
        if self._round >= self._loop.max_rounds:
            log.warning("the model calls %s beyond the last round; ignored", self._calls[0].name)
            return None
        calls = tuple(self._calls)
        work = asyncio.gather(*(self._loop.call(call, number) for number, call in enumerate(calls)))
        try:
            await self._bridge(work, say)
            results = await work
        finally:
            work.cancel()
        spoken = Message("assistant", self._text, calls)
        self._round += 1
        self.begin()
        return (*messages, spoken, *(result.message() for result in results))

    async def _bridge(
        self, work: asyncio.Future[list[ToolResult]], say: Callable[[str], Awaitable[None]]
    ) -> None:
        after = self._loop.bridge_after
        if after is None or self._bridged or self._text.strip():
            return
        await asyncio.wait({work}, timeout=after)
        if not work.done():
            self._bridged = True
            await say(self._loop.bridge())
