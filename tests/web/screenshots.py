"""``python -m tests.web.screenshots``: the README's pictures of the page, taken from a real conversation."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.conftest import ALLOWED, CHROMIUM_FLAGS, PageServer, served
from tests.web.visitor import Visitor

FLAGS = (ALLOWED, "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required")
FOLDER = Path("docs/page")
QUESTION = "What time does the museum open?"


def keep(page: Page, name: str) -> None:
    """Write what is seen."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(FOLDER / name, optimize=True)


def opened(browser: Browser, server: PageServer, width: int, height: int, colours: str) -> Visitor:
    """A visitor in a window of this size; ``colours`` is dark or light."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)  # type: ignore[arg-type]
    visitor = Visitor(page)
    visitor.open(server.url)
    page.wait_for_timeout(3000)  # until the head stands and the resolution is adapted to the machine
    return visitor


def take() -> None:
    """Take all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with served() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*CHROMIUM_FLAGS, *FLAGS]
        )
        desk = opened(browser, server, 1280, 800, "dark")
        keep(desk.page, "start.png")
        desk.start(typing=True)
        desk.write(QUESTION)
        desk.answered()
        desk.write("Do children have to pay?")
        desk.floor("agent")
        # A moment with an open mouth and open eyes.
        desk.until(lambda: desk.snapshot()["drawn"][-1]["jawOpen"] > 0.12, 10)
        keep(desk.page, "conversation.png")
        desk.page.close()
        phone = opened(browser, server, 390, 844, "light")
        phone.start(typing=True)
        phone.write(QUESTION)
        phone.answered()
        keep(phone.page, "phone.png")
        browser.close()


if __name__ == "__main__":
    take()
