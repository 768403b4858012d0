"""What came of one case, as the definitions of Full-Duplex-Bench have it, read off the packets and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestration.media import FRAME_SECONDS, USER_SAMPLE_RATE
from orchestration.protocol import AgentFrame, Event
from orchestration.session.events import EventType
from orchestration.turn_bench.case import Case, Column, Kind

SILENT_FOR: Final = 0.2  # seconds of no sound at the loudspeaker after which the agent has stopped
STILL_EARLY: Final = 0.1  # seconds before the real end from which a decision counts as one about it


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case; times in seconds, None where the measure doesn't apply or the thing didn't happen."""

    name: str
    kind: Kind
    column: Column
    detail: dict[str, float | str] = field(default_factory=dict)
    spoke_early: bool = False  # the agent took the floor before the user's real end
    decided_early: int = 0  # times that it believed the turn over, before the real end
    spoke_after: bool = False  # it took the floor after the real end
    decision: float | None = None  # from the real end
    first_sound: float | None = None  # from the real end
    stopped: float | None = None  # from the user's onset (an echo: from the script's start)
    resumed: float | None = None  # from having stopped to sounding again, in the same reply
    speech: float = 0.0  # seconds that the user spoke
    backchannels: tuple[float, ...] = ()  # of the agent, from the user's onset
    drafted: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What the client of a case kept."""

    frames: Sequence[AgentFrame]  # as sent
    events: Sequence[Event]
    heard: Sequence[tuple[float, bool, int]]  # start, speech, generation, at the loudspeaker
    script_start: float  # seconds of the session


def observe(case: Case, played: Played) -> Outcome:
    """Measure one case."""
    onset = played.script_start + (case.onset or 0) / USER_SAMPLE_RATE
    last = case.pcm.size if case.end is None else case.end
    end = played.script_start + last / USER_SAMPLE_RATE
    said = _backchannels(played.events)
    if case.agent_talks:
        stop = _stop(played, onset)
        return Outcome(
            case.name,
            case.kind,
            case.column,
            case.detail,
            stopped=None if stop is None else stop[0] - onset,
            resumed=None if stop is None else stop[1],
        )
    sounds = _takeovers(played.frames, said)
    after = [at for at in sounds if at >= end]
    decided = [event.t for event in played.events if event.type == EventType.TURN_ENDED]
    right = [at for at in decided if at >= end - STILL_EARLY]
    silence = case.kind is Kind.SILENCE
    return Outcome(
        case.name,
        case.kind,
        case.column,
        case.detail,
        spoke_early=bool(sounds) if silence else any(onset < at < end for at in sounds),
        decided_early=len(decided) if silence else sum(onset < at < end - STILL_EARLY for at in decided),
        spoke_after=bool(after) and not silence,
        decision=right[0] - end if right and not silence else None,
        first_sound=after[0] - end if after and not silence else None,
        speech=end - onset,
        backchannels=tuple(at - onset for at, _ in said if onset <= at <= end),
        drafted=any(event.data.get("drafted") for event in played.events if event.type == EventType.LATENCY),
    )


def _backchannels(events: Sequence[Event]) -> list[tuple[float, float]]:
    """The agent's own "mm-hmm"s, (start, end) in seconds: they take no floor."""
    return [
        (event.t, event.t + float(event.data.get("seconds", 1.0)))
        for event in events
        if event.type == BACKCHANNEL
    ]


BACKCHANNEL: Final = "agent_backchannel"


def _takeovers(frames: Sequence[AgentFrame], said: Sequence[tuple[float, float]]) -> list[float]:
    """Times at which the agent began to sound, other than for a backchannel."""
    begins, quiet = [], SILENT_FOR
    for frame in frames:
        at = frame.pts * FRAME_SECONDS
        own = any(begin - FRAME_SECONDS <= at <= end + FRAME_SECONDS for begin, end in said)
        if frame.speech and not own:
            if quiet >= SILENT_FOR:
                begins.append(at)
            quiet = 0.0
        else:
            quiet += FRAME_SECONDS
    return begins


def _stop(played: Played, since: float) -> tuple[float, float | None] | None:
    """When the talk stopped after ``since`` although it wasn't over, and how long until it went on."""
    finished = next((event.t for event in played.events if event.type == EventType.REPLY_FINISHED), None)
    spoken = [(at, generation) for at, speech, generation in played.heard if speech]
    talk = [at for at, generation in spoken if generation == spoken[0][1]]
    last_heard = played.heard[-1][0] + FRAME_SECONDS
    for index, at in enumerate(talk):
        ends = at + FRAME_SECONDS
        following = talk[index + 1] if index + 1 < len(talk) else None
        gap = (last_heard if following is None else following) - ends
        if ends < since or gap < SILENT_FOR - 1e-6:
            continue
        if following is None and finished is not None and finished <= ends + SILENT_FOR:
            return None  # it had said all
        return ends, None if following is None else gap
    return None
