"""What turns sentences into vectors whose angles say how alike they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

FloatArray = NDArray[np.float32]


class EmbedderError(RuntimeError):
    """Sentences could not be embedded; the message names the cause and the remedy."""


class Embedder(Protocol):
    """Embeds sentences without blocking the event loop."""

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """Vectors of unit length, float32 (len(texts), width); raises ``EmbedderError``."""
        ...


class EmbedderConfig(BaseModel):
    """Which model embeds sentences, for notes and for emotion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(
        default="minilm-l6-v2",
        min_length=1,
        description="Folder of a BERT in safetensors with config.json and tokenizer.json, or a known name.",
    )
    threads: int = Field(default=1, ge=1, le=64, description="CPU threads, threads.")
    max_tokens: int = Field(
        default=256, ge=16, le=512, description="Longest text that is read; the rest is cut off, tokens."
    )
    timeout: float = Field(
        default=30.0, gt=0, le=600, description="Longest wait for one batch, waiting included, seconds."
    )
