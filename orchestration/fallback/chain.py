"""Engines in the order of preference: a call goes to the first that works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestration.fallback.circuit import Circuit
from orchestration.fallback.switch import Switch, Tell

log = logging.getLogger(__name__)

E = TypeVar("E")
P = TypeVar("P")

FAILURES = (RuntimeError, ValueError, OSError)  # what engines raise; TimeoutError is an OSError


@dataclass(frozen=True, slots=True)
class Link(Generic[E]):
    """One engine of a chain, and what is known of its health."""

    name: str
    engine: E
    circuit: Circuit


class Chain(Generic[E]):
    """Tries engines one after another until one begins to answer; that one is then kept to the end.

    An engine fails by an error, or by giving nothing within ``wait`` seconds while there is another one left.
    One that failed is passed over until its circuit admits a call again. When all are passed over, all are
    tried: refusing a call helps nobody.
    """

    def __init__(
        self,
        role: str,
        links: Sequence[Link[E]],
        wait: float,
        *,
        harmless: tuple[type[Exception], ...] = (),
        passed_on: tuple[type[Exception], ...] = (),
    ) -> None:
        self._role = role
        self._links = tuple(links)
        self._wait = wait
        self._harmless = harmless  # the next engine is asked, this one isn't held to be broken
        self._passed_on = passed_on  # for the caller to answer

    def order(self) -> list[Link[E]]:
        """The engines as the next call would try them."""
        return sorted(self._links, key=lambda link: not link.circuit.admits)

    async def stream(
        self, call: Callable[[Link[E]], AsyncIterator[P]], tell: Tell
    ) -> AsyncGenerator[P, None]:
        """The answer of the first engine that gives one; raises what the last one raised.

        An engine that fails after it began to answer is not replaced: what was given can't be taken back.
        """
        order = self.order()
        for link, following in zip(order, [*order[1:], None], strict=True):
            attempt = link.circuit.begin()
            source = call(link)
            given = False
            try:
                async for part in _within(source, self._wait if following else None):
                    if not given and attempt.worked():
                        self._came_back(link, tell)
                    given = True
                    yield part
                if attempt.worked():
                    self._came_back(link, tell)
                return
            except self._passed_on:
                raise
            except FAILURES as error:
                if not isinstance(error, self._harmless):
                    attempt.failed()
                if given or following is None:
                    raise
                why = str(error) or f"nothing within {self._wait:g} s"
                self._tell(Switch(self._role, link.name, following.name, why), tell)
            finally:
                attempt.abandon()
                close = getattr(source, "aclose", None)
                if close is not None:
                    await close()

    def _came_back(self, link: Link[E], tell: Tell) -> None:
        stood_in = next((other.name for other in self.order() if other is not link), "")
        self._tell(Switch(self._role, stood_in, link.name, "it works again", recovered=True), tell)

    def _tell(self, switch: Switch, tell: Tell) -> None:
        log.warning("%s", switch.message)
        tell(switch)


async def _within(source: AsyncIterator[P], wait: float | None) -> AsyncIterator[P]:
    """The parts of ``source``, none of them more than ``wait`` seconds after it was asked for."""
    while True:
        async with asyncio.timeout(wait):
            try:
                part = await anext(source)
            except StopAsyncIteration:
                return
        yield part
