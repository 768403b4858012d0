"""Renders a film with a progress bar."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

from avatar.video.film import Film, VideoError
from avatar.video.render import FPS, SIZE, render


def parse_size(text: str) -> tuple[int, int]:
    """``1280x720`` as width and height; raises ``VideoError`` for anything else."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX]\s*(\d{1,5})\s*", text)
    if match is None:
        raise VideoError(f"the size {text!r} isn't WIDTHxHEIGHT; give pixels, such as 1280x720")
    return int(match[1]), int(match[2])


def film_to(
    path: Path,
    film: Film,
    console: Console,
    size: tuple[int, int] = SIZE,
    fps: int = FPS,
    captions: bool = True,
) -> int:
    """Write the film to ``path``, showing how far it is; returns the number of pictures.

    Raises what ``avatar.video.render.render`` raises.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("filming"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("filming", total=None)
        return render(
            film,
            path,
            size,
            fps,
            captions,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
