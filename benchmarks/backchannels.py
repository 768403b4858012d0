"""How often the agent nods and murmurs while a person speaks, and whether it does so in the right places.

Recordings of a person (Debian's asterisk-core-sounds-en-wav) are joined with pauses into turns of half a
minute and heard by sessions on virtual time: the voice activity model, the pitch and the policy are the real
ones. Those with an even MD5 are for choosing numbers (``--half dev``), the others are reported. ``--clip``
adds recordings of real conversations.

Right places are judged afterwards, with the whole recording at hand and by another pitch tracker than the
policy's: inside a pause of 150 ms or more, or within a second after 110 ms of pitch below the speaker's 26th
percentile. Random moments of the same turns are held beside it: their share says what luck would give.
Writes ``out/bench/backchannels.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agents.dialogue import Dialogue
from agents.turn_taking.backchannel import BackchannelRates
from avatar.procedural.pitch import PitchTracker
from benchmarks.barge_in import Understands
from orchestration.aside import in_frames
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.gateway.limits import session_options
from orchestration.listening import InlineVoiceActivity
from orchestration.media import AGENT_SAMPLE_RATE, USER_FRAME_SAMPLES, USER_SAMPLE_RATE, FloatArray
from orchestration.session.events import EventType
from orchestration.session.session import Session
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time
from speech.audio import load_audio
from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn

PROMPTS: Final = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SHORTEST: Final = 1.2  # s of a recording that counts
TURN: Final = 25.0  # s of recordings in a turn
PAUSES: Final = (0.25, 1.2)  # s between two recordings
PATIENCE: Final = 1.6  # s of silence that end a turn here, so that the pauses don't
AFTER: Final = 3.0  # s of silence after a turn
PAUSE: Final = 0.15  # s of silence that make a pause
QUIET: Final = 30.0  # dB below the loud level at which it is silent
LOW: Final = 0.11  # s of low pitch that make a fall
SOON: Final = 1.0  # s after it in which an answer is one to it
ROOM_NOISE: Final = 3e-4  # RMS of full scale, -70 dBFS
CHANCES: Final = 2_000  # random moments


@dataclass(frozen=True, slots=True)
class Listened:
    """What one listening agent did, and the share of it (and of random moments) that was well placed."""

    speech_minutes: float
    nods: int  # without a sound
    sounds: int
    per_minute: float
    sounds_per_minute: float
    in_pauses: float | None
    after_falls: float | None
    well_placed: float | None
    sounds_well_placed: float | None
    well_placed_by_chance: float | None
    at_the_end: float | None  # of the turns that got an answer in the silence that ended them


def joined(prompts: Sequence[FloatArray], rng: np.random.Generator) -> list[FloatArray]:
    """Turns of recordings with pauses between them, each followed by silence."""
    turns, parts, length = [], [np.zeros(USER_SAMPLE_RATE, np.float32)], 0
    for index, pcm in enumerate(prompts):
        parts += [pcm, np.zeros(round(rng.uniform(*PAUSES) * USER_SAMPLE_RATE), np.float32)]
        length += len(pcm)
        if length >= TURN * USER_SAMPLE_RATE or index == len(prompts) - 1:
            parts[-1] = np.zeros(round(AFTER * USER_SAMPLE_RATE), np.float32)
            whole = np.concatenate(parts)
            turns.append((whole + rng.normal(0, ROOM_NOISE, whole.size)).astype(np.float32))
            parts, length = [np.zeros(USER_SAMPLE_RATE, np.float32)], 0
    return turns


def listen(pcm: FloatArray, rates: BackchannelRates, seed: int) -> list[tuple[int, bool]]:
    """The user's frames at which the agent answered, and whether with a sound, while ``pcm`` was heard."""

    async def run() -> list[tuple[int, bool]]:
        configuration = load_configuration("configs/default.yaml", models=False)
        engines = scripted_engines(["go on"], lambda _: "Yes.")
        engines = replace(engines, recognizer=Understands(), open_voice_activity=InlineVoiceActivity)
        hum = np.full(AGENT_SAMPLE_RATE // 2, 0.02, np.float32)
        engines.asides.soft.extend((in_frames("mm-hmm", hum), in_frames("uh-huh", hum)))
        options = session_options(configuration, configuration.persona)
        conversation = replace(options.conversation, answer_turns=False)
        presence = replace(options.presence, listening=rates)
        client = SimulatedClient(LoopClock())
        session = Session(
            "bench",
            engines,
            SilenceEndOfTurn(EndOfTurnConfig(silence=PATIENCE, max_turn=300)),
            Dialogue(configuration.persona, token_budget=1024),
            LoopClock(),
            client,
            replace(options, conversation=conversation, presence=presence),
            seed=seed,
        )
        client.say(pcm)
        await client.join(session, len(pcm) / USER_SAMPLE_RATE + 0.2)
        frames = client.recording.frames
        answers = [e for e in client.recording.events if e.type == EventType.BACKCHANNEL]
        return [(frames[event.pts].user_pts, bool(event.data["sound"])) for event in answers]

    return run_in_virtual_time(run())


class Places:
    """Where in a recording pauses and falls are, frame by frame, with all of it known."""

    def __init__(self, pcm: FloatArray) -> None:
        frames = pcm[: pcm.size // USER_FRAME_SAMPLES * USER_FRAME_SAMPLES].reshape(-1, USER_FRAME_SAMPLES)
        half = frames.reshape(-1, USER_FRAME_SAMPLES // 2).astype(np.float64)
        level = 10 * np.log10(np.mean(half**2, axis=1) + 1e-12)
        silent = np.asarray(level < np.percentile(level, 95) - QUIET, np.bool_)
        self.silent = _either_half(_runs(silent, round(PAUSE / 0.02)))
        tracker = PitchTracker()
        hops = np.array([hz for frame in frames for hz, _ in tracker.step(frame, True)])
        hops[silent] = 0
        low = np.asarray((hops > 0) & (hops < np.percentile(hops[hops > 0], 26)), np.bool_)
        fallen = _either_half(_runs(low, int(np.ceil(LOW / 0.02))))
        soon = round(SOON / 0.04)
        self.fallen = np.array([fallen[max(0, at - soon) : at + 1].any() for at in range(len(frames))])
        spoken = np.flatnonzero(~_either_half(silent))
        self.turn = spoken[0], spoken[-1] + 1  # frames
        self.speech = float(np.mean(~self.silent[spoken[0] : spoken[-1] + 1])) * (spoken[-1] - spoken[0]) / 25


def _either_half(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From half frames to frames."""
    return np.asarray(flags[0::2] | flags[1::2], np.bool_)


def _runs(flags: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """The flags that stand in runs of at least ``shortest``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(int), [0]))))
    kept = np.zeros(flags.shape, np.bool_)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        kept[begin:end] = end - begin >= shortest
    return kept


def measure(turns: Sequence[FloatArray], rates: BackchannelRates) -> Listened:
    """Listen to every turn and judge what was answered."""
    rng = np.random.default_rng(5)
    marks: list[tuple[bool, bool, bool]] = []  # with a sound, in a pause, after a fall
    chance: list[bool] = []
    speech, ended = 0.0, []
    for seed, pcm in enumerate(turns):
        places = Places(pcm)
        speech += places.speech
        last = len(places.silent) - 1
        answers = listen(pcm, rates, seed)
        ended.append(any(at >= places.turn[1] for at, _ in answers))
        for at, sound in answers:
            marks.append((sound, bool(places.silent[min(at, last)]), bool(places.fallen[min(at, last)])))
        for at in rng.integers(*places.turn, max(1, CHANCES // len(turns))):
            chance.append(bool(places.silent[at] or places.fallen[at]))
    well = [pause or fall for _, pause, fall in marks]
    sounding = [good for (sound, _, _), good in zip(marks, well, strict=True) if sound]
    minutes = float(speech / 60)
    return Listened(
        speech_minutes=round(minutes, 2),
        nods=len(marks) - len(sounding),
        sounds=len(sounding),
        per_minute=round(len(marks) / minutes, 2),
        sounds_per_minute=round(len(sounding) / minutes, 2),
        in_pauses=_share([pause for _, pause, _ in marks]),
        after_falls=_share([fall for _, _, fall in marks]),
        well_placed=_share(well),
        sounds_well_placed=_share(sounding),
        well_placed_by_chance=_share(chance),
        at_the_end=_share(ended),
    )


def _share(flags: Sequence[bool]) -> float | None:
    return round(float(np.mean(flags)), 3) if flags else None


def recordings(half: str, count: int) -> list[FloatArray]:
    """Up to ``count`` prompts of a half that are long enough to be said something to."""
    odd = half == "test"
    chosen = []
    for path in sorted(PROMPTS.glob("*.wav")):
        if int(hashlib.md5(path.stem.encode()).hexdigest(), 16) % 2 != odd:
            continue
        pcm = load_audio(path)
        if pcm.size >= SHORTEST * USER_SAMPLE_RATE:
            chosen.append(pcm)
    order = np.random.default_rng(11).permutation(len(chosen))
    return [chosen[at] for at in order[:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--count", type=int, default=120, help="recordings")
    parser.add_argument("--nods", type=float, default=BackchannelRates().nods, help="a minute, at most")
    parser.add_argument("--sounds", type=float, default=BackchannelRates().sounds, help="a minute, at most")
    parser.add_argument("--clip", type=Path, nargs="*", default=[], help="recordings of real speakers")
    arguments = parser.parse_args()
    rates = BackchannelRates(nods=arguments.nods, sounds=arguments.sounds)
    turns = joined(recordings(arguments.half, arguments.count), np.random.default_rng(3))
    results = {f"prompts, {arguments.half} half": asdict(measure(turns, rates))}
    for clip in arguments.clip:
        results[clip.name] = asdict(measure([load_audio(clip)], rates))
    out = Path("out/bench/backchannels.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
