"""What came of one case, as the definitions of Full-Duplex-Bench have it, read off the packets and events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestration.media import FRAME_SECONDS, USER_SAMPLE_RATE
from orchestration.protocol import AgentFrame, Event
from orchestration.session.events import EventType
from orchestration.turn_bench.case import Case, Column, Kind
from orchestration.turn_bench.placement import placed

SILENT_FOR: Final = 0.2  # seconds of no sound at the loudspeaker after which the agent has stopped
SETTLED: Final = 0.12  # seconds from a packet's being sent to its being heard, with the wait for a tick
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
    backchannels: tuple[float, ...] = ()  # of the agent, nods and sounds, from the user's onset
    soft_sounds: int = 0  # of them, how many were sounds
    placed: int = 0  # of them, how many lie in a pause or after a fall of the voice
    drafted: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """What the client of a case kept."""

    frames: Sequence[AgentFrame]  # as sent
    events: Sequence[Event]
    heard: Sequence[tuple[float, bool]]  # start and whether it is speech, at the loudspeaker
    script_start: float  # seconds of the session


def observe(case: Case, played: Played) -> Outcome:
    """Measure one case."""
    onset = played.script_start + (case.onset or 0) / USER_SAMPLE_RATE
    last = case.pcm.size if case.end is None else case.end
    end = played.script_start + last / USER_SAMPLE_RATE
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
    sounds = _takeovers(played.frames)
    listened = [event for event in played.events if event.type == EventType.BACKCHANNEL]
    answered = tuple(event.t - onset for event in listened if onset <= event.t <= end)
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
        backchannels=answered,
        soft_sounds=sum(bool(event.data.get("sound")) for event in listened if onset <= event.t <= end),
        placed=placed(case.pcm[case.onset : case.end], answered) if answered else 0,
        drafted=any(event.data.get("drafted") for event in played.events if event.type == EventType.LATENCY),
    )


def _takeovers(frames: Sequence[AgentFrame]) -> list[float]:
    """Times at which the agent began to speak; a backchannel isn't marked as speech in the packets."""
    begins, quiet = [], SILENT_FOR
    for frame in frames:
        if frame.speech:
            if quiet >= SILENT_FOR:
                begins.append(frame.pts * FRAME_SECONDS)
            quiet = 0.0
        else:
            quiet += FRAME_SECONDS
    return begins


def _stop(played: Played, since: float) -> tuple[float, float | None] | None:
    """When the talk stopped after ``since`` although it wasn't over, and how long until it went on."""
    finished = next((event.t for event in played.events if event.type == EventType.REPLY_FINISHED), None)
    given_up = min(
        (event.t for event in played.events if event.type == EventType.INTERRUPTED and event.t >= since),
        default=math.inf,
    )
    # What sounds after the reply was given up is another reply.
    talk = [at for at, speech in played.heard if speech and at <= given_up + SETTLED]
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
