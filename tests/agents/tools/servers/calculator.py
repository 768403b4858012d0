"""A small MCP server on stdio, made with the official library."""

from __future__ import annotations

import asyncio

from mcp.server.mcpserver import MCPServer

server = MCPServer("calculator", log_level="CRITICAL")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
async def hang() -> str:
    await asyncio.sleep(3600)
    return "never"


server.run()
