"""The sentence embedder as a Ray Serve deployment, and the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from ray import serve
from ray.exceptions import RayError
from ray.serve.exceptions import RayServeException

from agents.embedder import EmbedderConfig, EmbedderError, FloatArray
from orchestration.configuration.serving import DeploymentConfig
from orchestration.serving.limits import step_back
from orchestration.serving.remote import cause_of


@serve.deployment(name="Embedder")
class EmbedderDeployment:
    """A :class:`~agents.minilm.MiniLM` in a process of its own."""

    def __init__(self, config: EmbedderConfig, limits: DeploymentConfig) -> None:
        # imported here, so that the process that binds the application doesn't load torch
        from agents.minilm import MiniLM

        step_back(limits)
        self._model = MiniLM(config)

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        """See :class:`~agents.embedder.Embedder`."""
        return await self._model.embed(texts)


class RemoteEmbedder:
    """``Embedder`` in a replica."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    async def embed(self, texts: Sequence[str]) -> FloatArray:
        response = self._handle.embed.remote(list(texts))
        try:
            vectors: FloatArray = await response
        except asyncio.CancelledError:
            response.cancel()
            raise
        except (RayError, RayServeException) as error:
            raise EmbedderError(cause_of(error)) from error
        return vectors
