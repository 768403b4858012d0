"""The language model as a Ray Serve deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ray import serve

from agents.configuration import LanguageModelConfig
from agents.language_model import Completes, Message, ReplyPart, Toolbox
from orchestration.configuration.serving import DeploymentConfig
from orchestration.serving.limits import step_back


@serve.deployment(name="LanguageModel")
class LanguageModelDeployment:
    """A :class:`~agents.language_model.LanguageModel` in a process of its own."""

    def __init__(self, config: LanguageModelConfig, limits: DeploymentConfig) -> None:
        # imported here, so that the process that binds the application doesn't load llama.cpp
        from agents.engines import create_language_model

        step_back(limits)
        self._model = create_language_model(config)

    async def stream(
        self, messages: Sequence[Message], max_tokens: int | None, tools: Toolbox | None = None
    ) -> AsyncIterator[ReplyPart]:
        """See :class:`~agents.language_model.LanguageModel`."""
        async for part in self._model.stream(messages, max_tokens=max_tokens, tools=tools):
            yield part

    async def ending_probability(self, messages: Sequence[Message], text: str) -> float | None:
        """See :class:`~agents.language_model.Completes`; None where the model has no such gift."""
        if not isinstance(self._model, Completes):
            return None
        return await self._model.ending_probability(messages, text)
