"""``python -m orchestration.demo``: what ``make demo`` runs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agents.simulated_user import ScriptedUser
from orchestration.client.connection import ClientError
from orchestration.client.narration import Narrator, latency_table
from orchestration.client.talk import open_talk
from orchestration.configuration import ConfigurationError, configs_folder, load_configuration, resolve_models
from orchestration.demo.config import DemoConfig, load_demo
from orchestration.demo.person import Person
from orchestration.models.errors import ModelError
from orchestration.protocol import Hello
from orchestration.recording.artefacts import write_artefacts
from orchestration.recording.recording import Recording
from orchestration.recording.transcript import counts, latencies
from orchestration.serving.cluster import ServingError, application, session_url

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
    began = time.monotonic()
    try:
        script = load_demo(demo or configs_folder() / "demo.yaml")
        configuration = resolve_models(load_configuration(config))
        voice = resolve_voice(script)
        person = Person(ScriptedUser(script.questions), voice)
        with console.status("starting Ray Serve and loading models…"):
            running = application(configuration)
            running.__enter__()
        try:
            console.print(f"up after {time.monotonic() - began:.0f} s at {session_url(configuration)}")
            recording, answered = asyncio.run(
                hold(session_url(configuration), script, person, configuration.persona.name)
            )
        finally:
            person.close()
            with console.status("stopping…"):
                running.__exit__(None, None, None)
    except (ConfigurationError, ModelError, ServingError, ClientError, OSError) as error:
        console.print(f"[bold red]error:[/] {error}")
        raise typer.Exit(2) from error
