"""The tools of one process, and what each session gets of them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agents.persona import Persona
from agents.tools.functions import Functions
from agents.tools.mcp_servers import McpServers
from agents.tools.outcome import ToolSource
from agents.tools.runner import ToolLimits, ToolRunner, allows
from orchestration.configuration import Configuration
from orchestration.session.hand_off import HAND_OFF, HandOff
from orchestration.session.observer import PLAIN, ReplyRequest
from orchestration.session.session import Session
from orchestration.session.tool_loop import ToolLoop, ToolOptions

log = logging.getLogger(__name__)


class Tooling:
    """Imports the configured functions and connects to the MCP servers, once for all sessions.

    Raises ``ToolError`` for a function that isn't there or a token that isn't set; a server that isn't there
    is tried again in the background, and says so when it is called.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._config = configuration.tools
        self._functions = Functions.load(self._config.functions)
        self._servers = McpServers(self._config.mcp_servers)
        self._warn_of_strangers(configuration)
        self._servers.start()

    def close(self) -> None:
        """Let the MCP servers go; takes seconds at most."""
        self._servers.close()

    def equip(self, session: Session, persona: Persona, hand_off: HandOff) -> ToolLoop:
        """Give a session that begins with ``persona`` its tools, and the hand-off its conversation."""
        config, timeline = self._config, session.timeline
        options = ToolOptions(persona.bridges, config.bridge_after_s, config.max_rounds, config.max_calls)
        loop = ToolLoop(self._runner(persona, timeline.now, hand_off), options, timeline)
        session.conversation.request = request_with(loop, persona)
        hand_off.attach(session.conversation, timeline)
        return loop

    def change(self, loop: ToolLoop, persona: Persona, session: Session, hand_off: HandOff) -> ReplyRequest:
        """Give a session the tools and the words of another persona; returns what its replies may do."""
        loop.change(self._runner(persona, session.timeline.now, hand_off), persona.bridges)
        return request_with(loop, persona)

    def _runner(self, persona: Persona, now: Callable[[], float], hand_off: ToolSource) -> ToolRunner:
        limits = ToolLimits(self._config.timeout_s, self._config.result_characters)
        return ToolRunner((self._functions, self._servers, hand_off), persona.tools, limits, now)

    def _warn_of_strangers(self, configuration: Configuration) -> None:
        """An allow-list with a typing error would otherwise be nothing but a tool that is never called."""
        known = [tool.name for tool in self._functions.tools()] + [HAND_OFF]
        for persona in configuration.offered().values():
            for pattern in persona.tools:
                server = pattern.partition("__")[0]
                if server not in self._config.mcp_servers and not any(allows([pattern], n) for n in known):
                    log.warning("%s may call %r, which no tool here is called", persona.name, pattern)


def request_with(loop: ToolLoop, persona: Persona) -> ReplyRequest:
    """What replies of ``persona`` may do; without tools they stay as plain as they were."""
    return ReplyRequest(loop=loop) if persona.tools else PLAIN
