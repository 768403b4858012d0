"""``visavis render``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def render(
    session: Annotated[
        Path, typer.Argument(help="A recording's folder, as `visavis talk` or `make demo` leaves it.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Video to write, .mp4.")],
    user_motion: Annotated[
        Path | None,
        typer.Option(help="The user's motion, .npz or .csv; else user_motion.npz in the folder, if any."),
    ] = None,
    head: Annotated[str, typer.Option(help="The agent's head: mira, noor, or a .glb.")] = "mira",
    user_head: Annotated[
        str, typer.Option(help="The user's head, drawn where its motion is known.")
    ] = "noor",
    agent_name: Annotated[str, typer.Option(help="The agent's name, over its captions.")] = "Agent",
    user_name: Annotated[str, typer.Option(help="The user's name, over their captions.")] = "User",
    size: Annotated[str, typer.Option(help="Width and height of the picture, pixels.")] = "1280x720",
    fps: Annotated[int, typer.Option(min=5, max=60, help="Pictures a second.")] = 25,
    captions: Annotated[bool, typer.Option(help="Write what is said under the heads.")] = True,
) -> None:
    """Make a video of a recording: heads, both voices, captions, and who holds the floor.

    Two heads stand side by side where the user's motion is known, else the agent's alone. Needs no GPU and no
    display.
    """
    from rich.console import Console

    from avatar.video.stage import check_drawing
    from orchestration.video.filming import film_to, parse_size
    from orchestration.video.folder import Cast, read_folder

    console = Console()
    pixels = parse_size(size)
    check_drawing()
    film = read_folder(session, Cast(agent_name, user_name, head, user_head), user_motion)
    frames = film_to(out, film, console, pixels, fps, captions)
    console.print(f"{frames} pictures written to {out}", highlight=False, soft_wrap=True)
