"""The avatar as a Ray Serve deployment: a bank of slots, one model call a tick for all of them."""

from __future__ import annotations

from ray import serve

from avatar import AnimatorConfig
from orchestration.configuration.serving import AvatarServing
from orchestration.faces.desk import FaceBatch, FaceResult
from orchestration.faces.local import LocalFaceBackend
from orchestration.serving.limits import step_back


@serve.deployment(name="Avatar")
class AvatarDeployment:
    """A :class:`~orchestration.faces.local.LocalFaceBackend` in a process of its own."""

    def __init__(self, config: AnimatorConfig, limits: AvatarServing) -> None:
        step_back(limits)
        self._backend = LocalFaceBackend(config, limits.slots)

    async def open(self, seed: int, history: tuple[FaceBatch, ...]) -> int | None:
        """See :class:`~orchestration.faces.mixer.FaceBackend`."""
        return await self._backend.open(seed, history)

    async def step(self, batch: FaceBatch) -> FaceResult:
        """See :class:`~orchestration.faces.mixer.FaceBackend`."""
        return await self._backend.step(batch)

    async def close(self, lease: int) -> None:
        """See :class:`~orchestration.faces.mixer.FaceBackend`."""
        await self._backend.close(lease)
