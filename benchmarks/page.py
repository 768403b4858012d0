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
import io
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import soundfile
from playwright.sync_api import Browser, TimeoutError, sync_playwright

from avatar.formats import read_npz
from avatar.motion import Column
from benchmarks._onsets import STEP, envelope, lag, rises, sampled
from benchmarks.exchange import PROMPTS, choose
from orchestration.configuration import Configuration, load_configuration, resolve_models
from orchestration.media import FRAME_SECONDS
from orchestration.serving.cluster import application
from speech.audio import load_audio
from tests.web.bad_network import bad_network
from tests.web.conftest import ALLOWED, CHROMIUM_FLAGS, free_port
from tests.web.visitor import MICROPHONE, Visitor

FAKE = (ALLOWED, "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required")
RATE = 16_000
REACH = 0.16  # seconds each way in which an offset is looked for
AROUND = 0.25  # seconds each side of a syllable's onset over which mouth and sound are compared
STILL = 0.01  # of jawOpen: a mouth that varies less around a syllable has no opening to compare
GOOD_OFFSET = 45.0  # ms
CAPTURED = 480, 600  # pixels: the window that is recorded
WIDTH, HEIGHT = 240, 300  # pixels that captured pictures are brought to
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


def at_the_speaker(sounded: list[dict[str, Any]]) -> Callable[[np.ndarray], np.ndarray]:
    """From a place on the timeline (seconds) to the page's time (seconds) at which it left the speaker."""
    pts = np.array([row["pts"] for row in sounded], dtype=float) * FRAME_SECONDS
    times = np.array([row["time"] for row in sounded]) / 1000
    order = np.argsort(pts)
    return lambda place: np.interp(place, pts[order], times[order])


def offsets(measured: dict[str, Any], recording: Path) -> dict[str, Any]:
    """How far the drawn mouth is from the sound at the speaker, at every syllable of the replies."""
    pcm = load_audio(recording / "agent.wav", RATE)
    speaker = at_the_speaker(measured["sounded"])
    drawn_at = np.array([row["time"] for row in measured["drawn"]]) / 1000
    jaw = np.array([row["jawOpen"] for row in measured["drawn"]])
    place = np.array([row["position"] for row in measured["drawn"]]) * FRAME_SECONDS
    start, curve = sampled(drawn_at, jaw)
    openings = start + rises(curve)
    level = envelope(pcm, RATE)
    # Soft words of a listener are hummed with a shut mouth: only replies have syllables to compare.
    syllables = speaker(within(rises(level), replies(recording)))
    nearest = [
        float(near[np.abs(near - onset).argmin()] - onset) * 1000
        for onset in syllables
        if (near := openings[np.abs(openings - onset) < REACH]).size
    ]
    # What the page itself adds: the place on the timeline that was drawn against the one that was heard.
    heard_at = speaker(place[place >= 0])
    page = (drawn_at[place >= 0] - heard_at) * 1000
    near_syllable = np.array([page[np.abs(drawn_at[place >= 0] - t).argmin()] for t in syllables])
    # The animator's own lag, on the timeline, before anything was sent.
    motion = read_npz(recording / "motion.npz").motion[:, Column.jawOpen].astype(float)
    _, jaw_curve = sampled(np.arange(motion.size) * FRAME_SECONDS, motion)
    own = lag(level, jaw_curve, 0.3)
    # The sound's level as it left the speaker, on the page's clock.
    heard = np.interp(
        start + np.arange(curve.size) * STEP, speaker(np.arange(level.size) * STEP), level, left=0, right=0
    )
    # The mouth that the animator made for that sound, where the sound left the speaker: coarticulation moves
    # single syllables against their loudness, so the animator's own lag is taken over the whole.
    due = np.interp(
        start + np.arange(curve.size) * STEP,
        speaker(np.arange(motion.size) * FRAME_SECONDS),
        motion,
        left=0,
        right=0,
    )
    return {
        "syllables": len(syllables),
        "mouth_after_sound_at_syllables_ms": spread((own + at_each(syllables - start, due, curve)) * 1000),
        "mouth_after_loudness_at_syllables_ms": spread(at_each(syllables - start, heard, curve) * 1000),
        "nearest_opening_after_syllable_ms": spread(np.array(nearest)),
        "drawn_against_heard_ms": spread(near_syllable),
        "jaw_after_envelope_ms": {
            "at_the_speaker": round(lag(heard, curve, 0.3) * 1000, 1),
            "of_the_animator_alone": round(own * 1000, 1),
        },
    }


def replies(recording: Path) -> list[tuple[float, float]]:
    """From when to when the agent held the floor, seconds on the timeline."""
    held, since = [], None
    for line in (recording / "events.jsonl").read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["type"] not in ("floor", "session_ended"):
            continue
        if since is not None:
            held.append((since, event["pts"] * FRAME_SECONDS))
        since = event["pts"] * FRAME_SECONDS if event["data"].get("holder") == "agent" else None
    return held


def within(times: np.ndarray, spans: list[tuple[float, float]]) -> np.ndarray:
    """Those of ``times`` (seconds) that lie in one of the ``spans``."""
    return np.array([time for time in times if any(first <= time < last for first, last in spans)])


def at_each(onsets: np.ndarray, sound: np.ndarray, mouth: np.ndarray) -> np.ndarray:
    """The local lag in seconds at each of the ``onsets`` (seconds from the curves' start) that has one."""
    lags = (local_lag(sound, mouth, onset) for onset in onsets)
    return np.array([value for value in lags if value is not None])


def local_lag(level: np.ndarray, mouth: np.ndarray, onset: float) -> float | None:
    """Seconds by which the mouth follows the level around ``onset`` (seconds); None where it hardly moves."""
    first, last = round((onset - AROUND) / STEP), round((onset + AROUND) / STEP)
    if first < 0 or last > mouth.size or mouth[first:last].std() < STILL:
        return None
    return lag(level[first:last], mouth[first:last], REACH)


def spread(values: np.ndarray) -> dict[str, Any]:
    """Number, median, 1st and 99th percentile of offsets in ms, and the share that nobody notices."""
    return {
        "n": int(values.size),
        "median": round(float(np.median(values)), 1),
        "p1": round(float(np.percentile(values, 1)), 1),
        "p99": round(float(np.percentile(values, 99)), 1),
        "share_within_45": round(float((np.abs(values) <= GOOD_OFFSET).mean()), 4),
    }


def in_the_capture(webm: bytes, measured: dict[str, Any], began: float, recording: Path) -> dict[str, Any]:
    """Mouth against sound in a recording of what was seen and heard, which ``began`` at that page time (ms).

    The mouth's opening is taken from the pictures: the darkness of the pixels that darken when the jaw opens.
    How late it is against the mouth that was due, less how late the sound is against the sound that was due,
    and the animator's own lag, make the offset.
    """
    with av.open(io.BytesIO(webm)) as container:
        pictures, sounds = [], []
        rate, sound_begins = 48_000, 0.0
        for frame in container.decode(container.streams.video[0], container.streams.audio[0]):
            if isinstance(frame, av.VideoFrame):
                # The page adapts its resolution, so pictures differ in size.
                gray = frame.reformat(width=WIDTH, height=HEIGHT, format="gray").to_ndarray()
                pictures.append((float(frame.time or 0), gray.astype(np.float32)))
            else:
                rate = frame.sample_rate
                sound_begins = sound_begins if sounds else float(frame.time or 0)
                sounds.append(frame.to_ndarray().mean(axis=0))
    pcm = np.concatenate(sounds).astype(np.float32)
    times = np.array([at for at, _ in pictures])
    darkness = -np.stack([picture for _, picture in pictures])
    drawn_at = np.array([row["time"] for row in measured["drawn"]]) / 1000
    jaw = np.interp(began / 1000 + times, drawn_at, [row["jawOpen"] for row in measured["drawn"]])
    weights = np.einsum("t,tyx->yx", jaw - jaw.mean(), darkness - darkness.mean(axis=0))
    weights = np.where(weights > 0.5 * weights.max(), weights, 0)
    start, opening = sampled(times, np.einsum("yx,tyx->t", weights / weights.sum(), darkness))
    level = envelope(pcm, rate)
    grid = start + np.arange(opening.size) * STEP
    heard = np.interp(grid, sound_begins + np.arange(level.size) * STEP, level)
    sent = envelope(load_audio(recording / "agent.wav", RATE), RATE)
    motion = read_npz(recording / "motion.npz").motion[:, Column.jawOpen].astype(float)
    _, made = sampled(np.arange(motion.size) * FRAME_SECONDS, motion)
    speaker = at_the_speaker(measured["sounded"])

    def due(curve: np.ndarray) -> np.ndarray:
        """What should be at the speaker, on the capture's clock."""
        return np.interp(grid, speaker(np.arange(curve.size) * STEP) - began / 1000, curve, left=0, right=0)

    picture, sound = lag(due(made), opening, 0.3), lag(due(sent), heard, 0.3)
    own = lag(sent[: made.size], made[: sent.size], 0.3)
    return {
        "pictures": len(pictures),
        "seconds": round(float(times[-1] - times[0]), 1),
        "mouth_after_sound_ms": round((own + picture - sound) * 1000, 1),
        "of_which_the_animator": round(own * 1000, 1),
        "correlation": round(float(np.corrcoef(np.roll(due(made), round(picture / STEP)), opening)[0, 1]), 3),
        "jaw_seen_against_jaw_drawn": round(
            float(np.corrcoef(jaw, np.interp(times, grid, opening))[0, 1]), 3
        ),
    }


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
