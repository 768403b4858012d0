"""Lets a language model of this machine read what each persona is told, before somebody waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from agents.dialogue import Dialogue
from agents.language_model import LanguageModel, LanguageModelError
from agents.persona import Persona

log = logging.getLogger(__name__)

QUIET_SECONDS = 3.0  # nobody must be talking for so long before a persona is read for later


class Rehearsal:
    """Reads every persona once, but for the one that is ``known``; the model keeps them in its cache."""

    def __init__(self, model: LanguageModel, known: Persona, token_budget: int, within: float) -> None:
        self._model = model
        self._budget = token_budget
        self._within = within  # seconds for one persona
        self._begun = {known.key}
        self._reading: set[asyncio.Task[None]] = set()

    def begin(self, persona: Persona) -> None:
        """Read ``persona`` in the background, unless that was done or is being done."""
        if persona.key not in self._begun:
            self._begun.add(persona.key)
            task = asyncio.create_task(self._read(persona))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)

    async def read_in_quiet(self, personas: Iterable[Persona], busy: Callable[[], bool]) -> None:
        """Read all of ``personas``, one by one, while nobody talks: it would make them wait."""
        waiting = deque(persona for persona in personas if persona.key not in self._begun)
        while waiting:
            await asyncio.sleep(QUIET_SECONDS)
            if not (busy() or self._reading):
                self.begin(waiting.popleft())

    async def _read(self, persona: Persona) -> None:
        dialogue = Dialogue(persona, token_budget=self._budget)
        dialogue.add_user("Hello.")
        try:
            async with asyncio.timeout(self._within):
                async for _ in self._model.stream(dialogue.messages(), max_tokens=1):
                    pass
        except (LanguageModelError, TimeoutError) as error:
            log.warning(
                "%s could not be read beforehand: %s", persona.name, str(error) or "no answer in time"
            )
