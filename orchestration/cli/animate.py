"""``visavis animate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def animate(
    agent: Annotated[Path, typer.Option(help="What the agent says: any sound file.")],
    user: Annotated[Path, typer.Option(help="What the user says: any sound file.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Motion file to write: .npz or Live Link Face .csv.")
    ],
    user_motion: Annotated[
        Path | None, typer.Option(help="The user's motion, .npz or .csv at 25 frames a second.")
    ] = None,
    animator: Annotated[str, typer.Option(help="Which animator moves the face.")] = "procedural",
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the face; the same seed gives the same motion.")
    ] = 0,
) -> None:
    """Animate the agent's face from two recordings, faster than real time.

    Both recordings start together; the shorter one is followed by silence. The motion has 61 numbers a frame
    (52 ARKit shapes, the head's and the eyes' rotations), 25 frames a second.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from avatar import load_animator
    from avatar.animate import animate as move
    from avatar.formats import read_motion, write_motion
    from avatar.motion import MotionClip
    from speech.audio import load_audio

    loaded = load_animator(animator)
    agent_pcm, user_pcm = load_audio(agent), load_audio(user)
    motion_of_user = None if user_motion is None else read_motion(user_motion).motion
    columns = (TextColumn("animating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("animating", total=None)
        motion = move(
            loaded,
            agent_pcm,
            user_pcm,
            motion_of_user,
            seed=seed,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_motion(out, MotionClip.of(motion))
    typer.echo(f"{len(motion)} frames written to {out}")
