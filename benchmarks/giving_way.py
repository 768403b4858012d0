"""What stops the agent while it speaks, and what doesn't: interruptions, listeners, others, noise, its echo.

    python -m benchmarks.giving_way [--tuning] [--policy judged] [--each 60] [--only echo]

Sessions on virtual time with the real voice activity model, the real voice and the real recogniser, whose
answers are taken to need ``RECOGNITION`` seconds. The user says a sentence, the agent answers at length, and
the sound of the case comes at some place in the answer. Human interruptions are Debian's Asterisk prompts;
everything else is synthetic, and told apart. Names (of recordings, of voices) with an even MD5 are for
tuning, the others are reported. "Silent" is the time from the first sample of the sound's onset to the
packet that makes the client silent. Writes ``out/bench/giving_way.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from agents.dialogue import Dialogue
from benchmarks.barge_in import onsets, recordings, with_policy
from benchmarks.recognizer import packaged_model
from orchestration.clock import LoopClock
from orchestration.configuration import Configuration, load_configuration
from orchestration.corpus.texts import backchannels, deal
from orchestration.corpus.voices import VOICES, SyntheticVoice, opened
from orchestration.gateway.limits import session_options
from orchestration.listening import InlineVoiceActivity
from orchestration.media import (
    AGENT_SAMPLE_RATE,
    FRAME_SECONDS,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
    silence,
)
from orchestration.models.registry import load_registry
from orchestration.models.resolve import resolve
from orchestration.protocol import AgentFrame
from orchestration.session.events import EventType
from orchestration.session.session import Session
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.others import others
from orchestration.turn_bench.sound import far
from orchestration.virtual_time import run_in_virtual_time
from orchestration.voices import InlineVoices, ThreadedVoices
from speech.end_of_turn import SilenceEndOfTurn
from speech.recognizer import Transcript
from speech.speaker.encoder import SpeakerConfig
from speech.synthesizer import SpeechChunk, SpokenWord
from speech.whisper import WhisperConfig, WhisperRecognizer

RECOGNITION = 0.3  # seconds that a transcript takes, as on an idle machine
LOUDNESS = 0.08  # RMS of a voice, full scale
ROOM_NOISE = 3e-4  # RMS, -70 dBFS
OWN_TURN = 2.0  # seconds of the user's first turn, by which their level and voice are known, at least
LONGEST_OWN = 3.5  # seconds of it
BUFFERED = 2  # frames that the client holds before it plays
PLACES = {"early": 0.6, "middle": 2.5, "late": 4.5}  # seconds of the agent's talk before the sound comes
WATCHED = 4.0  # seconds after the sound's onset
SHORT = ("mhm", "hmm", "uh huh", "yeah", "right", "okay", "oh", "wow", "sure", "yes", "good")  # a listener's
COMMANDS = ("Wait.", "No, stop.")
SENTENCES = 5  # of each synthetic voice
ANSWER = (
    "The museum was built more than a hundred years ago by a rich merchant from the north, "
    "who wanted to show the people of his town what he had collected on his many long journeys by ship."
)


@dataclass(frozen=True, slots=True)
class Case:
    """A sound that comes while the agent speaks, or what comes back of its own (``echo``, dB)."""

    kind: str
    name: str
    sound: FloatArray
    user: FloatArray  # what the user says first, 16 kHz
    place: str = "middle"
    echo: float | None = None  # dB
    echo_delay: float = 0.0  # seconds beyond the client's buffer
    muffled: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds from the sound's onset; None where it didn't happen."""

    kind: str
    name: str
    place: str
    silent: float | None  # the agent fell silent
    stopped: bool  # for good
    resumed: float | None  # from falling silent to going on
    again: float | None  # of the reply, said twice
    text: str


@dataclass
class Listener:
    """Whisper, waited for outside virtual time, which then passes as on an idle machine."""

    whisper: WhisperRecognizer
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    known: dict[bytes, Transcript] = field(default_factory=dict)

    async def transcribe(self, pcm: FloatArray, *, words: bool = True) -> Transcript:
        await asyncio.sleep(RECOGNITION)
        key = hashlib.sha1(pcm.tobytes()).digest()
        if key not in self.known:
            work = self.whisper.transcribe(pcm, words=False)
            self.known[key] = self.thread.submit(asyncio.run, work).result()  # blocks on purpose
        return self.known[key]


@dataclass
class Voice:
    """Speaks the one answer, clause after clause, as it was rendered beforehand."""

    pcm: FloatArray  # 24 kHz

    async def synthesize(self, text: str, voice: str | None = None) -> AsyncIterator[SpeechChunk]:
        begin, end = (round(at / len(ANSWER) * len(self.pcm)) for at in self._place(text))
        words = text.split()
        each = (end - begin) / AGENT_SAMPLE_RATE / len(words)
        spoken = tuple(SpokenWord(word, n * each, (n + 1) * each) for n, word in enumerate(words))
        yield SpeechChunk(self.pcm[begin:end], spoken)

    def _place(self, text: str) -> tuple[int, int]:
        at = max(0, ANSWER.find(text))
        return at, at + len(text)


@dataclass
class Room(SimulatedClient):
    """A client whose microphone hears its loudspeaker."""

    case: Case | None = None
    _back: FloatArray = field(default_factory=lambda: silence(40 * USER_SAMPLE_RATE))
    _resampler: Any = field(
        default_factory=lambda: soxr.ResampleStream(AGENT_SAMPLE_RATE, USER_SAMPLE_RATE, 1, quality="QQ")
    )
    _written: int = 0

    def frame(self, frame: AgentFrame) -> None:
        super().frame(frame)
        assert self.case is not None
        if self.case.echo is None:
            return
        sound = self._resampler.resample_chunk(frame.pcm.astype(np.float32)) * 10 ** (self.case.echo / 20)
        begin = self._written + round((BUFFERED * FRAME_SECONDS + self.case.echo_delay) * USER_SAMPLE_RATE)
        taps = np.hanning(11)[1:-1] / 5 if self.case.muffled else np.ones(1)
        sound = np.convolve(sound, np.convolve(taps, [1, 0, 0, 0.4, 0, 0, 0, 0, -0.2]))
        self._back[begin : begin + len(sound)] += sound.astype(np.float32)
        self._written += len(sound) - len(taps) - 7

    async def _feed(self, session: Session) -> None:
        noise = np.random.default_rng(3)
        start = self.clock.now()
        for pts in range(2**31):
            await self.clock.sleep_until(start + (pts + 0.5) * FRAME_SECONDS)
            pcm = self._microphone.popleft() if self._microphone else silence(USER_FRAME_SAMPLES)
            back = self._back[pts * USER_FRAME_SAMPLES : (pts + 1) * USER_FRAME_SAMPLES]
            heard = pcm + back + noise.normal(0, ROOM_NOISE, USER_FRAME_SAMPLES)
            session.hear(pts, np.clip(heard, -1, 1).astype(np.float32))
            for played in self._player.play(self.clock.now()):
                session.acknowledge(played.pts, played.generation)


def hold(configuration: Configuration, case: Case, engines: Any, seed: int) -> Outcome:
    """Hold one conversation; what became of the agent's talk."""
    offset = int(np.random.default_rng(seed).integers(USER_FRAME_SAMPLES))  # any place in a frame

    async def run() -> tuple[Room, float]:
        client = Room(LoopClock(), case=case)
        persona = configuration.persona
        options = session_options(configuration, persona)
        dialogue = Dialogue(persona, token_budget=configuration.session.dialogue_tokens)
        end_of_turn = SilenceEndOfTurn(configuration.end_of_turn)
        session = Session("bench", engines, end_of_turn, dialogue, LoopClock(), client, options, seed=1)
        client.say(np.concatenate((silence(USER_SAMPLE_RATE // 2), case.user)))
        running = asyncio.ensure_future(client.join(session, 20.0))
        while not (first := [e for e in client.recording.events if e.type == EventType.FIRST_SOUND]):
            await asyncio.sleep(FRAME_SECONDS)
            assert not running.done(), "the agent must answer the user's first turn"
        await asyncio.sleep(first[0].t + PLACES[case.place] - session.pts * FRAME_SECONDS)
        begins = (session.pts + len(client._microphone)) * FRAME_SECONDS + offset / USER_SAMPLE_RATE
        client.say(np.concatenate((silence(offset), case.sound)))
        await asyncio.sleep(WATCHED)
        session.stop("seen enough")
        await running
        return client, begins

    client, begins = run_in_virtual_time(run())
    events = [event for event in client.recording.events if event.t >= begins - 2 * FRAME_SECONDS]
    if case.echo is not None and not case.sound.size:
        events = client.recording.events

    def first(*types: EventType) -> Any:
        return next((event for event in events if event.type in types), None)

    quiet, resumed = first(EventType.HELD, EventType.INTERRUPTED), first(EventType.RESUMED_REPLY)
    texts = [
        e.data["text"] for e in events if e.type in (EventType.FINAL_TRANSCRIPT, EventType.RESUMED_REPLY)
    ]
    return Outcome(
        case.kind,
        case.name,
        case.place,
        silent=None if quiet is None else round(quiet.t - begins, 3),
        stopped=first(EventType.INTERRUPTED) is not None,
        resumed=None if resumed is None or quiet is None else round(resumed.t - quiet.t, 3),
        again=None if resumed is None else resumed.data["again"],
        text=" / ".join(texts),
    )


# -- the material ---------------------------------------------------------------------------------


def is_odd(name: str) -> bool:
    """Whether what is called so is reported on; the rest is for tuning."""
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 2 == 1


def levelled(pcm: FloatArray, decibels: float = 0.0) -> FloatArray:
    """At a voice's loudness, give or take ``decibels``, as its loud parts measure."""
    loud = np.abs(pcm) > 0.1 * np.abs(pcm).max(initial=1e-9)
    rms = float(np.sqrt(np.mean(pcm[loud] ** 2))) if loud.any() else 1.0
    return (pcm * (LOUDNESS / rms * 10 ** (decibels / 20))).astype(np.float32)


def from_onset(pcm: FloatArray) -> FloatArray:
    """Without the silence before it."""
    found = onsets(pcm)
    return pcm if found is None else pcm[found[0] :]


def spoken(voice: SyntheticVoice, texts: Sequence[str]) -> dict[str, FloatArray]:
    """Texts in one of the corpus's voices, 16 kHz."""
    with opened(voice) as (speak, _):
        return {text: levelled(from_onset(speak(text)[0])) for text in texts}


def own_turns(said: Sequence[tuple[str, FloatArray]]) -> Callable[[str], FloatArray]:
    """What somebody says before: by the name of what they say later, another sentence of ``OWN_TURN`` s."""
    long = [(name, pcm) for name, pcm in said if len(pcm) >= OWN_TURN * USER_SAMPLE_RATE] or list(said)

    def before(name: str) -> FloatArray:
        at = int(hashlib.md5(name.encode()).hexdigest(), 16)
        other = [pcm for known, pcm in long if known != name]
        return other[at % len(other)][: round(LONGEST_OWN * USER_SAMPLE_RATE)]

    return before


def cases(*, odd: bool, each: int) -> Iterator[Case]:
    """Up to ``each`` of every kind. Whoever says something has had a turn before, but for side talk."""
    rng = np.random.default_rng(1)
    voices = [voice for voice in VOICES if not voice.kokoro and is_odd(voice.name) is odd]
    people = [(name, levelled(from_onset(pcm))) for name, pcm in recordings(odd=odd, count=2 * each)]
    person = own_turns(people)
    by_voice: dict[str, Callable[[str], FloatArray]] = {}
    short, longer, sentences = [], [], []
    for voice in voices:
        texts = [line.text for line in deal(voice.name, SENTENCES, 5)[:SENTENCES]]
        said = spoken(voice, [*texts, *COMMANDS, *(line.said for line in backchannels())])
        by_voice[voice.name] = own_turns([(f"{voice.name}: {text}", said[text]) for text in texts])
        for line in backchannels():
            kind = short if line.text in SHORT else longer
            kind.append((f"{voice.name}: {line.text}", said[line.said]))
        sentences += [(f"{voice.name}: {text}", said[text]) for text in texts]
        for text in COMMANDS:
            name = f"{voice.name}: {text}"
            yield Case("command", name, said[text], by_voice[voice.name](name))
    for many in (short, longer, sentences):
        rng.shuffle(many)  # type: ignore[arg-type]
    places = list(PLACES)

    def own(name: str) -> FloatArray:
        return by_voice[name.partition(":")[0]](name)

    for n, (name, pcm) in enumerate(people[:each]):
        yield Case("interruption, human", name, pcm[: 3 * USER_SAMPLE_RATE], person(name), places[n % 3])
    for n, (name, pcm) in enumerate(people[:each]):
        away = levelled(far(pcm[: 3 * USER_SAMPLE_RATE]), -5)
        yield Case("interruption, human, from further away, -5 dB", name, away, person(name), places[n % 3])
    for n, (name, pcm) in enumerate(sentences[:each]):
        yield Case("interruption, synthetic", name, pcm[: 3 * USER_SAMPLE_RATE], own(name), places[n % 3])
    for name, pcm in short[:each]:
        yield Case("backchannel", name, pcm, own(name))
    for name, pcm in longer[:each]:
        yield Case("backchannel of two words or more", name, pcm, own(name))
    for n, (name, pcm) in enumerate(people[-each:]):
        piece = hum(pcm, rng)
        if piece is not None:
            yield Case("hum, cut from human speech", name, piece, person(name), places[n % 3])
    for n, (name, pcm) in enumerate(sentences[-each:]):
        decibels = (0, -5, -10, -20)[n % 4]
        said_by = name.partition(":")[0]
        user = next(voice for voice in (*voices[n % len(voices) :], *voices) if voice.name != said_by)
        sound = levelled(pcm, decibels)[: 3 * USER_SAMPLE_RATE]
        yield Case(f"side talk, {decibels} dB", name, sound, by_voice[user.name](name))
    strangers = others(Half.TEST if odd else Half.DEVELOPMENT, each)
    for n in range(each if strangers else 0):
        decibels = (0, -5, -10, -20)[n // 2 % 4]
        theirs = strangers[sorted(strangers)[n % len(strangers)]]
        stranger = theirs[n // 2 % len(theirs)]
        sound = stranger.pcm[: 3 * USER_SAMPLE_RATE]
        sound = levelled(far(sound) if n // 4 % 2 else sound, decibels)
        yield Case(f"side talk, human, {decibels} dB", stranger.name, sound, person(stranger.name))
    for n in range(each // 2):
        decibels = float(rng.uniform(-20, 0))
        yield Case("noise", f"{n}: {decibels:.0f} dB", levelled(noise(n, rng), decibels), person(f"{n}"))
    for n in range(each):
        echo = dict(
            echo=float(rng.uniform(-20, -6)), echo_delay=float(rng.uniform(0.04, 0.4)), muffled=n % 2 == 1
        )
        yield Case("echo", f"{n}", silence(0), person(f"{n}"), **echo)  # type: ignore[arg-type]
        name, pcm = people[n % len(people)]
        sound, place = pcm[: 3 * USER_SAMPLE_RATE], places[n % 3]
        yield Case("interruption over echo", name, sound, person(name), place, **echo)  # type: ignore[arg-type]


def hum(pcm: FloatArray, rng: np.random.Generator) -> FloatArray | None:
    """A hum of .25 to .6 s: the darkest voiced 80 ms of a recording, held by overlapping copies of it."""
    size, step = USER_SAMPLE_RATE * 8 // 100, USER_SAMPLE_RATE // 50
    loud = float(np.sqrt(np.mean(pcm**2)))
    pieces = [pcm[at : at + size] for at in range(0, len(pcm) - size, step)]
    pieces = [piece for piece in pieces if float(np.sqrt(np.mean(piece**2))) > loud / 3]
    if not pieces:
        return None

    def brightness(piece: FloatArray) -> float:
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(size))) ** 2
        frequency = np.fft.rfftfreq(size, 1 / USER_SAMPLE_RATE)
        return float(spectrum[frequency > 900].sum() / spectrum.sum())

    piece = min(pieces, key=brightness)
    length = round(float(rng.uniform(0.25, 0.6)) * USER_SAMPLE_RATE)
    held = np.zeros(length + size, np.float32)
    for at in range(0, length, size // 2):
        held[at : at + size] += (piece * np.hanning(size)).astype(np.float32)
    edge = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 800)
    return levelled((held[:length] * edge).astype(np.float32), -6)


def noise(number: int, rng: np.random.Generator) -> FloatArray:
    """A second of a knock, a cough-like burst of breath, hiss, clatter, or hum of the mains."""
    time = np.arange(USER_SAMPLE_RATE) / USER_SAMPLE_RATE
    white = rng.normal(0, 1, USER_SAMPLE_RATE)
    match number % 5:
        case 0:
            sound = np.exp(-time / 0.02) * np.sin(2 * np.pi * 180 * time)
        case 1:
            sound = sum(
                np.roll(white * np.exp(-time / 0.06), round(at * USER_SAMPLE_RATE)) for at in (0, 0.35)
            )
        case 2:
            sound = white * np.hanning(len(white))
        case 3:
            sound = sum(np.roll(white * np.exp(-time / 0.008), int(at)) for at in rng.integers(0, 15_000, 9))
        case _:
            sound = np.sign(np.sin(2 * np.pi * 100 * time)) + 0.1 * white
    return np.asarray(sound, np.float32)


# -- the report -----------------------------------------------------------------------------------


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    """Shares and times of one kind."""
    silent = np.array([one.silent for one in outcomes if one.silent is not None])
    back = [one.resumed for one in outcomes if one.resumed is not None]
    return {
        "cases": len(outcomes),
        "never silent": round(sum(one.silent is None for one in outcomes) / len(outcomes), 3),
        "stopped": round(sum(one.stopped for one in outcomes) / len(outcomes), 3),
        "silent after, median s": round(float(np.median(silent)), 3) if len(silent) else None,
        "silent after, p95 s": round(float(np.percentile(silent, 95)), 3) if len(silent) else None,
        "resumed": len(back),
        "resumed within 1 s": sum(each <= 1.0 for each in back),
        "resumed after, median s": round(float(np.median(back)), 3) if back else None,
        "said again, median s": float(np.median([o.again for o in outcomes if o.again is not None]))
        if back
        else None,
    }


def main() -> None:
    """Run it and write the JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=60, help="cases of each kind")
    parser.add_argument("--tuning", action="store_true", help="the half that thresholds were chosen on")
    parser.add_argument("--policy", default="judged", choices=("immediate", "min_words", "judged"))
    parser.add_argument("--deaf-to-voices", action="store_true", help="nobody tells voices apart")
    parser.add_argument("--only", default="", help="regular expression: kinds to hold")
    parser.add_argument("--out", type=Path, default=Path("out/bench/giving_way.json"))
    options = parser.parse_args()
    configuration = with_policy(load_configuration("default", models=False), options.policy)
    speaker = resolve("ge2e-speaker", "speaker", load_registry())
    voices = InlineVoices(ThreadedVoices(SpeakerConfig(model=speaker.location)))
    with opened(next(voice for voice in VOICES if voice.name == "joe")) as (speak, _):
        answer = soxr.resample(levelled(speak(ANSWER)[0]), USER_SAMPLE_RATE, AGENT_SAMPLE_RATE)
    outcomes: dict[str, list[Outcome]] = {}
    engines = replace(
        scripted_engines(["go on"], lambda _: ANSWER),
        recognizer=Listener(WhisperRecognizer(WhisperConfig(model=packaged_model(), threads=1))),
        open_voice_activity=InlineVoiceActivity,
        voices=None if options.deaf_to_voices else voices,
        synthesizer=Voice(answer.astype(np.float32)),
    )
    for n, case in enumerate(cases(odd=not options.tuning, each=options.each)):
        if re.search(options.only, case.kind):
            outcome = hold(configuration, case, engines, n)
            outcomes.setdefault(case.kind, []).append(outcome)
            print(json.dumps(vars_of(outcome)), file=sys.stderr, flush=True)
    report = {
        "set": "tuning (even MD5)" if options.tuning else "held out (odd MD5)",
        "policy": options.policy,
        "voices told apart": not options.deaf_to_voices,
        "kinds": {kind: summary(ones) for kind, ones in outcomes.items()},
        "rows": [vars_of(one) for ones in outcomes.values() for one in ones],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report["kinds"], indent=1))


def vars_of(outcome: Outcome) -> dict[str, Any]:
    """Its fields, for the JSON."""
    return {name: getattr(outcome, name) for name in Outcome.__slots__}


if __name__ == "__main__":
    main()
