"""The heads that pages draw: built once off the event loop, then served from the user's cache."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Literal

from avatar.head import HeadMissing, head_path
from orchestration.configuration import Configuration

log = logging.getLogger(__name__)

HEADS_PATH = "/heads"
LIGHT = "-light"


class Heads:
    """Finds the files of the heads that the personas of a configuration have; builds what isn't built yet.

    Each head is there twice, whole as ``NAME`` and for drawing without a graphics card as ``NAME-light``.
    """

    def __init__(self, configuration: Configuration) -> None:
        names = {configuration.head_of(persona) for persona in configuration.offered().values()}
        self.names = sorted(names - {""}) + [name + LIGHT for name in sorted(names - {""})]
        model = configuration.head.model if configuration.head is not None else ""
        self._data = Path(model) if Path(model).is_dir() else None  # a name means the installed package
        self._one_at_a_time = asyncio.Lock()

    async def path(self, name: str) -> Path:
        """The file of head ``name``; takes seconds the first time ever. Raises ``HeadMissing``."""
        if name not in self.names:
            raise HeadMissing(f"no head {name!r} is served here; heads: {', '.join(self.names) or 'none'}")
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._find, name)

    def _find(self, name: str) -> Path:
        detail: Literal["full", "light"] = "light" if name.endswith(LIGHT) else "full"
        return head_path(name.removesuffix(LIGHT), self._data, detail=detail)

    async def prepare(self) -> None:
        """Build every head, so that no visitor waits; what can't be built is logged."""
        for name in self.names:
            try:
                await self.path(name)
            except (HeadMissing, OSError) as error:
                log.warning("the head %s can't be served: %s", name, error)
