"""Conversations whose client vanished, kept for a while in case it comes back."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from dataclasses import dataclass

from agents.dialogue import Turn

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ParkedDialogue:
    """What was said so far, and who said it: persona and voice by name."""

    persona: str
    voice: str
    turns: tuple[Turn, ...]
    asked_for: str = ""  # the persona that it began with, where it was handed over since


class Parking:
    """Keeps at most ``limit`` dialogues for ``within`` seconds each; every token opens its dialogue once."""

    def __init__(self, within: float, limit: int) -> None:
        self._within = within
        self._limit = limit
        self._parked: OrderedDict[str, tuple[ParkedDialogue, asyncio.TimerHandle]] = OrderedDict()
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._parked)

    def put(self, token: str, dialogue: ParkedDialogue) -> None:
        """Keep ``dialogue`` for whoever brings ``token``; where no room is left, the oldest one goes."""
        if len(self._parked) >= self._limit:
            _, (_, expiry) = self._parked.popitem(last=False)
            expiry.cancel()
            self.counts["parked_evicted"] += 1
            log.warning("a parked conversation went, since gateway.max_parked = %d are kept", self._limit)
        expiry = asyncio.get_running_loop().call_later(self._within, self._expire, token)
        self._parked[token] = (dialogue, expiry)
        self.counts["parked"] += 1

    def take(self, token: str) -> ParkedDialogue | None:
        """The dialogue of ``token``, which then is kept no longer; None if there is none."""
        found = self._parked.pop(token, None)
        if found is None:
            return None
        found[1].cancel()
        return found[0]

    def _expire(self, token: str) -> None:
        del self._parked[token]
        self.counts["parked_expired"] += 1
