"""A person at the page: what they press, what they see, and what the page measured meanwhile."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

# Stands in for the microphone where a test has to say when the person speaks: it plays what it is given.
MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext();
  const stream = new MediaStreamAudioDestinationNode(context);
  window.speak = async (wav) => {
    const bytes = Uint8Array.from(atob(wav), (letter) => letter.charCodeAt(0));
    const buffer = await context.decodeAudioData(bytes.buffer);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(stream);
    source.start();
    return performance.now();
  };
  return stream.stream;
};
"""


class Visitor:
    """One browser page and its person."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(20_000)

    def open(self, url: str) -> None:
        """Load the page and wait until it offers a conversation and shows the head."""
        self.page.goto(url)
        self.page.get_by_role("button", name="Start talking").wait_for(timeout=60_000)
        self.until(lambda: self.snapshot()["counts"]["drawn"] > 5, 60)

    def start(self, *, typing: bool = False) -> None:
        """Begin, and wait until the connection stands."""
        if typing:
            self.page.get_by_role("radio", name="Writing only").check()
        self.page.get_by_role("button", name="Start writing" if typing else "Start talking").click()
        self.page.locator(".page[data-phase=open]").wait_for(timeout=30_000)

    def write(self, text: str) -> None:
        """Send a written message."""
        field = self.page.get_by_label("Write a message")
        field.fill(text)
        field.press("Enter")

    def speak(self, wav: Path) -> float:
        """Play a recording into the microphone of ``MICROPHONE``; returns the page's time in ms."""
        self.page.wait_for_function("() => window.speak !== undefined")
        return float(
            self.page.evaluate("wav => window.speak(wav)", base64.b64encode(wav.read_bytes()).decode())
        )

    def interrupt(self, wav: Path, after: int = 500) -> float:
        """Play a recording ``after`` ms of the agent's next turn; returns the page's time in ms.

        The page itself waits for the turn, since it is nearer to it than a test is.
        """
        self.page.wait_for_function("() => window.speak !== undefined")
        return float(
            self.page.evaluate(
                """async ([wav, after]) => {
                  const page = document.querySelector('.page');
                  while (page.dataset.floor !== 'agent') await new Promise((done) => setTimeout(done, 20));
                  await new Promise((done) => setTimeout(done, after));
                  return window.speak(wav);
                }""",
                [base64.b64encode(wav.read_bytes()).decode(), after],
            )
        )

    def captions(self, whose: str) -> Locator:
        """What is shown as said by ``mine`` or ``theirs``."""
        return self.page.locator(f".captions li.{whose} .text")

    def floor(self, holder: str, seconds: float = 60) -> None:
        """Wait until ``holder`` has the floor."""
        self.page.locator(f".page[data-floor={holder}]").wait_for(timeout=1000 * seconds)

    def answered(self, seconds: float = 60) -> None:
        """Wait until the agent has spoken, from its first sound to its last."""
        self.floor("agent", seconds)
        self.floor("nobody", seconds)

    def banner(self) -> Locator:
        """The message about what keeps the conversation from going on."""
        return self.page.locator(".banner.alert .message-box:visible")

    def snapshot(self, since: float | None = None) -> dict[str, Any]:
        """What the page measured of itself, from page time ``since`` on."""
        found: dict[str, Any] = self.page.evaluate("since => window.visavis.snapshot(since ?? -1)", since)
        return found

    def face(self) -> np.ndarray:
        """The picture (height, width, 3) of the part of the page that is kept free for the face."""
        box = self.page.locator(".free").bounding_box()
        assert box is not None
        png = self.page.screenshot(clip={**box})
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=np.int16)

    def until(self, reached: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for what no element shows."""
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, f"not reached within {seconds:g} s"
            self.page.wait_for_timeout(100)
