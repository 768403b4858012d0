"""How tools are named in a configuration; importing none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"  # what language model servers accept
SERVER_NAME = r"^[A-Za-z0-9-]{1,24}$"  # leaves room for the tool's own name after it


class FunctionConfig(BaseModel):
    """A Python function as a tool."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    function: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="Where the function is, as `module:function`; async functions must not block.",
    )
    name: str | None = Field(
        default=None,
        pattern=TOOL_NAME,
        description="What the model calls it; none: the function's own name.",
    )
    description: str | None = Field(
        default=None, max_length=1_000, description="What the model is told of it; none: its docstring."
    )


class McpServerConfig(BaseModel):
    """One MCP server: a program that is started here, or an address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: tuple[str, ...] = Field(
        default=(), max_length=64, description="Program and its arguments, for a server on stdio."
    )
    env: dict[str, str] = Field(
        default={}, description="Environment variables of the program, besides PATH, HOME and the like."
    )
    cwd: Path | None = Field(default=None, description="The program's working folder; none: this one's.")
    url: str | None = Field(
        default=None, pattern=r"^https?://", description="Address of a server that speaks streamable HTTP."
    )
    token_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable with the bearer token for `url`, never the token itself.",
    )
    connect_timeout_s: float = Field(
        default=10.0, gt=0, le=120, description="Longest wait for the server to list its tools, seconds."
    )
    retry_after_s: float = Field(
        default=5.0,
        gt=0,
        le=3_600,
        description="Wait before a server that is gone is tried again, seconds; doubles up to 16 times.",
    )
    messages_per_s: int = Field(
        default=200,
        ge=1,
        le=100_000,
        description="Messages a second, on average over two seconds, beyond which the server is cut off.",
    )
    max_tools: int = Field(
        default=64, ge=1, le=1_000, description="Tools of this server that are offered at all."
    )

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise PydanticCustomError(
                "mcp_server", "give `command` for a program or `url` for an address, and not both"
            )
        if self.token_env and not self.url:
            raise PydanticCustomError("mcp_server", "`token_env` goes with `url`; a program takes `env`")
        return self
