"""``visavis animate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def animate(
    agent: Annotated[Path, typer.Option(help="What the agent says: any sound file.")],
    user: Annotated[Path, typer.Option(help="What the user says: any sound file.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write: motion as .npz or Live Link Face .csv, or a video, .mp4."
        ),
    ],
    user_motion: Annotated[
        Path | None, typer.Option(help="The user's motion, .npz or .csv at 25 frames a second.")
    ] = None,
    animator: Annotated[str, typer.Option(help="Which animator moves the face.")] = "streaming",
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the face; the same seed gives the same motion.")
    ] = 0,
    head: Annotated[str, typer.Option(help="Video: the agent's head, mira, noor, or a .glb.")] = "mira",
    user_head: Annotated[
        str, typer.Option(help="Video: the user's head, drawn where its motion is known.")
    ] = "noor",
    beside: Annotated[
        str, typer.Option(help="Video: another animator, whose face is drawn in the user's place.")
    ] = "",
    size: Annotated[str, typer.Option(help="Video: width and height, pixels.")] = "1280x720",
    fps: Annotated[int, typer.Option(min=5, max=60, help="Video: pictures a second.")] = 25,
) -> None:
    """Animate the agent's face from two recordings.

    Both recordings start together; the shorter one is followed by silence. The motion has 61 numbers a frame
    (52 ARKit shapes, the head's and the eyes' rotations), 25 frames a second, and takes far less than real
    time. A video shows the head with both voices; two heads, if the user's motion is given or
    another animator is held beside this one.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from avatar import load_animator
    from avatar.animate import animate as move
    from avatar.formats import read_motion, write_motion
    from avatar.motion import MotionClip
    from speech.audio import load_audio

    console = Console()
    filmed = out.suffix.lower() == ".mp4"
    if filmed:  # what a video lacks is said before the face is animated
        from avatar.video.film import check_format
        from avatar.video.stage import check_drawing
        from orchestration.video.filming import film_to, parse_size
        from orchestration.video.folder import Cast, load_head
        from orchestration.video.two_recordings import film_of

        pixels = parse_size(size)
        check_format(pixels, fps)
        check_drawing()
        heads = (load_head(head), load_head(user_head) if beside or user_motion is not None else None)
    elif beside:
        raise typer.BadParameter(
            f"only a video shows a second face; {out} isn't an .mp4", param_hint="--beside"
        )
    loaded = load_animator(animator)
    agent_pcm, user_pcm = load_audio(agent), load_audio(user)
    motion_of_user = None if user_motion is None else read_motion(user_motion).motion
    columns = (TextColumn("animating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("animating", total=None)
        motion = move(
            loaded,
            agent_pcm,
            user_pcm,
            motion_of_user,
            seed=seed,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    if filmed:
        second, cast = motion_of_user, Cast()
        if beside:
            second = move(load_animator(beside), agent_pcm, user_pcm, motion_of_user, seed=seed)
            cast = Cast(agent=animator, user=beside)
        film = film_of((agent, user), motion, second, heads, cast)
        frames = film_to(out, film, console, pixels, fps)
        console.print(f"{frames} pictures written to {out}", highlight=False, soft_wrap=True)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    write_motion(out, MotionClip.of(motion))
    typer.echo(f"{len(motion)} frames written to {out}")
