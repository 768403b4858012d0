"""How soon the agent falls silent when a person interrupts it, and what doesn't make it fall silent.

Sessions on virtual time: everything is scripted but the real voice activity model and real recordings of a
person (Debian's asterisk-core-sounds-en-wav; thresholds were chosen on those with an even MD5, the others are
reported). For each recording the agent talks, the recording is played into its ears, and the packets are
counted from the one at which the onset was heard to the one that tells the client to flush. The policy is
``immediate``; ``benchmarks/giving_way.py`` measures the others. Writes ``out/bench/barge_in.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.dialogue import Dialogue
from orchestration.clock import LoopClock
from orchestration.configuration import Configuration, load_configuration
from orchestration.gateway.limits import session_options
from orchestration.listening import InlineVoiceActivity
from orchestration.media import FRAME_SECONDS, USER_FRAME_SAMPLES, USER_SAMPLE_RATE, FloatArray
from orchestration.session.session import Session
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time
from speech.audio import load_audio
from speech.end_of_turn import SilenceEndOfTurn
from speech.recognizer import Transcript

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SHORTEST = 1.0  # seconds of a recording that counts
BEFORE = 2.0  # seconds of the agent's talk before the interruption
AFTER = 1.6  # seconds after its onset that are watched
ROOM_NOISE = 3e-4  # RMS of full scale, -70 dBFS
ONSET_RANGE = 25.0  # dB below a recording's loud level at which its sound begins
PITCHES = (70, 400)  # Hz, of voiced sound
VOICED = 0.6  # normalised autocorrelation from which 40 ms are voiced
TARGET_FRAMES = 4  # 160 ms; a frame's wait in the jitter buffer comes on top
TARGET_MS = 200
BURSTS_MS = (40, 60, 80)
LEVELS = (0.03, 0.1, 0.3, 0.8)  # of full scale


class Understands:
    """A recogniser that understands whatever it hears."""

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        return Transcript("go on")


def hold(configuration: Configuration, pcm: FloatArray) -> SimulatedClient:
    """Let the agent talk while ``pcm`` (samples,) at 16 kHz is heard; returns what the client kept."""

    async def run() -> SimulatedClient:
        engines = scripted_engines(["go on"], lambda _: "word " * 60 + ".")
        engines = replace(engines, recognizer=Understands(), open_voice_activity=InlineVoiceActivity)
        client = SimulatedClient(LoopClock())
        persona = configuration.persona
        options = session_options(configuration, persona)
        dialogue = Dialogue(persona, token_budget=configuration.session.dialogue_tokens)
        end_of_turn = SilenceEndOfTurn(configuration.end_of_turn)
        session = Session("bench", engines, end_of_turn, dialogue, LoopClock(), client, options, seed=1)
        session.read("please talk")
        client.say(pcm)
        await client.join(session, len(pcm) / USER_SAMPLE_RATE)
        return client

    return run_in_virtual_time(run())


@dataclass(frozen=True, slots=True)
class Stop:
    """How long after the onset the agent stopped."""

    frames: int  # from the packet at which the onset was heard to the one that flushes
    milliseconds: int  # from the coming of the onset's frame, with its wait in the jitter buffer


def interruption(configuration: Configuration, sound: FloatArray, rng: np.random.Generator) -> Stop | None:
    """When ``sound`` (samples,) stops the agent; None if it doesn't."""
    at = round(BEFORE * USER_SAMPLE_RATE) + int(rng.integers(USER_FRAME_SAMPLES))  # any place in a frame
    pcm = rng.normal(0, ROOM_NOISE, at + round(AFTER * USER_SAMPLE_RATE)).astype(np.float32)
    length = min(len(sound), len(pcm) - at)
    pcm[at : at + length] += sound[:length]
    frames = hold(configuration, np.clip(pcm, -1, 1)).recording.frames
    heard = next(frame.pts for frame in frames if frame.user_pts == at // USER_FRAME_SAMPLES)
    talking = [frame.pts for frame in frames if frame.speech and frame.pts < heard]
    assert talking, "the agent must be talking when it is interrupted"
    flush = next((frame.pts for frame in frames if frame.flush), None)
    came = at // USER_FRAME_SAMPLES + 1  # the client sends a frame when it is over; both begin at time 0
    return None if flush is None else Stop(flush - heard, round((flush - came) * FRAME_SECONDS * 1000))


def onsets(pcm: FloatArray) -> tuple[int, int] | None:
    """Samples at which the sound of ``pcm`` begins, and its voice; None if it has none."""
    block = USER_SAMPLE_RATE // 100
    power = np.mean(pcm[: len(pcm) // block * block].reshape(-1, block).astype(np.float64) ** 2, axis=1)
    loud = power > np.percentile(power, 95) * 10 ** (-ONSET_RANGE / 10)
    sound = _first_run(loud, 3)
    voiced = [
        bool(loud[at]) and _is_voiced(pcm[at * block : at * block + 4 * block]) for at in range(len(loud))
    ]
    voice = _first_run(np.array(voiced), 3)
    return None if sound is None or voice is None else (sound * block, voice * block)


def _first_run(flags: np.ndarray[Any, np.dtype[np.bool_]], length: int) -> int | None:
    runs = np.convolve(flags, np.ones(length), "valid") >= length
    return int(runs.argmax()) if runs.any() else None


def _is_voiced(pcm: FloatArray) -> bool:
    centred = pcm.astype(np.float64) - pcm.mean()
    correlation = np.correlate(centred, centred, "full")[len(pcm) - 1 :]
    lags = np.arange(USER_SAMPLE_RATE // PITCHES[1], min(USER_SAMPLE_RATE // PITCHES[0], len(pcm) - 1))
    if correlation[0] <= 0 or not len(lags):
        return False
    return bool((correlation[lags] / correlation[0] * len(pcm) / (len(pcm) - lags)).max() > VOICED)


def recordings(*, odd: bool, count: int) -> Iterator[tuple[str, FloatArray]]:
    """Up to ``count`` recordings of a person, those that thresholds were chosen on or the others."""
    chosen = 0
    for path in sorted(PROMPTS.glob("*.wav")):
        if (int(hashlib.md5(path.stem.encode()).hexdigest(), 16) % 2 == 1) is not odd:
            continue
        pcm = load_audio(path)
        if len(pcm) < SHORTEST * USER_SAMPLE_RATE or onsets(pcm) is None:
            continue
        yield path.stem, pcm
        chosen += 1
        if chosen == count:
            return


def bursts(rng: np.random.Generator, voices: list[FloatArray]) -> Iterator[tuple[str, FloatArray]]:
    """Short sounds that should stop nobody: clicks, knocks, beeps, hiss, and pieces cut out of vowels."""
    makers: dict[str, Callable[[int, float], np.ndarray[Any, Any]]] = {
        "click": lambda n, level: np.where(np.arange(n) < 8, level * (-1.0) ** np.arange(n), 0),
        "knock": lambda n, level: (
            level * np.exp(-np.arange(n) / 240) * np.sin(2 * np.pi * 180 * np.arange(n) / USER_SAMPLE_RATE)
            + 0.3 * level * np.exp(-np.arange(n) / 48) * rng.normal(0, 1, n)
        ),
        "beep": lambda n, level: level * np.sin(2 * np.pi * 220 * np.arange(n) / USER_SAMPLE_RATE),
        "buzz": lambda n, level: level * np.sign(np.sin(2 * np.pi * 150 * np.arange(n) / USER_SAMPLE_RATE)),
        "hiss": lambda n, level: rng.normal(0, level, n) * np.hanning(n),
    }
    for name, make in makers.items():
        for milliseconds in BURSTS_MS:
            for level in LEVELS:
                yield name, make(milliseconds * USER_SAMPLE_RATE // 1000, level).astype(np.float32)
    for voice in voices:
        for milliseconds in BURSTS_MS:
            size = milliseconds * USER_SAMPLE_RATE // 1000
            loudest = int(np.convolve(voice.astype(np.float64) ** 2, np.ones(size), "valid").argmax())
            edge = np.minimum(1, np.minimum(np.arange(size), np.arange(size)[::-1]) / 48)
            yield "vowel", (voice[loudest : loudest + size] * edge).astype(np.float32)


def with_policy(configuration: Configuration, policy: str) -> Configuration:
    """The same system with another policy."""
    turn_taking = configuration.turn_taking
    interruption = turn_taking.interruption.model_copy(update={"policy": policy})
    changed = turn_taking.model_copy(update={"interruption": interruption})
    return configuration.model_copy(update={"turn_taking": changed})


def main() -> None:
    """Run it and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="recordings")
    parser.add_argument("--tuning", action="store_true", help="those that the thresholds were chosen on")
    parser.add_argument("--out", type=Path, default=Path("out/bench/barge_in.json"))
    options = parser.parse_args()
    configuration = with_policy(load_configuration("default", models=False), "immediate")
    rng = np.random.default_rng(0)
    spoken = list(recordings(odd=not options.tuning, count=options.count))
    if not spoken:
        parser.error(f"no recordings in {PROMPTS}; install Debian's asterisk-core-sounds-en-wav")
    rows = []
    for name, pcm in spoken:
        found = onsets(pcm)
        assert found is not None
        sound, voice = found
        for what, begin in (("sound", sound), ("voice", voice)):
            stop = interruption(configuration, pcm[begin:], rng)
            frames, late = (None, None) if stop is None else (stop.frames, stop.milliseconds)
            rows.append({"prompt": name, "from": what, "frames": frames, "ms_from_arrival": late})
    stopped: dict[str, list[int]] = {}
    for kind, burst in bursts(rng, [pcm for _, pcm in spoken[:20]]):
        counts = stopped.setdefault(kind, [0, 0])
        counts[0] += interruption(configuration, burst, rng) is not None
        counts[1] += 1
    report = {
        "recordings": len(spoken),
        "set": "tuning (even MD5)" if options.tuning else "held out (odd MD5)",
        "target_frames": TARGET_FRAMES,
        "frames_from_sound_onset": _distribution([row["frames"] for row in rows if row["from"] == "sound"]),
        "frames_from_voice_onset": _distribution([row["frames"] for row in rows if row["from"] == "voice"]),
        "within_200_ms_of_the_voice_onsets_arrival": _share(rows, "voice"),
        "within_200_ms_of_the_sound_onsets_arrival": _share(rows, "sound"),
        "stopped_by_bursts_up_to_80_ms": {kind: f"{hits} of {of}" for kind, (hits, of) in stopped.items()},
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({key: value for key, value in report.items() if key != "rows"}, indent=1))


def _share(rows: list[dict[str, Any]], begin: str) -> float:
    late = [row["ms_from_arrival"] for row in rows if row["from"] == begin]
    return round(sum(one is not None and one <= TARGET_MS for one in late) / len(late), 3)


def _distribution(frames: list[int | None]) -> dict[str, Any]:
    known = np.array([1_000 if one is None else one for one in frames])
    return {
        "within": {
            f"{n} frames, {n * FRAME_SECONDS * 1000:.0f} ms": round(float((known <= n).mean()), 3)
            for n in range(1, 9)
        },
        "median": float(np.median(known)),
        "p95": float(np.percentile(known, 95)),
        "never": int((known == 1_000).sum()),
    }


if __name__ == "__main__":
    main()
