"""How language models are chosen and tuned; loading none of their libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class LlamaConfig(BaseModel):
    """How to run a GGUF model in this process."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["llama"] = Field(default="llama", description="Selects this engine.")
    model: str = Field(min_length=1, description="Path of the GGUF file.")
    chat_template: Path | None = Field(
        default=None,
        description="Jinja file that lays out the prompt, say with a place for tools; none: the model's own.",
    )
    context: int = Field(
        default=2048, ge=256, le=131_072, description="Prompt and reply together, in tokens, a slot."
    )
    slots: int = Field(
        default=1,
        ge=1,
        le=32,
        description="Requests decoded at the same time; each keeps its own prompt cache.",
    )
    prompt_cache: int = Field(
        default=256,
        ge=0,
        le=65_536,
        description="Memory for prompts of conversations that hold no slot now, in MiB.",
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=256,
        description="CPU threads; no more than cores that are free, since they wait for each other.",
    )
    gpu_layers: int = Field(
        default=0, ge=-1, le=1000, description="Layers offloaded to a GPU build of llama.cpp; -1 is all."
    )
    max_tokens: int = Field(
        default=40, ge=1, le=4096, description="Longest reply, in tokens, unless a call asks for less."
    )
    temperature: float = Field(default=0.0, ge=0.0, le=2.0, description="0 always takes the likeliest token.")
    top_p: float = Field(default=0.95, gt=0.0, le=1.0, description="Probability mass sampled from.")
    repeat_penalty: float = Field(
        default=1.0,
        ge=0.5,
        le=2.0,
        description="Divides the scores of recent tokens, the prompt's facts among them; 1 is off.",
    )

    repeat_window: int = Field(
        default=64, ge=0, le=4096, description="Recent tokens that the penalty looks at."
    )
    stop: tuple[str, ...] = Field(
        default=(), max_length=8, description="Strings that end the reply and are not part of it."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="Sampling seed, for temperatures above 0.")
    first_token_timeout: float = Field(
        default=10.0, gt=0.0, le=600.0, description="Longest wait for a reply's first token, s."
    )
    timeout: float = Field(default=30.0, gt=0.0, le=3600.0, description="Longest time for a whole reply, s.")


class OpenAICompatibleConfig(BaseModel):
    """How to reach a server that speaks OpenAI's protocol: vLLM, Ray Serve LLM, Ollama, the cloud."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["openai"] = Field(default="openai", description="Selects this engine.")
    model: str = Field(min_length=1, description="The model's name on the server.")
    base_url: str = Field(
        default="https://api.openai.com/v1",
        pattern=r"^https?://",
        description="The server's address, up to and including its version, such as http://localhost:8000/v1.",
    )
    api_key_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the key, never the key itself; none for an open server.",
    )
    max_tokens: int = Field(default=120, ge=1, le=4096, description="Longest reply, tokens.")
    temperature: float = Field(default=0.4, ge=0.0, le=2.0, description="0 always takes the likeliest token.")
    seed: int | None = Field(
        default=None, ge=0, le=2**31 - 1, description="Sampling seed, where the server knows it."
    )
    extra_body: dict[str, JsonValue] = Field(
        default={}, description="Further request fields that this server understands."
    )
    connect_timeout: float = Field(default=3.0, gt=0.0, le=60.0, description="Longest wait to connect, s.")
    first_token_timeout: float = Field(
        default=8.0, gt=0.0, le=600.0, description="Longest wait for the first token, s."
    )
    timeout: float = Field(default=30.0, gt=0.0, le=3600.0, description="Longest time for a whole reply, s.")


LanguageModelConfig = Annotated[LlamaConfig | OpenAICompatibleConfig, Field(discriminator="engine")]
