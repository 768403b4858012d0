"""Windows of a few seconds cut from the DualTalk dataset, and the batches that a model is trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from avatar.animator import FRAME_RATE
from avatar.training.dualtalk_data import FLAME, DatasetError, MotionFiles, Pair, measure, read_sound


@dataclass(frozen=True, slots=True)
class WindowBatch:
    """Windows of T frames: sounds float32 (batch, 640 T) at 16 kHz, motions (batch, T, columns)."""

    agent_audio: Tensor
    user_audio: Tensor
    user_motion: Tensor
    agent_motion: Tensor

    def __len__(self) -> int:
        return len(self.agent_audio)

    def to(self, device: torch.device | str) -> WindowBatch:
        """The batch on a device."""
        return WindowBatch(
            self.agent_audio.to(device, non_blocking=True),
            self.user_audio.to(device, non_blocking=True),
            self.user_motion.to(device, non_blocking=True),
            self.agent_motion.to(device, non_blocking=True),
        )


class Windows(Dataset[WindowBatch]):
    """Windows of ``seconds`` from pairs, one after another every ``hop`` seconds, as batches of one.

    Recordings are measured at once by their headers and read when a window is asked for; what follows the
    last whole window isn't used. A recording shorter than a window is an error, or with ``skip_short`` left
    out and named in ``skipped``. ``aliased`` gives the reference's defect: each window is the recording's
    last. ``files`` says how motion is kept. Raises ``DatasetError`` for such recordings, wrong files (see
    ``measure``), and if nothing is left.
    """

    def __init__(
        self,
        pairs: Sequence[Pair],
        seconds: float = 8.0,
        hop: float | None = None,
        *,
        skip_short: bool = False,
        aliased: bool = False,
        files: MotionFiles = FLAME,
    ) -> None:
        self.files = files
        self.frames = round(seconds * FRAME_RATE)
        step = max(1, round((seconds if hop is None else hop) * FRAME_RATE))
        self.skipped: list[str] = []
        self.index: list[tuple[Pair, int]] = []
        for pair in pairs:
            length = measure(pair, files.frames)
            if length < self.frames:
                if not skip_short:
                    raise DatasetError(
                        f"{pair.motion(pair.agent)}: {length / FRAME_RATE:g} s are shorter than a window of "
                        f"{seconds:g} s; choose shorter windows, or skip short recordings (skip_short)"
                    )
                self.skipped.append(pair.name)
                continue
            starts = list(range(0, length - self.frames + 1, step))
            self.index += [(pair, starts[-1] if aliased else start) for start in starts]
        if not self.index:
            raise DatasetError(
                f"no recording is as long as a window of {seconds:g} s ({len(self.skipped)} were skipped)"
            )

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, index: int) -> WindowBatch:
        pair, start = self.index[index]
        cut = slice(start, start + self.frames)
        agent, user = (self.files.read(pair.motion(speaker))[cut] for speaker in (pair.agent, pair.user))
        sounds = (read_sound(pair.sound(speaker), start, self.frames) for speaker in (pair.agent, pair.user))
        return WindowBatch(*(torch.from_numpy(np.array(values))[None] for values in (*sounds, user, agent)))


class WindowBatches:
    """Batches of windows, shuffled anew in each epoch by ``seed`` and the epoch's number; the last may be
    smaller.

    ``workers`` processes read ahead; 0 reads in this one.
    """

    def __init__(
        self, windows: Windows, batch: int, *, shuffle: bool, seed: int = 0, workers: int = 0
    ) -> None:
        self.windows = windows
        self._batch = batch
        self._shuffle = shuffle
        self._seed = seed
        self._workers = workers
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next pass."""
        self._epoch = epoch

    def __len__(self) -> int:
        return -(-len(self.windows) // self._batch)

    def __iter__(self) -> Iterator[WindowBatch]:
        # A generator of its own: the order depends on nothing else that was drawn.
        order = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        loader: DataLoader[WindowBatch] = DataLoader(
            self.windows,
            self._batch,
            shuffle=self._shuffle,
            num_workers=self._workers,
            collate_fn=join,
            generator=order,
        )
        yield from loader


def join(batches: Sequence[WindowBatch]) -> WindowBatch:
    """One batch of several."""
    return WindowBatch(
        torch.cat([batch.agent_audio for batch in batches]),
        torch.cat([batch.user_audio for batch in batches]),
        torch.cat([batch.user_motion for batch in batches]),
        torch.cat([batch.agent_motion for batch in batches]),
    )
