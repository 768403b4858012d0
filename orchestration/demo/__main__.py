"""``python -m orchestration.demo``: what ``make demo`` runs."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agents.simulated_user import ScriptedUser
from avatar.head import HeadMissing
from avatar.video.stage import DrawingUnavailable, check_drawing
from orchestration.client.connection import ClientError
from orchestration.client.narration import Narrator, latency_table
from orchestration.client.talk import open_talk
from orchestration.configuration import (
    Configuration,
    ConfigurationError,
    configs_folder,
    load_configuration,
    resolve_models,
)
from orchestration.demo.config import DemoConfig, load_demo
from orchestration.demo.person import Person
from orchestration.doctor.check import State
from orchestration.doctor.machine import check_port
from orchestration.models.errors import ModelError
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from orchestration.protocol import Hello
from orchestration.recording.artefacts import EmptyRecording, write_artefacts
from orchestration.recording.recording import Recording
from orchestration.recording.transcript import counts, latencies
from orchestration.serving.cluster import ServingError, application, session_url
from orchestration.video.filming import film_to
from orchestration.video.folder import Cast, read_folder
from speech.coqui.config import CoquiConfig

VIDEO_SIZE = (960, 720)  # pixels: filmed in about the time that the exchange took, on two cores

console = Console()


async def hold(url: str, demo: DemoConfig, person: Person, agent: str) -> tuple[Recording, int]:
    """The exchange itself; returns what was kept and how many questions were answered."""
    answered = 0
    await person.ready()
    async with open_talk(url, Hello(client="visavis demo", seed=demo.seed), Narrator(console, agent)) as call:
        while (utterance := await person.next_utterance(())) is not None:
            await call.wait(demo.pause_s)
            await call.say(utterance[1])
            answered += await call.answered(demo.patience_s)
    return call.recording, answered


def main(
    config: Annotated[str, typer.Option(help="Packaged configuration by name, or a YAML file.")] = "default",
    demo: Annotated[Path | None, typer.Option(help="Another simulated person, YAML.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for what comes of it.")] = Path("out/demo"),
) -> None:
    """Serve the agent, let a simulated person talk to it in real time, and keep everything."""
    try:
        script = load_demo(demo or configs_folder() / "demo.yaml")
        configuration = at_a_free_port(resolve_models(load_configuration(config)))
        voice = resolve(script.voice.model, "synthesizer", load_registry()).location
        recording, answered = exchange(
            configuration, script.model_copy(update={"voice": _with_model(script.voice, voice)})
        )
        files = write_artefacts(recording, out, f"{configuration.persona.name} talks with a visitor")
        files += film(out, configuration.persona.name)
    except (ConfigurationError, ModelError, ServingError, ClientError, EmptyRecording, OSError) as error:
        console.print(f"[bold red]error:[/] {error}", soft_wrap=True)
        raise typer.Exit(2) from error
    report(recording, files, out)
    if answered < len(script.questions):
        console.print(f"[bold red]only {answered} of {len(script.questions)} questions were answered[/]")
        raise typer.Exit(1)


def at_a_free_port(configuration: Configuration) -> Configuration:
    """The configuration, at another port where its own is taken, perhaps by ``make serve``; that is said."""
    gateway = configuration.gateway
    if check_port(gateway.host, gateway.port).state is State.OK:
        return configuration
    with socket.create_server((gateway.host, 0)) as free:
        port = int(free.getsockname()[1])
    console.print(f"port {gateway.port} is taken, so the demonstration is held at {port}")
    return configuration.model_copy(update={"gateway": gateway.model_copy(update={"port": port})})


def exchange(configuration: Configuration, script: DemoConfig) -> tuple[Recording, int]:
    """Start the application, hold the exchange, stop it; returns what was kept and how many were answered."""
    began = time.monotonic()
    with ExitStack() as stack:
        person = Person(ScriptedUser(script.questions), script.voice)
        stack.callback(person.close)
        with console.status("starting Ray Serve and loading models…"):
            stack.enter_context(application(configuration))
        url = session_url(configuration)
        console.print(f"serving {configuration.persona.name} at {url} after {time.monotonic() - began:.0f} s")
        return asyncio.run(hold(url, script, person, configuration.persona.name))


def film(out: Path, agent: str) -> list[Path]:
    """Make the video of what is in ``out``; a machine that can't draw it is told why, and goes without."""
    try:
        check_drawing()
        path = out / "conversation.mp4"
        film_to(path, read_folder(out, Cast(agent=agent, user="Visitor")), console, size=VIDEO_SIZE)
    except (DrawingUnavailable, HeadMissing) as error:
        console.print(f"[yellow]no video:[/] {error}", soft_wrap=True)
        return []
    return [path]


def report(recording: Recording, files: list[Path], out: Path) -> None:
    """Print the latency table, what went wrong if anything, and what to do next."""
    console.print()
    console.print(latency_table(latencies(recording.events)))
    wrong = {name: count for name, count in counts(recording.events).items() if count}
    console.print(f"frames: {len(recording.frames)}; late, missing or failed: {wrong or 'none'}")
    console.print(f"saved to {out}/: {', '.join(path.name for path in files)}")
    console.print("\nTo talk with it yourself: [bold]make serve[/], then, in another terminal,")
    console.print("  [bold].venv/bin/visavis talk RECORDING.wav[/]")


def _with_model(voice: CoquiConfig, model: str) -> CoquiConfig:
    return voice.model_copy(update={"model": model})


if __name__ == "__main__":
    typer.run(main)
