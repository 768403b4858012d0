"""What tests of every endpoint of the gateway share."""

from __future__ import annotations

import asyncio

from orchestration.configuration import load_configuration


def configured(**changes):
    """The default configuration with the gateway's and the session's options changed."""
    configuration = load_configuration("default", models=False)
    gateway = configuration.gateway.model_copy(update=changes.pop("gateway", {}))
    session = configuration.session.model_copy(update=changes.pop("session", {}))
    return configuration.model_copy(update={"gateway": gateway, "session": session, **changes})


async def until(reached, within=20.0):
    """Poll for what no event tells."""
    async with asyncio.timeout(within):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
