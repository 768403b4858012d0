"""What the agent may do besides talking, and within which limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agents.tools.configuration import SERVER_NAME, FunctionConfig, McpServerConfig


class ToolsConfig(BaseModel):
    """The tools of a system; which of them a persona may call is in the persona's own ``tools``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    functions: tuple[FunctionConfig, ...] = Field(
        default=(), max_length=64, description="Python functions that the model may call."
    )
    mcp_servers: dict[Annotated[str, StringConstraints(pattern=SERVER_NAME)], McpServerConfig] = Field(
        default={},
        max_length=16,
        description="MCP servers by name; their tools are called `server__tool`.",
    )
    timeout_s: float = Field(default=10.0, gt=0, le=300, description="Longest wait for one call, seconds.")
    result_characters: int = Field(
        default=2_000,
        ge=80,
        le=100_000,
        description="Longest result that the model reads, characters; it must fit into the model's context.",
    )
    bridge_after_s: float = Field(
        default=0.8,
        ge=0,
        le=60,
        description="Silence of a call after which the agent says one of the persona's `bridges`, seconds.",
    )
    max_rounds: int = Field(
        default=3, ge=1, le=20, description="Rounds of calls in one reply; then the model must answer."
    )
    max_calls: int = Field(default=40, ge=1, le=10_000, description="Calls in one session.")
