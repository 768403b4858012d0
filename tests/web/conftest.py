"""A served page and a real browser to open it in."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card; the page itself is composed without it
)
ALLOWED = "--use-fake-ui-for-media-stream"  # the person presses "allow"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PageServer:
    """The gateway with real models in a process of its own; can be stopped and started again."""

    def __init__(self, port: int, changes: tuple[str, ...]) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"
        self._changes = changes
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, str(HERE / "serve_page.py"), "--port", str(self.port)]
        for change in self._changes:
            command += ["--set", change]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == "ready", "the gateway did not start"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def served(*changes: str) -> Iterator[PageServer]:
    server = PageServer(free_port(), changes)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[PageServer]:
    """One gateway for every test that leaves it as it is."""
    with served() as running:
        yield running


@pytest.fixture(scope="module")  # while it runs, no event loop can be started in this thread
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Debian's Chromium with further flags; one that isn't closed draws on beside later tests."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Debian's chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browsers: list[Browser] = []

        def start(*flags: str) -> Browser:
            browser = playwright.chromium.launch(executable_path=executable, args=[*CHROMIUM_FLAGS, *flags])
            browsers.append(browser)
            return browser

        yield start
        for browser in browsers:
            if browser.is_connected():
                browser.close()


@pytest.fixture
def errors() -> list[str]:
    """What a page complained about; filled by ``watch``."""
    return []


def watch(page: Page, errors: list[str]) -> None:
    """Keep the page's errors, so that a test can say there were none."""
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
