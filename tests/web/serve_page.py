"""The gateway in a process of its own, as browsers meet it: real models in this process, no Ray.

``python tests/web/serve_page.py --port 8123 [--set gateway.max_sessions=1 ...]`` prints ``ready`` once it
serves.
"""

from __future__ import annotations

import argparse
import asyncio

import uvicorn
import yaml

from orchestration.clock import LoopClock
from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.gateway.api import create_api
from orchestration.gateway.host import SessionHost
from orchestration.in_process import open_engines


def configured(port: int, changes: list[str]) -> Configuration:
    """The default configuration with ``section.key=value`` changes, values in YAML."""
    data = load_configuration("default").model_dump()
    data["gateway"]["port"] = port
    for change in changes:
        path, value = change.split("=", 1)
        *sections, key = path.split(".")
        place = data
        for section in sections:
            place = place[section]
        place[key] = yaml.safe_load(value)
    return resolve_models(Configuration.model_validate(data))


async def serve(configuration: Configuration) -> None:
    """Serve until the process is ended."""
    async with open_engines(configuration) as engines:
        host = SessionHost(configuration, engines, LoopClock())
        server = uvicorn.Server(
            uvicorn.Config(
                create_api(lambda: host),
                host="127.0.0.1",
                port=configuration.gateway.port,
                log_level="warning",
                lifespan="off",
                timeout_graceful_shutdown=1,
            )
        )
        running = asyncio.create_task(server.serve())
        while not server.started and not running.done():  # noqa: ASYNC110  # it has no event for that
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        await running


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    arguments = parser.parse_args()
    asyncio.run(serve(configured(arguments.port, arguments.set)))
