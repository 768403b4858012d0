"""DualTalk as an animator: the whole-clip model run again and again over the last seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from avatar.config import AnimatorConfig
from avatar.dualtalk.checkpoint import load_checkpoint
from avatar.dualtalk.model import DualTalk
from avatar.dualtalk.passes import Passes
from avatar.dualtalk.slots import WindowedSlots
from avatar.dualtalk.spaces import space_of
from avatar.dualtalk.weight_files import CheckpointError
from avatar.retarget import FlameRetargeting, load_flame_map
from avatar.slots import OneSlot


class WindowedDualTalk:
    """Animates any number of faces by one DualTalk, which it takes over; the map makes FLAME ours.

    Raises ``RetargetError`` for a model that moves FLAME without a map, ``CheckpointError`` for one that
    moves neither FLAME nor ARKit, and ``DeviceError`` for a device that isn't there.
    """

    name = "dualtalk"

    def __init__(
        self,
        model: DualTalk,
        retargeting: FlameRetargeting | None = None,
        config: AnimatorConfig | None = None,
    ) -> None:
        self.config = config or AnimatorConfig(name=self.name)
        self.look_ahead = self.config.window.ahead_frames
        self._space = space_of(model.config.blendshape_dim, retargeting)
        self._passes = Passes(model, self.config.device, self.config.window)

    @classmethod
    def load(cls, config: AnimatorConfig) -> Self:
        """From the files that ``config`` names; raises also what ``load_checkpoint`` and ``load_flame_map``
        raise.
        """
        if config.checkpoint is None:
            raise CheckpointError(
                "the dualtalk animator needs weights: give checkpoint, the path of an official DualTalk "
                "checkpoint or of one that `visavis train` wrote"
            )
        retargeting = None
        if config.flame_map is not None:
            path = config.flame_map.expanduser()
            retargeting = FlameRetargeting(load_flame_map(path, config.window.flame_map_order))
        return cls(load_checkpoint(config.checkpoint), retargeting, config)

    @contextmanager
    def stream(self, seed: int = 0) -> Iterator[OneSlot]:
        """Open one face; the same seed and input give the same motion."""
        yield OneSlot(self._bank(1), seed)

    @contextmanager
    def open_slots(self, slots: int) -> Iterator[WindowedSlots]:
        """Open a bank of slots for serving many sessions with one call a tick; slot n starts with seed n."""
        yield self._bank(slots)

    def _bank(self, slots: int) -> WindowedSlots:
        return WindowedSlots(self._passes, self._space, self.config, slots)
