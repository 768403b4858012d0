"""What can be missing or wrong when a corpus is made; every message names the remedy."""

from __future__ import annotations


class CorpusError(RuntimeError):
    """The corpus can't be made as asked."""


class AlignmentFailed(ValueError):
    """These words can't be found in this sound; ``reason`` is one word for the count of refusals."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)
