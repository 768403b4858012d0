"""Offline video: pictures a second, and how far sound and mouth stand apart inside the file.

    python -m benchmarks.video [--seconds 40] [--speed-seconds 8] [--out out/bench/video.json]

Material: human recordings from Debian's asterisk-core-sounds-en-wav (test material, see benchmarks.animator).
The offset is found by cross-correlation, positive when the mouth is late. The mouth's opening is measured in
the decoded pictures, as the dark area between the lips; a picture counts from the moment it appears. The
sound's envelope is that of the decoded track. The same is done with the motion and the sound that went in:
the difference is what drawing, encoding and the file added.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from avatar import SAMPLE_RATE, Column, animate, load_animator
from avatar.animator import FloatArray
from avatar.gltf import read_head
from avatar.head import head_path
from avatar.video.film import Film, Side
from avatar.video.render import Scene, render
from benchmarks.animator import conversation

GRID = 200  # points a second at which curves are compared
REACH = 0.4  # seconds each way that are searched
DARK = 0.42  # of the skin's brightness, below which a pixel between chin and nose is inside the mouth
WARM_UP = 25  # pictures before the clock starts

Curve = NDArray[np.float64]


def opening(picture: NDArray[np.uint8], box: tuple[slice, slice]) -> float:
    """Dark pixels in the mouth's region of a picture (height, width, 3)."""
    light = picture[box].astype(np.float64).mean(axis=-1)
    return float((light < DARK * np.percentile(light, 75)).sum())


def mouth_box(film: Film, size: tuple[int, int]) -> tuple[slice, slice]:
    """Where the mouth is: what an opening jaw changes in a picture of the resting face, and some room."""
    moving = np.zeros((2, 61), np.float32)
    moving[1, Column.jawOpen] = 0.6
    head = film.agent
    still = Side(head.name, head.colour, head.sound[:1], head.sample_rate, (), head.head, moving)
    scene = Scene(Film(Side("", (0, 0, 0), head.sound[:1], head.sample_rate), still), size, captions=False)
    shut, wide = (scene.draw(at).astype(int) for at in (0.0, 0.04))
    scene.close()
    rows, columns = np.nonzero((np.abs(shut - wide).max(axis=-1) > 90)[: size[1] - 100])
    room = size[1] // 60
    return (
        slice(int(rows.min()) - room, int(np.percentile(rows, 90)) + room),
        slice(int(columns.min()) - room, int(columns.max()) + room),
    )


def envelope(pcm: FloatArray, rate: int) -> Curve:
    """Loudness (root of the root mean square, 20 ms windows) on the grid."""
    power = np.concatenate(([0.0], np.cumsum(pcm.astype(np.float64) ** 2)))
    centres = np.arange(0, len(pcm) / rate, 1 / GRID) * rate
    low = np.clip(centres - 0.01 * rate, 0, len(pcm)).astype(int)
    high = np.clip(centres + 0.01 * rate, 0, len(pcm)).astype(int)
    return np.asarray(((power[high] - power[low]) / np.maximum(high - low, 1)) ** 0.25, dtype=np.float64)


def on_grid(times: Curve, values: Curve) -> Curve:
    """A curve known at ``times`` (seconds) on the grid, straight in between."""
    return np.interp(np.arange(0, times[-1], 1 / GRID), times, values)


def lag(late: Curve, early: Curve) -> tuple[float, float]:
    """Milliseconds by which ``late`` follows ``early`` where they agree best (a parabola through the peak and
    its neighbours), and the correlation there.
    """
    reach = int(REACH * GRID)
    count = min(len(late), len(early))
    scores = []
    for shift in range(-reach, reach + 1):
        a = late[max(0, shift) : count + min(0, shift)]
        b = early[max(0, -shift) : count - max(0, shift)]
        scores.append(float(np.corrcoef(a, b)[0, 1]))
    best = int(np.argmax(scores))
    offset = 0.0
    if 0 < best < 2 * reach:
        before, peak, after = scores[best - 1 : best + 2]
        offset = 0.5 * (before - after) / (before - 2 * peak + after)
    return 1000 * (best + offset - reach) / GRID, scores[best]


def decode(path: Path, box: tuple[slice, slice]) -> tuple[Curve, Curve, FloatArray, int]:
    """When each picture appears, how open the mouth is in it, the agent's channel and its rate."""
    times, mouth, pieces = [], [], []
    with av.open(str(path)) as file:
        for picture in file.decode(video=0):
            times.append(float(picture.time or 0.0))
            mouth.append(opening(picture.to_ndarray(format="rgb24"), box))
    with av.open(str(path)) as file:
        rate = int(file.streams.audio[0].rate or 0)
        for piece in file.decode(audio=0):
            if not pieces and piece.pts:
                pieces.append(np.zeros((2, round(float(piece.pts * (piece.time_base or 0)) * rate))))
            pieces.append(piece.to_ndarray())
    return np.array(times), np.array(mouth), np.concatenate(pieces, axis=1)[1].astype(np.float32), rate


def sample_delay(decoded: FloatArray, sent: FloatArray) -> int:
    """Samples by which the decoded sound is later than the sent one."""
    size = 1 << int(np.ceil(np.log2(len(decoded) + len(sent))))
    product = np.fft.rfft(decoded, size) * np.conj(np.fft.rfft(sent, size))
    best = int(np.argmax(np.fft.irfft(product, size)))
    return best - size if best > size // 2 else best


def offsets(seconds: float, folder: Path) -> dict[str, Any]:
    """How far mouth and sound stand apart before and after drawing and encoding."""
    size = (960, 720)
    agent, _ = conversation("test", seconds / 60)
    agent = agent[: int(seconds * SAMPLE_RATE)]
    motion = animate(load_animator("procedural"), agent, np.zeros(0, np.float32), seed=1)
    mute = Side("User", (42, 111, 187), np.zeros(1, np.float32), SAMPLE_RATE)
    film = Film(
        mute, Side("Agent", (200, 85, 61), agent, SAMPLE_RATE, (), read_head(head_path("mira")), motion)
    )
    path = folder / "offset.mp4"
    render(film, path, size, captions=False)
    times, mouth, decoded, rate = decode(path, mouth_box(film, size))
    jaw = motion[:, Column.jawOpen].astype(np.float64)
    frames = np.arange(len(jaw)) / 25
    before, before_fit = lag(on_grid(frames, jaw), envelope(agent, SAMPLE_RATE))
    after, after_fit = lag(on_grid(times, mouth), envelope(decoded, rate))
    drawn, drawn_fit = lag(on_grid(times, mouth), on_grid(frames, jaw))
    sent = np.asarray(soxr.resample(agent, SAMPLE_RATE, rate), dtype=np.float32)
    delay = sample_delay(decoded, sent)
    return {
        "seconds": len(jaw) / 25,
        "in the file, mouth in pictures after decoded sound": {"ms": after, "correlation": after_fit},
        "before, jaw in motion after sent sound": {"ms": before, "correlation": before_fit},
        "mouth in pictures after jaw in motion": {"ms": drawn, "correlation": drawn_fit},
        "decoded sound after sent sound": {"ms": 1000 * delay / rate, "samples": delay},
        "added by drawing, encoding and the file": {"ms": drawn - 1000 * delay / rate},
        "length of pictures and of sound": {"s": [len(times) / 25, len(decoded) / rate]},
    }


def film_speed(film: Film, size: tuple[int, int], path: Path) -> dict[str, float]:
    """Pictures a second by the clock, and what one costs: processor time is what other work can't blur."""
    marks: list[tuple[float, float]] = []

    def mark(done: int, total: int) -> None:
        marks.append((time.perf_counter(), time.process_time()))

    render(film, path, size, progress=mark)
    count = len(marks) - 1 - WARM_UP
    wall, work = (end - start for start, end in zip(marks[WARM_UP], marks[-1], strict=True))
    return {"pictures a second": count / wall, "ms of processor time a picture": 1000 * work / count}


def speed(seconds: float, folder: Path) -> dict[str, dict[str, float]]:
    """The speed of drawing to a file, by size and number of heads."""
    agent, user = (
        pcm[: int((seconds + 1) * SAMPLE_RATE)] for pcm in conversation("test", seconds / 60 + 0.1)
    )
    heads = [read_head(head_path(name)) for name in ("mira", "noor")]
    motions = [animate(load_animator("procedural"), *pair) for pair in ((agent, user), (user, agent))]
    alone = Side("User", (42, 111, 187), user, SAMPLE_RATE)
    facing = Side("User", (42, 111, 187), user, SAMPLE_RATE, (), heads[1], motions[1])
    answering = Side("Agent", (200, 85, 61), agent, SAMPLE_RATE, (), heads[0], motions[0])
    result = {}
    for size, other in (((960, 720), alone), ((1280, 720), alone), ((1280, 720), facing)):
        film = Film(other, answering)
        name = f"{size[0]}x{size[1]}, {len(film.actors)} head{'s' if other is facing else ''}"
        result[name] = film_speed(film, size, folder / "speed.mp4")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.video", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=40.0, help="of speech for the offset")
    parser.add_argument("--speed-seconds", type=float, default=8.0, help="of film for each speed")
    parser.add_argument("--out", type=Path, default=Path("out/bench/video.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = {
            "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count()},
            "load before (1 minute)": os.getloadavg()[0],
            "speed": speed(options.speed_seconds, Path(name)),
            "offset": offsets(options.seconds, Path(name)),
        }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
