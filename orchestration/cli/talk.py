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
) -> None:
    """Play a recording to a running server in real time and keep the conversation.

    Prints the conversation as it happens. Leaves user.wav, agent.wav, conversation.wav, motion.csv,
    motion.npz, transcript.json, events.jsonl, latency.json and timeline.png in the folder given by --out.
    """
    import asyncio

    from rich.console import Console

    from orchestration.client.narration import Narrator, latency_table
    from orchestration.client.talk import open_talk
    from orchestration.protocol import Hello
    from orchestration.recording.artefacts import write_artefacts
    from orchestration.recording.recording import Recording
    from orchestration.recording.transcript import latencies
    from speech.audio import load_audio

    console = Console()
    pcm = load_audio(recording)

    async def hold() -> Recording:
        async with open_talk(
            url, Hello(client="visavis talk", seed=seed), Narrator(console, "agent")
        ) as call:
            await call.wait(0.5)
            await call.say(pcm)
            if not await call.answered(patience):
                console.print(f"no answer within {patience:g} s", style="yellow")
        return call.recording

    kept = asyncio.run(hold())
    if turns := latencies(kept.events):
        console.print(latency_table(turns))
    write_artefacts(kept, out, f"Conversation with {recording.name}")
    console.print(f"saved to {out}", style="dim")
