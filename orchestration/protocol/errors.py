"""What is wrong with a message, in words a client's author can act on."""

from __future__ import annotations


class ProtocolError(ValueError):
    """A message that breaks the protocol.

    ``code`` is stable and machine-readable; the text names the offending value and ``remedy`` the way out.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.code = code
        self.message = message
        self.remedy = remedy
