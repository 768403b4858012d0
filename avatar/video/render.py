"""From a film to a file: heads are drawn in this thread, finished and encoded in another beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from avatar.animator import FloatArray
from avatar.video.film import Film, check_format
from avatar.video.mp4 import Mp4Writer
from avatar.video.panel import Panel
from avatar.video.soundtrack import SAMPLE_RATE, soundtrack
from avatar.video.stage import Picture, Place, Stage

SIZE: Final = (1280, 720)  # pixels, width and height
FPS: Final = 25
AHEAD: Final = 4  # pictures that may wait to be encoded
PATIENCE: Final = 120.0  # seconds that encoding one picture may take on a machine with other work
FRAMING: Final = 0.36  # metres that the picture of the heads is high
WIDEST: Final = 1.26  # of one head's picture, as a multiple of its height; beside it there is only background
APART: Final = 0.255  # metres of two heads from the middle
TURNED: Final = 0.22  # radians of two heads towards each other

Progress = Callable[[int, int], None]  # pictures done, pictures in all


class Scene:
    """Draws a film's pictures: heads above, the panel below."""

    def __init__(self, film: Film, size: tuple[int, int] = SIZE, captions: bool = True) -> None:
        """Raises ``VideoError`` for a size that can't be encoded, ``DrawingUnavailable``."""
        check_format(size, FPS)
        self._film = film
        self._panel = Panel(film, size, captions)
        self._width = size[0]
        height = size[1] - self._panel.height
        alone = len(film.actors) == 1
        places = (Place(),) if alone else (Place(-APART, TURNED), Place(APART, -TURNED))
        width = min(size[0], round(height * WIDEST)) if alone else size[0]
        width -= (size[0] - width) % 2
        framing = FRAMING if alone else max(FRAMING, 2 * (APART + 0.225) * height / width)
        heads = tuple(side.head for side in film.actors if side.head is not None)
        self._stage = Stage(heads, places, (width, height), framing=framing)

    def shoot(self, at: float) -> Picture:
        """The heads at ``at`` seconds, as ``finish`` takes them; only in the thread that made the scene."""
        return self._stage.shoot(*(side.pose(at) for side in self._film.actors))

    def finish(self, shot: Picture, at: float) -> Picture:
        """The whole picture (height, width, 3); in any one thread."""
        heads = self._stage.develop(shot)
        beside = (self._width - heads.shape[1]) // 2
        heads = np.pad(heads, ((0, 0), (beside, beside), (0, 0)), mode="edge")
        return np.concatenate((heads, self._panel.draw(at)))

    def draw(self, at: float) -> Picture:
        """The picture (height, width, 3) at ``at`` seconds."""
        return self.finish(self.shoot(at), at)

    def close(self) -> None:
        """Give the drawing context back."""
        self._stage.close()


def render(
    film: Film,
    path: Path,
    size: tuple[int, int] = SIZE,
    fps: int = FPS,
    captions: bool = True,
    progress: Progress | None = None,
) -> int:
    """Write the film to ``path`` (.mp4) and return the number of its pictures; sound and pictures are of the
    same length, and memory doesn't grow with it.

    ``size`` is width and height in pixels. Raises ``VideoError``, ``DrawingUnavailable``, ``OSError``; then,
    and when it is interrupted, nothing is left at ``path`` that wasn't there before.
    """
    check_format(size, fps)
    frames = max(1, ceil(film.seconds * fps - 1e-6))
    with Mp4Writer(path, size, fps, SAMPLE_RATE) as writer, closing(Scene(film, size, captions)) as scene:

        def finish(shot: Picture, at: float, sound: FloatArray) -> None:
            writer.write(scene.finish(shot, at), sound)

        pool = ThreadPoolExecutor(1, thread_name_prefix="encode")
        waiting: deque[Future[None]] = deque()
        try:
            for frame, sound in enumerate(soundtrack(film, frames, fps)):
                at = frame / fps
                waiting.append(pool.submit(finish, scene.shoot(at), at, sound))
                if len(waiting) > AHEAD:
                    waiting.popleft().result(PATIENCE)
                if progress is not None:
                    progress(frame + 1, frames)
            while waiting:
                waiting.popleft().result(PATIENCE)
        finally:
            pool.shutdown(cancel_futures=True)
    return frames
