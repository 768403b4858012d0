"""The agent's replies as responses: their items, their sound and words, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.dialogue import TURN_OVERHEAD, estimate_tokens
from agents.language_model import Message, ToolCall, ToolCallDelta
from orchestration.media import FRAME_RATE
from orchestration.protocol import AgentFrame
from orchestration.realtime.audio import AgentSound
from orchestration.realtime.dialect import new_id
from orchestration.realtime.items import Item, Items
from orchestration.realtime.outbox import Outbox
from orchestration.realtime.settings import Settings, format_wire
from orchestration.session.utterance import Utterance


@dataclass(slots=True)
class Response:
    """One response from its beginning to ``response.done``."""

    id: str
    settings: Settings  # in force for this response
    metadata: dict[str, str] | None = None
    generation: int | None = None  # None: it hasn't begun to be made
    input_tokens: int = 0
    output: list[Item] = field(default_factory=list)
    message: Item | None = None
    calls: dict[str, Item] = field(default_factory=dict)  # by call_id
    cancelled_by: str | None = None
    failure: str | None = None


class Responses:
    """Turns what the conversation tells of its replies into events; ``ReplyObserver``."""

    def __init__(self, outbox: Outbox, items: Items, settings: Callable[[], Settings]) -> None:
        self._outbox = outbox
        self._items = items
        self._settings = settings
        self._sound = AgentSound(settings().output_format)
        self._frames: dict[str, int] = {}  # frames of sound sent, by item
        self.active: Response | None = None
        self.cancelled_by = "turn_detected"  # what a reply that is cut from now on gives way to

    def sent_ms(self, item_id: str) -> int:
        """How much of an item's sound was sent, in ms."""
        return self._frames.get(item_id, 0) * 1000 // FRAME_RATE

    def open(self, settings: Settings, metadata: dict[str, str] | None) -> Response:
        """A response that the client asked for."""
        response = self.active = Response(new_id("resp"), settings, metadata)
        self._sound = AgentSound(settings.output_format)
        self._outbox.post("response.created", response=self._wire(response, "in_progress"))
        return response

    # -- ReplyObserver ----------------------------------------------------------------------------

    def reply_began(self, utterance: Utterance, prompt: Sequence[Message]) -> None:
        """The reply that was asked for, or one to a spoken turn."""
        response = self.active or self.open(self._settings(), None)
        response.generation = utterance.generation
        self._items.once = None  # that prompt is made
        response.input_tokens = sum(estimate_tokens(told.content) + TURN_OVERHEAD for told in prompt)

    def tool_call_piece(self, piece: ToolCallDelta) -> None:
        """The arguments of a call are streaming."""
        if self.active is not None:
            item = self._call_item(self.active, piece.call_id, piece.name)
            item.text += piece.arguments
            self._about_call(item, "delta", delta=piece.arguments)

    def tool_call(self, call: ToolCall) -> None:
        """A call is whole."""
        if self.active is not None:
            item = self._call_item(self.active, call.call_id, call.name)
            item.text, item.status = call.arguments, "completed"
            self._about_call(item, "done", name=item.name, arguments=item.text)
            self._close_item(self.active, item)

    def tools_unsupported(self, message: str) -> None:
        """The reply goes on without tools."""
        self._outbox.fail("tools_unsupported", message)

    def reply_over(self, utterance: Utterance, *, cancelled: bool) -> None:
        """Close what is open, and the response."""
        response, self.active = self.active, None
        self._items.once = None
        if response is None:
            return
        if cancelled:
            response.cancelled_by = self.cancelled_by
        whole = not cancelled and response.failure is None
        if response.message is not None:
            response.message.status = "completed" if whole else "incomplete"
            self._close_message(response, response.message)
        for call in response.calls.values():
            if call.status == "in_progress":
                call.status = "incomplete"
                self._close_item(response, call)
        status = "cancelled" if cancelled else "failed" if response.failure is not None else "completed"
        self._outbox.post("response.done", response=self._wire(response, status))

    # -- words and sound --------------------------------------------------------------------------

    def words(self, text: str) -> None:
        """A clause goes to the voice, or is told."""
        response = self.active
        if response is None:
            return
        item = self._message_item(response)
        delta = f" {text}" if item.text else text
        item.text += delta
        kind = "output_audio_transcript" if item.spoken else "output_text"
        self._outbox.post(f"response.{kind}.delta", **self._part(response, item), delta=delta)

    def frame(self, frame: AgentFrame) -> None:
        """A packet went out; its sound belongs to the response if it holds speech."""
        response = self.active
        if response is None or not frame.speech or frame.generation != response.generation:
            return
        item = self._message_item(response)
        self._frames[item.id] = self._frames.get(item.id, 0) + 1
        if delta := self._sound.encode(frame.pcm):
            self._post_sound(response, item, delta)

    def failed(self, message: str, apology: str) -> None:
        """An engine failed for good; the ``apology``, if any, is spoken instead of the rest."""
        response = self.active
        if response is None:
            return
        response.failure = message
        if apology and not response.settings.text_only:
            self.words(apology)

    # -- parts ------------------------------------------------------------------------------------

    def _message_item(self, response: Response) -> Item:
        if response.message is None:
            spoken = not response.settings.text_only
            item = Item(
                new_id("item"),
                "message",
                "assistant",
                spoken=spoken,
                status="in_progress",
                generation=response.generation,
            )
            response.message = item
            self._open_item(response, item)
            part = {"type": "audio", "transcript": ""} if spoken else {"type": "text", "text": ""}
            self._outbox.post("response.content_part.added", **self._part(response, item), part=part)
        return response.message

    def _call_item(self, response: Response, call_id: str, name: str) -> Item:
        if call_id not in response.calls:
            item = Item(
                new_id("item"),
                "function_call",
                "assistant",
                status="in_progress",
                generation=response.generation,
                call_id=call_id,
                name=name,
            )
            response.calls[call_id] = item
            self._open_item(response, item)
        return response.calls[call_id]

    def _open_item(self, response: Response, item: Item) -> None:
        previous = self._items.add(item)
        response.output.append(item)
        self._outbox.post("response.output_item.added", **self._place(response, item), item=item.wire())
        self._outbox.post("conversation.item.added", previous_item_id=previous, item=item.wire())

    def _close_message(self, response: Response, item: Item) -> None:
        at = self._part(response, item)
        if item.spoken:
            if rest := self._sound.flush():
                self._post_sound(response, item, rest)
            self._outbox.post("response.output_audio.done", **at)
            self._outbox.post("response.output_audio_transcript.done", **at, transcript=item.text)
            part = {"type": "audio", "transcript": item.text}
        else:
            self._outbox.post("response.output_text.done", **at, text=item.text)
            part = {"type": "text", "text": item.text}
        self._outbox.post("response.content_part.done", **at, part=part)
        self._close_item(response, item)

    def _close_item(self, response: Response, item: Item) -> None:
        previous = self._items.before(item.id)
        self._outbox.post("conversation.item.done", previous_item_id=previous, item=item.wire())
        self._outbox.post("response.output_item.done", **self._place(response, item), item=item.wire())

    def _post_sound(self, response: Response, item: Item, delta: str) -> None:
        self._outbox.post("response.output_audio.delta", **self._part(response, item), delta=delta)

    def _about_call(self, item: Item, what: str, **fields: Any) -> None:
        assert self.active is not None
        at = {
            "response_id": self.active.id,
            "item_id": item.id,
            "output_index": self.active.output.index(item),
            "call_id": item.call_id,
        }
        self._outbox.post(f"response.function_call_arguments.{what}", **at, **fields)

    @staticmethod
    def _place(response: Response, item: Item) -> dict[str, Any]:
        return {"response_id": response.id, "output_index": response.output.index(item)}

    def _part(self, response: Response, item: Item) -> dict[str, Any]:
        return {**self._place(response, item), "item_id": item.id, "content_index": 0}

    def _wire(self, response: Response, status: str) -> dict[str, Any]:
        settings = response.settings
        wire: dict[str, Any] = {
            "id": response.id,
            "object": "realtime.response",
            "status": status,
            "status_details": None,
            "output": [item.wire() for item in response.output],
            "conversation_id": self._items.conversation_id,
            "output_modalities": ["text"] if settings.text_only else ["audio"],
            "max_output_tokens": "inf" if settings.max_output_tokens is None else settings.max_output_tokens,
            "metadata": response.metadata,
            "usage": None,
        }
        if not settings.text_only:
            output = {"format": format_wire(settings.output_format), "voice": settings.voice}
            wire["audio"] = {"output": output}
        if status == "in_progress":
            return wire
        details: dict[str, Any] = {"type": status}
        if status == "cancelled":
            details["reason"] = response.cancelled_by
        if status == "failed":
            details["error"] = {"type": "server_error", "code": "engine_failed", "message": response.failure}
        written = sum(estimate_tokens(item.text) for item in response.output)
        wire["status_details"] = None if status == "completed" else details
        wire["usage"] = {
            "input_tokens": response.input_tokens,
            "output_tokens": written,
            "total_tokens": response.input_tokens + written,
            "input_token_details": {
                "text_tokens": response.input_tokens,
                "audio_tokens": 0,
                "cached_tokens": 0,
            },
            "output_token_details": {"text_tokens": written, "audio_tokens": 0},
        }
        return wire
