"""``visavis serve``."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    config: Annotated[
        str, typer.Option("--config", "-c", help="Packaged configuration by name, or a YAML file.")
    ] = "default",
    host: Annotated[
        str | None, typer.Option(help="Address to listen on, instead of the configured one.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on, instead of the configured one.")
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in this machine's browser.")
    ] = False,
    ray_address: Annotated[
        str | None,
        typer.Option(help="Join a running Ray cluster (`auto` or host:port) instead of starting one."),
    ] = None,
) -> None:
    """Serve conversations until interrupted.

    Starts Ray and the five deployments (gateway, recogniser, language model, synthesiser, avatar) that the
    configuration describes. The page is at /; clients connect by WebSocket to /v1/session; /v1/health says
    how it is. Open the page in a browser to talk with it, or use `visavis talk RECORDING.wav`.
    """
    import contextlib
    import signal
    import threading
    import webbrowser

    from rich.console import Console

    from agents.tools.functions import Functions
    from orchestration.configuration import load_configuration, resolve_models
    from orchestration.gateway.page import page_folder
    from orchestration.serving.cluster import application, health_url, page_url, session_url

    console = Console()
    configuration = load_configuration(config)
    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    gateway = configuration.gateway.model_validate(configuration.gateway.model_dump() | changes)
    configuration = resolve_models(configuration.model_copy(update={"gateway": gateway}))
    Functions.load(configuration.tools.functions)  # what isn't there is said before models are loaded
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.ExitStack() as running:
        with console.status("starting Ray and loading models…"):
            running.enter_context(application(configuration, ray_address))
        page = page_url(configuration)
        if (page_folder() / "index.html").is_file():
            console.print(f"[bold]{configuration.persona.name}[/] is ready: open [bold]{page}[/]")
        else:
            console.print(
                f"[bold]{configuration.persona.name}[/] is ready; for the page, run `make page` first"
            )
        console.print(
            f"clients connect to {session_url(configuration)}, health at {health_url(configuration)}; "
            "stop with Ctrl-C",
            style="dim",
            soft_wrap=True,
        )
        if open_page:
            webbrowser.open(page)
        stop.wait()
        console.print("stopping…", style="dim")
