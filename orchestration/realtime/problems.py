"""What is wrong with a client's event, in words its author can act on."""

from __future__ import annotations

from typing import Any


class EventError(ValueError):
    """An event that can't be taken; ``param`` is the field at fault, ``remedy`` the way out."""

    def __init__(self, code: str, message: str, remedy: str, param: str | None = None) -> None:
        super().__init__(f"{message}; {remedy}")
        self.code = code
        self.param = param

    def wire(self, event_id: str | None) -> dict[str, Any]:
        """The ``error`` object; ``event_id`` is the culprit's."""
        return {
            "type": "invalid_request_error",
            "code": self.code,
            "message": str(self),
            "param": self.param,
            "event_id": event_id,
        }


def unsupported(param: str, value: Any, remedy: str) -> EventError:
    """A field whose value means something, but not here."""
    shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}..."
    return EventError("unsupported_value", f"{param} is {shown}, which isn't supported", remedy, param)


def wrong_type(param: str, value: Any, expected: str) -> EventError:
    """A field that holds something else than it should."""
    return EventError("invalid_type", f"{param} is of type {type(value).__name__}", f"send {expected}", param)
