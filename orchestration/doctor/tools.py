"""Whether the tools of a configuration can be offered, as far as that is known without calling anybody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestration.doctor.check import Check, State

if TYPE_CHECKING:
    from orchestration.configuration.tools import ToolsConfig


def check_tools(config: ToolsConfig) -> Iterator[Check]:
    """Each function's import and schema, each MCP server's program or token."""
    from agents.tools.functions import Functions
    from agents.tools.outcome import ToolError

    for entry in config.functions:
        subject = f"tool {entry.name or entry.function}"
        try:
            (tool,) = Functions.load([entry]).tools()
        except ToolError as error:
            yield Check(subject, State.FAILED, str(error), "correct tools.functions, or install its module")
        else:
            yield Check(subject, State.OK, f"{tool.name}: {tool.description[:60] or 'no description'}")
    for name, server in config.mcp_servers.items():
        subject = f"tool server {name}"
        if server.command and shutil.which(server.command[0]) is None:
            fix = f"install {server.command[0]}, or correct tools.mcp_servers.{name}.command"
            yield Check(subject, State.WARNING, f"no program {server.command[0]}", fix)
        elif server.token_env and not os.environ.get(server.token_env):
            yield Check(subject, State.FAILED, f"{server.token_env} is not set", "export it with the token")
        else:
            yield Check(subject, State.OK, server.url or server.command[0])
