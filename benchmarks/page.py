"""The page in a real browser: sound against mouth, giving way, frame rate, a bad network, a long talk.

``python -m benchmarks.page [PART ...]`` serves the default configuration with Ray Serve, opens the page in
Debian's Chromium with software WebGL, and writes ``out/bench/page.json``. What people say to it are
recordings of Debian's asterisk-core-sounds-en-wav whose names have an odd md5. The machine's own work is part
of what is measured: browser, face, recogniser, language model and voice share its cores.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import soundfile
from playwright.sync_api import Browser, TimeoutError, sync_playwright

from benchmarks._lip_sync import RATE, at_the_speaker, in_the_capture, offsets
from benchmarks.exchange import PROMPTS, choose
from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.media import FRAME_SECONDS
from orchestration.serving.cluster import application
from speech.audio import load_audio
from tests.web.bad_network import bad_network
from tests.web.conftest import ALLOWED, CHROMIUM_FLAGS, free_port
from tests.web.visitor import MICROPHONE, Visitor

FAKE = (ALLOWED, "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required")
CAPTURED = 480, 600  # pixels: the window that is recorded
SEED = 5
QUESTIONS = ("What time does the museum open?", "How much is a ticket?", "Where are the dinosaurs?")

Part = Callable[["Stand", argparse.Namespace], dict[str, Any]]


class Stand:
    """The served page and the browsers that are opened on it."""

    def __init__(self, configuration: Configuration, launch: Callable[..., Browser]) -> None:
        self.configuration = configuration
        self.port = configuration.gateway.port
        self._launch = launch

    @contextlib.contextmanager
    def visitor(
        self,
        *flags: str,
        port: int | None = None,
        stand_in: bool = False,
        size: tuple[int, int] = (1280, 800),
    ) -> Iterator[Visitor]:
        """A visitor in a browser of its own, with a window of ``size``."""
        browser = self._launch(
            executable_path=shutil.which("chromium"), args=[*CHROMIUM_FLAGS, *FAKE, *flags]
        )
        try:
            page = browser.new_page(viewport={"width": size[0], "height": size[1]})
            if stand_in:
                page.add_init_script(MICROPHONE)
            visitor = Visitor(page)
            visitor.open(f"http://127.0.0.1:{port or self.port}/")
            yield visitor
        finally:
            browser.close()

    def newest_recording(self) -> Path:
        """The folder of the session that ended last."""
        folder = self.configuration.session.recording.folder
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            done = [path.parent for path in folder.glob("*/timeline.png")]
            if done:
                return max(done, key=lambda path: path.stat().st_mtime)
            time.sleep(0.2)
        raise RuntimeError("no session was recorded")


def asked(paths: list[Path], pause: float, folder: Path) -> Path:
    """One recording of all questions, with ``pause`` seconds for the answer after each."""
    pieces = [np.zeros(RATE, np.float32)]
    for path in paths:
        pieces += [load_audio(path), np.zeros(round(pause * RATE), np.float32)]
    whole = folder / "questions.wav"
    soundfile.write(whole, np.concatenate(pieces), RATE, subtype="PCM_16")
    return whole


def drawing(measured: dict[str, Any]) -> dict[str, Any]:
    """Frames a second, the main thread's share of each, the longest wait for one."""
    rows = measured["drawn"]
    times = np.array([row["time"] for row in rows])
    cost = np.array([row["cost"] for row in rows if row["cost"] is not None])
    gaps = np.diff(times)
    return {
        "frames": len(rows),
        "frames_a_second": round(1000 * (len(rows) - 1) / float(times[-1] - times[0]), 1),
        "main_thread_ms": {
            "median": round(float(np.median(cost)), 2),
            "p95": round(float(np.percentile(cost, 95)), 2),
        },
        "between_frames_ms": {
            "median": round(float(np.median(gaps)), 1),
            "p99": round(float(np.percentile(gaps, 99)), 1),
            "longest": round(float(gaps.max()), 1),
        },
    }


def exchange(stand: Stand, arguments: argparse.Namespace) -> dict[str, Any]:
    """Spoken turns through the browser's own fake microphone; sound against mouth over every reply."""
    with tempfile.TemporaryDirectory() as folder:
        paths = choose(PROMPTS, arguments.turns, SEED, test=True)
        questions = asked(paths, 9.0, Path(folder))
        sound = f"--use-file-for-fake-audio-capture={questions}%noloop"
        with stand.visitor(sound, size=tuple(arguments.size)) as visitor:
            visitor.page.get_by_label("Record this conversation").check()
            visitor.start()
            visitor.until(lambda: visitor.page.locator(".captions li.mine").count() > 0, 60)
            visitor.page.wait_for_timeout(1000 * soundfile.info(questions).duration)
            measured = visitor.snapshot()
            visitor.page.get_by_role("button", name="End the conversation").click()
            visitor.page.wait_for_timeout(1500)
    return {
        "turns": len(paths),
        "window": list(arguments.size),
        "counts": measured["counts"],
        **offsets(measured, stand.newest_recording()),
        **drawing(measured),
    }


def capture(stand: Stand, arguments: argparse.Namespace) -> dict[str, Any]:
    """The same from a recording of the page's picture and sound, small enough to be encoded meanwhile."""
    with stand.visitor(size=CAPTURED) as visitor:
        visitor.page.get_by_label("Record this conversation").check()
        visitor.start(typing=True)
        began = float(
            visitor.page.evaluate("() => { window.visavis.capture.start(25); return performance.now(); }")
        )
        for question in QUESTIONS:
            visitor.write(question)
            visitor.answered()
        webm = base64.b64decode(visitor.page.evaluate("() => window.visavis.capture.stop()"))
        measured = visitor.snapshot()
        visitor.page.get_by_role("button", name="End the conversation").click()
        visitor.page.wait_for_timeout(1500)
    return in_the_capture(webm, measured, began, stand.newest_recording())


def barge_in(stand: Stand, arguments: argparse.Namespace) -> dict[str, Any]:
    """From a person's onset, as its first loud frame goes out, to silence at the speaker and a shut mouth."""
    stops, told, from_microphone, shuts = [], [], [], []
    paths = choose(PROMPTS, arguments.interruptions, SEED + 1, test=True)
    for path in paths:
        pcm = load_audio(path)
        loud = np.abs(pcm) > 0.05 * np.abs(pcm).max()
        lead = float(np.argmax(loud)) / RATE * 1000
        with stand.visitor(stand_in=True) as visitor:
            visitor.start()
            visitor.write(QUESTIONS[0])
            visitor.floor("agent")
            visitor.page.wait_for_timeout(700)
            onset = visitor.speak(path) + lead
            with contextlib.suppress(TimeoutError):  # one that isn't given way to counts as such
                visitor.floor("user", 10)
            visitor.page.wait_for_timeout(800)
            measured = visitor.snapshot(onset)
        silent, loud, flushed = (
            [mark["time"] for mark in measured["marks"] if mark["kind"] == kind]
            for kind in ("silent", "loud", "flush")
        )
        if not silent or not loud or not flushed:
            continue
        told.append(flushed[0] - loud[0])
        stops.append(silent[0] - loud[0])
        from_microphone.append(silent[0] - onset)
        shut = [row["time"] for row in measured["drawn"] if row["time"] > silent[0] and row["jawOpen"] < 0.02]
        shuts.append(shut[0] - silent[0] if shut else float("nan"))
    return {
        "interruptions": len(paths),
        "gave_way": len(stops),
        "sound_stopped_after_ms": [round(value, 1) for value in stops],
        "median": round(float(np.median(stops)), 1),
        "page_told_after_ms": [round(value, 1) for value in told],
        "from_the_sound_before_the_microphone_median": round(float(np.median(from_microphone)), 1),
        "mouth_shut_after_silence_ms": [round(value, 1) for value in shuts],
    }


def network(stand: Stand, arguments: argparse.Namespace) -> dict[str, Any]:
    """5 % of the server's packets come 300 ms late: frames shown of those due, and the longest standstill.

    Once while the face only listens, and once while it answers and the models want the same cores.
    """
    with (
        bad_network(stand.port, share=0.05, delay=0.3, seed=1) as bad,
        stand.visitor(port=bad.listen) as visitor,
    ):
        visitor.start(typing=True)
        visitor.page.wait_for_timeout(3000)
        begin = visitor.snapshot(1e12)["now"]
        visitor.page.wait_for_timeout(20_000)
        listening = continuity(visitor.snapshot(begin))
        begin = visitor.snapshot(1e12)["now"]
        for question in QUESTIONS:
            visitor.write(question)
            visitor.answered()
        answering = continuity(visitor.snapshot(begin))
        return {
            "packets": bad.packets,
            "delayed": bad.delayed,
            "listening": listening,
            "answering": answering,
            "counts": visitor.snapshot(1e12)["counts"],
        }


def continuity(measured: dict[str, Any]) -> dict[str, Any]:
    """How steadily the face went on."""
    times = np.array([row["time"] for row in measured["drawn"]])
    standing, since = 0.0, float(times[0])
    for row in measured["drawn"][1:]:
        if row["moved"] > 1e-6:
            standing, since = max(standing, row["time"] - since), row["time"]
    gaps = np.diff(times)
    return {
        "seconds": round(float(times[-1] - times[0]) / 1000, 1),
        "frames_due": round(float(times[-1] - times[0]) / 40),
        "frames_sounded": len({row["pts"] for row in measured["sounded"]}),
        "drawings": len(times),
        "drawings_that_stood": sum(row["moved"] <= 1e-6 for row in measured["drawn"][1:]),
        "longest_standstill_ms": round(standing, 1),
        "between_drawings_ms": {
            "median": round(float(np.median(gaps)), 1),
            "p99": round(float(np.percentile(gaps, 99)), 1),
            "longest": round(float(gaps.max()), 1),
        },
        "share_of_drawings": {
            kind: round(float(np.mean([row["source"] == kind for row in measured["drawn"]])), 4)
            for kind in ("motion", "blend", "idle")
        },
    }


def soak(stand: Stand, arguments: argparse.Namespace) -> dict[str, Any]:
    """A long talk: memory after collecting garbage, and how the face stays with the sound."""
    samples = []
    with stand.visitor() as visitor:
        visitor.start(typing=True)
        tools = visitor.page.context.new_cdp_session(visitor.page)
        tools.send("Performance.enable")
        began = time.monotonic()
        while time.monotonic() - began < 60 * arguments.minutes:
            since = visitor.snapshot(1e12)["now"]
            visitor.write(QUESTIONS[len(samples) % len(QUESTIONS)])
            visitor.answered()
            visitor.page.wait_for_timeout(max(0, 1000 * (60 - (time.monotonic() - began) % 60)))
            tools.send("HeapProfiler.collectGarbage")
            metrics = {m["name"]: m["value"] for m in tools.send("Performance.getMetrics")["metrics"]}
            measured = visitor.snapshot(since)
            speaker = at_the_speaker(measured["sounded"])
            rows = [row for row in measured["drawn"] if row["position"] >= 0]
            page = [
                row["time"] - 1000 * float(speaker(np.array(row["position"] * FRAME_SECONDS))) for row in rows
            ]
            samples.append(
                {
                    "minute": round((time.monotonic() - began) / 60, 1),
                    "heap_mb": round(metrics["JSHeapUsedSize"] / 2**20, 2),
                    "nodes": metrics["Nodes"],
                    "renderers_mb": round(renderers() / 2**20),
                    "face_after_sound_ms": round(float(np.median(page)), 2),
                    "wait_ms": round(float(np.median([row["wait"] for row in measured["sounded"]])), 1),
                    "underruns": measured["counts"]["underruns"],
                }
            )
            print(samples[-1], flush=True)
    offset = [sample["face_after_sound_ms"] for sample in samples]
    return {"minutes": arguments.minutes, "drift_ms": round(offset[-1] - offset[0], 2), "samples": samples}


def renderers() -> int:
    """Bytes of memory that Chromium's page processes hold alone."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--type=renderer" in process.cmdline():
                total += process.memory_full_info().uss
    return total


PARTS: dict[str, Part] = {
    "exchange": exchange,
    "capture": capture,
    "barge_in": barge_in,
    "network": network,
    "soak": soak,
}


def main() -> None:
    """Measure the parts asked for and keep what is known of the others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all of them if none is named")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 800), help="of the window in exchange")
    parser.add_argument("--interruptions", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--interruption", help="the policy that decides what stops the agent")
    parser.add_argument("--out", type=Path, default=Path("out/bench/page.json"))
    arguments = parser.parse_args()
    found = json.loads(arguments.out.read_text()) if arguments.out.is_file() else {}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        configuration = resolve_models(load_configuration("default"))
        recording = configuration.session.recording.model_copy(
            update={"enabled": True, "folder": Path(folder)}
        )
        if arguments.interruption:
            interruption = configuration.turn_taking.interruption
            interruption = interruption.model_copy(update={"policy": arguments.interruption})
            turn_taking = configuration.turn_taking.model_copy(update={"interruption": interruption})
            configuration = configuration.model_copy(update={"turn_taking": turn_taking})
        configuration = configuration.model_copy(
            update={
                "gateway": configuration.gateway.model_copy(update={"port": free_port()}),
                "session": configuration.session.model_copy(update={"recording": recording}),
            }
        )
        with application(configuration):
            stand = Stand(configuration, playwright.chromium.launch)
            for name in arguments.parts or PARTS:
                found[name] = PARTS[name](stand, arguments)
                print(name, json.dumps(found[name], indent=1), flush=True)
                arguments.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
