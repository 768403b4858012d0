"""``visavis livelink``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def livelink(
    motion: Annotated[Path, typer.Argument(help="Motion file: .npz or Live Link Face .csv.")],
    to: Annotated[
        str, typer.Option(help="Where Unreal or another listener is: HOST or HOST:PORT.")
    ] = "127.0.0.1:11111",
    subject: Annotated[str, typer.Option(help="Name under which the face appears in Live Link.")] = "visavis",
    loop: Annotated[bool, typer.Option("--loop", help="Start again at the end, until Ctrl-C.")] = False,
    fps: Annotated[
        int, typer.Option(help="Frames a second to send: 25, 30 or 60; interpolated where it isn't 25.")
    ] = 25,
    resample: Annotated[
        bool, typer.Option("--resample", help="Take a file that isn't at 25 frames a second.")
    ] = False,
) -> None:
    """Stream a motion file to Live Link in real time, as the phone app Live Link Face does.

    Unreal listens on UDP port 11111 once its plug-ins Live Link and Apple ARKit Face Support are on.
    """
    import asyncio

    from avatar.formats import read_motion
    from avatar.formats.livelink_sender import LiveLinkSender
    from orchestration.clock import LoopClock
    from orchestration.motion_stream import Streamed, stream_clip

    if fps not in (25, 30, 60):
        raise typer.BadParameter(f"{fps} isn't one of 25, 30 and 60", param_hint="--fps")
    host, port = address(to)
    clip = read_motion(motion, resample=resample)
    so_far = Streamed()
    with LiveLinkSender(host, port, subject=subject, fps=fps) as sender:
        typer.echo(f"{len(clip.motion)} frames to {host}:{port} as {subject!r}; stop with Ctrl-C")
        try:
            asyncio.run(stream_clip(clip, sender, LoopClock(), fps=fps, loop=loop, so_far=so_far))
        except KeyboardInterrupt:
            typer.echo("stopped")
        told = f"{so_far.sent} frames sent"
        if so_far.skipped:
            told += f", {so_far.skipped} skipped because this machine was late"
        if so_far.refused:
            told += f", {so_far.refused} refused by the system ({sender.last_error})"
        typer.echo(told)


def address(text: str, option: str = "--to") -> tuple[str, int]:
    """Host and port of ``HOST``, ``HOST:PORT`` or ``[IPv6]:PORT``; raises ``typer.BadParameter``."""
    from urllib.parse import urlsplit

    from avatar.formats.livelink_udp import DEFAULT_PORT

    try:
        parts = urlsplit(f"udp://{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT ({error})", param_hint=option) from error
    if not host or parts.path or parts.username is not None:
        raise typer.BadParameter(f"{text!r} is not HOST:PORT", param_hint=option)
    return host, DEFAULT_PORT if port is None else port
