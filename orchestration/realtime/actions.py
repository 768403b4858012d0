"""What each of a client's events does."""

from __future__ import annotations

from typing import Any

from orchestration.realtime.audio import decode_base64
from orchestration.realtime.items import Item, Items
from orchestration.realtime.outbox import Outbox
from orchestration.realtime.problems import EventError, unsupported, wrong_type
from orchestration.realtime.requests import ClientEvent, read_item
from orchestration.realtime.responses import Response, Responses
from orchestration.realtime.steering import Steering, request_of
from orchestration.realtime.user_turns import UserTurns
from orchestration.session.session import Session


class Actions:
    """Takes events one by one; for one that can't be done it raises ``EventError``, and nothing happens."""

    def __init__(
        self,
        session: Session,
        outbox: Outbox,
        items: Items,
        responses: Responses,
        turns: UserTurns,
        steering: Steering,
    ) -> None:
        self._session = session
        self._outbox = outbox
        self._items = items
        self._responses = responses
        self._turns = turns
        self._steering = steering

    async def take(self, event: ClientEvent) -> None:
        """Do what an event asks for; waits while the session can't take more sound."""
        fields = event.fields
        match event.type:
            case "session.update":
                self._update(event)
            case "input_audio_buffer.append":
                await self._turns.append(decode_base64(fields["audio"]), self._session)
            case "input_audio_buffer.commit":
                self._turns.commit(self._session)
            case "input_audio_buffer.clear":
                self._turns.clear(self._session)
            case "output_audio_buffer.clear":
                response = self._cancel(None)
                self._outbox.post("output_audio_buffer.cleared", response_id=response.id)
            case "conversation.item.create":
                self._create(fields["item"], fields.get("previous_item_id"))
            case "conversation.item.retrieve":
                found = self._items.find(fields["item_id"])
                self._outbox.post("conversation.item.retrieved", item=found.wire())
            case "conversation.item.delete":
                self._items.delete(fields["item_id"])
                self._outbox.post("conversation.item.deleted", item_id=fields["item_id"])
            case "conversation.item.truncate":
                self._truncate(self._items.find(fields["item_id"]), fields["audio_end_ms"])
            case "response.create":
                self._respond(event)
            case "response.cancel":
                self._cancel(fields.get("response_id"))

    def _update(self, event: ClientEvent) -> None:
        for problem in self._steering.update(event.fields["session"], self._session):
            self._outbox.refuse(problem, event.event_id)
        self._outbox.post("session.updated", session=self.session_wire())

    def session_wire(self) -> dict[str, Any]:
        """The ``session`` object as it is now."""
        return self._steering.wire(self._outbox.dialect)

    def _create(self, wish: dict[str, Any], after: Any) -> None:
        item = read_item(wish)
        if after is not None and not isinstance(after, str):
            raise wrong_type("previous_item_id", after, "an item's id, or null for the end")
        if item.kind == "function_call_output" and self._items.call(item.call_id) is None:
            raise EventError(
                "unknown_call",
                f"no call has the id {item.call_id!r}",
                "send the call_id of a function_call item",
                "item.call_id",
            )
        previous = self._items.add(item, after)
        self._outbox.post("conversation.item.added", previous_item_id=previous, item=item.wire())
        self._outbox.post("conversation.item.done", previous_item_id=previous, item=item.wire())

    def _respond(self, event: ClientEvent) -> None:
        wish = event.fields.get("response") or {}
        if not isinstance(wish, dict):
            raise wrong_type("response", wish, "an object")
        wish = dict(wish)
        if (conversation := wish.pop("conversation", None)) not in (None, "auto"):
            raise unsupported("response.conversation", conversation, "send auto, or leave it out")
        if given := wish.pop("input", None):
            raise unsupported("response.input", given, "create items, then ask for the response")
        metadata = wish.pop("metadata", None)
        if metadata is not None and not isinstance(metadata, dict):
            raise wrong_type("response.metadata", metadata, "an object")
        conversation_now = self._session.conversation
        detection = self._steering.settings.turn_detection
        on_its_way = conversation_now.understanding and detection is not None and detection.create_response
        if self._responses.active is not None or on_its_way:
            raise EventError(
                "conversation_already_has_active_response",
                "a response is under way already",
                "wait for response.done, or cancel it",
            )
        settings, problems = self._steering.of_response(wish)
        for problem in problems:
            self._outbox.refuse(problem, event.event_id)
        if settings.instructions != self._steering.settings.instructions:
            self._items.once = settings.instructions
        self._responses.open(settings, metadata)
        conversation_now.answer(request_of(settings))

    def _cancel(self, response_id: Any) -> Response:
        response = self._responses.active
        if response is None or response_id not in (None, response.id):
            active = "none is under way" if response is None else f"{response.id} is under way"
            raise EventError(
                "response_cancel_not_active",
                f"{'there is no response to cancel' if response_id is None else response_id}: {active}",
                "cancel between response.created and response.done",
                "response_id",
            )
        self._responses.cancelled_by = "client_cancelled"
        try:
            self._session.conversation.give_way()
        finally:
            self._responses.cancelled_by = "turn_detected"
        return response

    def _truncate(self, item: Item, audio_end_ms: int) -> None:
        sent = self._responses.sent_ms(item.id)
        if item.generation is None or not item.spoken:
            raise EventError(
                "not_spoken", f"{item.id} is no spoken reply", "truncate an assistant's message", "item_id"
            )
        if not 0 <= audio_end_ms <= sent:
            raise EventError(
                "invalid_value",
                f"audio_end_ms is {audio_end_ms}, and {sent} ms of {item.id} were sent",
                f"send 0 to {sent}",
                "audio_end_ms",
            )
        heard = self._session.conversation.truncate(item.generation, audio_end_ms / 1000)
        if heard is None:
            raise EventError(
                "too_old", f"{item.id} was said too long ago", "truncate a recent reply", "item_id"
            )
        self._items.amend(item.generation, heard)
        self._outbox.post(
            "conversation.item.truncated", item_id=item.id, content_index=0, audio_end_ms=audio_end_ms
        )
