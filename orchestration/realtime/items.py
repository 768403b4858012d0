"""The conversation as the protocol sees it: a list of items, which is also what the model is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from agents.dialogue import CUT, TRIMMED_SHARE, TURN_OVERHEAD, estimate_tokens
from agents.language_model import Message, ToolCall
from orchestration.realtime.dialect import new_id
from orchestration.realtime.problems import EventError

MAX_ITEMS: Final = 500  # of a conversation; the oldest go
Kind = Literal["message", "function_call", "function_call_output"]


@dataclass(slots=True)
class Item:
    """One item: a message, a call of a tool, or its result.

    ``text`` is what was written or said, ``heard`` what the other side took in of it (None: not known yet).
    """

    id: str
    kind: Kind
    role: Literal["user", "assistant", "system"] = "user"
    text: str = ""
    heard: str | None = None
    spoken: bool = False
    status: Literal["in_progress", "completed", "incomplete"] = "completed"
    generation: int | None = None
    interrupted: bool = False
    call_id: str = ""
    name: str = ""

    def wire(self) -> dict[str, Any]:
        """The item as events show it."""
        head = {"id": self.id, "object": "realtime.item", "type": self.kind, "status": self.status}
        match self.kind:
            case "function_call":
                return head | {"call_id": self.call_id, "name": self.name, "arguments": self.text}
            case "function_call_output":
                return head | {"call_id": self.call_id, "output": self.text}
            case "message":
                return head | {"role": self.role, "content": self._content()}

    def _content(self) -> list[dict[str, Any]]:
        if self.role == "assistant":
            if self.status == "in_progress":
                return []
            if self.spoken:
                return [{"type": "output_audio", "transcript": self.text}]
            return [{"type": "output_text", "text": self.text}]
        if self.spoken:
            return [{"type": "input_audio", "transcript": self.text or None}]
        return [{"type": "input_text", "text": self.text}]


class Items:
    """The ledger of one conversation; ``Remembers`` for its session.

    The prompt is cut to ``budget`` tokens; a call goes into it only together with its result.
    """

    def __init__(self, instructions: str, budget: int) -> None:
        self.conversation_id = new_id("conv")
        self.instructions = instructions
        self.once: str | None = None  # instructions of the next prompt only
        self.reserved = 0  # tokens of the budget that tools take
        self.on_user: Callable[[str], None] | None = None  # who makes the item of a spoken turn
        self._budget = budget
        self._items: list[Item] = []
        self._first: str | None = None  # id of the oldest item that the model still sees

    # -- the list ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Item]:
        return iter(tuple(self._items))

    @property
    def last_id(self) -> str | None:
        """Id of the newest item."""
        return self._items[-1].id if self._items else None

    def find(self, item_id: str) -> Item:
        """The item of this id; raises ``EventError``."""
        for item in reversed(self._items):
            if item.id == item_id:
                return item
        raise EventError(
            "item_not_found", f"there is no item {item_id!r}", "name an item of this conversation", "item_id"
        )

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Put an item at the end, or ``after`` another one (``root``: first); returns what it comes after.

        Raises ``EventError`` for an id that is taken or isn't there.
        """
        if any(other.id == item.id for other in self._items):
            raise EventError(
                "item_exists", f"there is an item {item.id!r} already", "choose another id", "item.id"
            )
        place = len(self._items)
        if after == "root":
            place = 0
        elif after is not None:
            place = self._items.index(self.find(after)) + 1
        self._items.insert(place, item)
        previous = self._items[place - 1].id if place else None
        if len(self._items) > MAX_ITEMS:
            del self._items[0]
        return previous

    def before(self, item_id: str) -> str | None:
        """Id of the item before this one; None for the first, or one that was deleted."""
        ids = [item.id for item in self._items]
        place = ids.index(item_id) if item_id in ids else 0
        return ids[place - 1] if place else None

    def delete(self, item_id: str) -> None:
        """Forget an item; raises ``EventError``."""
        self._items.remove(self.find(item_id))

    def call(self, call_id: str) -> Item | None:
        """The call of a tool of this id."""
        for item in self._items:
            if item.kind == "function_call" and item.call_id == call_id:
                return item
        return None

    def amend(self, generation: int, heard: str) -> None:
        """The client corrects what was heard of a reply."""
        for item in self._items:
            if item.generation == generation and item.kind == "message":
                item.heard, item.interrupted = heard, True

    # -- Remembers --------------------------------------------------------------------------------

    def add_user(self, text: str) -> None:
        """The user said ``text``: its item is made, or the item that waited for it is filled."""
        if self.on_user is None:
            self.add(Item(new_id("item"), "message", "user", text, text, spoken=True))
        else:
            self.on_user(text)

    def begin_reply(self, generation: int) -> None:
        """Nothing to be done: the item of a reply is added when it has words."""

    def commit(self, generation: int, heard: str, *, interrupted: bool = False) -> bool:
        """Keep what was heard of a reply; False for one that has no item (any more)."""
        for item in reversed(self._items):
            if item.generation == generation and item.kind == "message":
                item.heard, item.interrupted = heard, interrupted
                return True
        return False

    def preview(self, text: str) -> Sequence[Message]:
        """The prompt as it would be, had the user said ``text``."""
        return self._prompt([*self._items, Item("", "message", "user", text, text)])

    def messages(self) -> Sequence[Message]:
        """The prompt: instructions, then as many of the latest items as the budget holds."""
        return self._prompt(self._items)

    # -- the prompt -------------------------------------------------------------------------------

    def _prompt(self, items: Sequence[Item]) -> Sequence[Message]:
        system = Message("system", self.instructions if self.once is None else self.once)
        head = (system,) if system.content else ()
        room = self._budget - self.reserved - sum(map(_cost, head))
        start = next((n for n, item in enumerate(items) if item.id == self._first), 0)
        messages = _told(items[start:])
        if messages and sum(map(_cost, messages)) > room:
            # In one larger step, so that the prompt that follows can be cached over many turns.
            for place in _openings(items, start):
                start, messages = place, _told(items[place:])
                if sum(map(_cost, messages)) <= TRIMMED_SHARE * room:
                    break
            self._first = items[start].id or None
            messages = _cut(messages, room)
        return (*head, *messages)


def _openings(items: Sequence[Item], start: int) -> list[int]:
    """Places after ``start`` where the user begins to speak."""
    opens = []
    for n in range(start + 1, len(items)):
        if items[n].role == "user" and items[n].kind == "message":
            opens.append(n)
    return opens


def _cut(messages: list[Message], room: int) -> list[Message]:
    """What still doesn't fit goes from the front: whole messages, a call with its result, then words."""
    while sum(map(_cost, messages)) > room:
        size = 2 if messages[0].calls else 1
        if len(messages) <= size:
            break
        messages = messages[size:]
    for place in {0, len(messages) - 1}:
        left = room - sum(map(_cost, messages))
        if left < 0:
            content = messages[place].content
            kept = max(0, estimate_tokens(content) + left)  # a character is a token at worst
            messages[place] = replace(messages[place], content=content[len(content) - kept :])
    return messages


def _told(items: Sequence[Item]) -> list[Message]:
    """Items as the model reads them; neighbours of the same side become one message."""
    results = {item.call_id: item.text for item in items if item.kind == "function_call_output"}
    messages: list[Message] = []
    for item in items:
        if item.kind == "function_call_output":
            continue  # told right after its call
        if item.kind == "function_call":
            _tell_call(messages, item, results)
            continue
        text = " ".join((item.heard or "").split())
        if not text:
            continue
        text += CUT if item.interrupted else ""
        if messages and messages[-1].role == item.role and not messages[-1].calls:
            text = f"{messages.pop().content} {text}"
        messages.append(Message(item.role, text))
    return messages


def _tell_call(messages: list[Message], item: Item, results: dict[str, str]) -> None:
    if item.call_id not in results:
        return
    call = ToolCall(item.call_id, item.name, item.text)
    content = ""
    if messages and messages[-1].role == "assistant":
        content = messages.pop().content  # what was said on the way to the call
    messages.append(Message("assistant", content, (call,)))
    messages.append(Message("tool", results[item.call_id], call_id=item.call_id))


def _cost(message: Message) -> int:
    written = message.content + "".join(call.name + call.arguments for call in message.calls)
    return estimate_tokens(written) + TURN_OVERHEAD
