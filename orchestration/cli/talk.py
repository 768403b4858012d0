"""``visavis talk``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def talk(
    recording: Annotated[
        Path, typer.Argument(help="Recording of a person, any sound file; what they say is answered.")
    ],
    url: Annotated[
        str, typer.Option(help="The server's session address.")
    ] = "ws://127.0.0.1:8000/v1/session",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for what comes of it.")] = Path("out/talk"),
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for the answer after the recording has ended.")
    ] = 30.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the agent's face.")] = None,
    persona: Annotated[
        str | None, typer.Option(help="Whom to talk with; the server's /v1/options lists them.")
    ] = None,
    voice: Annotated[str | None, typer.Option(help="The agent's voice, from the same list.")] = None,
    live_link: Annotated[
        str | None,
        typer.Option(help="Send the face to Unreal's Live Link as it is heard: HOST or HOST:PORT."),
    ] = None,
) -> None:
    """Play a recording to a running server in real time and keep the conversation.

    Prints the conversation as it happens. Leaves user.wav, agent.wav, conversation.wav, motion.csv,
    motion.npz, transcript.json, events.jsonl, latency.json and timeline.png in the folder given by --out.
    """
    import asyncio
    import contextlib

    from rich.console import Console

    from avatar.formats.livelink_sender import LiveLinkSender
    from orchestration.cli.livelink import address
    from orchestration.client.narration import Narrator, latency_table
    from orchestration.client.talk import open_talk
    from orchestration.protocol import AgentFrame, Hello
    from orchestration.recording.artefacts import write_artefacts
    from orchestration.recording.recording import Recording
    from orchestration.recording.transcript import latencies
    from speech.audio import load_audio

    console = Console()
    greeting = Hello(client="visavis talk", seed=seed, persona=persona, voice=voice)
    pcm = load_audio(recording)

    sender = None if live_link is None else LiveLinkSender(*address(live_link, "--live-link"))

    def show(frame: AgentFrame) -> None:
        if sender is not None:
            sender.send(frame.motion, frame.pts)

    async def hold() -> Recording:
        async with open_talk(url, greeting, Narrator(console, "agent"), show) as call:
            await call.wait(0.5)
            await call.say(pcm)
            if not await call.answered(patience):
                console.print(f"no answer within {patience:g} s", style="yellow")
        return call.recording

    with sender or contextlib.nullcontext():
        kept = asyncio.run(hold())
    if turns := latencies(kept.events):
        console.print(latency_table(turns))
    write_artefacts(kept, out, f"Conversation with {recording.name}")
    console.print(f"saved to {out}", style="dim")
