"""Captions of both sides from a session's events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from avatar.video.film import Caption
from orchestration.protocol import Event
from orchestration.session.events import EventType
from orchestration.session.reply_text import said_of

LINGER: Final = 6.0  # seconds that finished words stay when nothing follows them
CUT_OFF: Final = " \N{EN DASH}"  # after the words at which somebody was interrupted


def user_captions(events: Sequence[Event], end: float) -> list[Caption]:
    """What the user said, as it was understood at the time: partial words until the final ones are known."""
    heard = [
        (event.t, str(event.data["text"]), event.type == EventType.FINAL_TRANSCRIPT)
        for event in events
        if event.type in (EventType.PARTIAL_TRANSCRIPT, EventType.FINAL_TRANSCRIPT)
    ]
    return list(_shown(heard, end))


def agent_captions(events: Sequence[Event], end: float) -> list[Caption]:
    """What the agent said, clause by clause as it was heard; an interrupted reply ends where it was cut.

    Events say when a reply began and ended and when clauses went to the voice, not when each was heard: a
    clause is taken to begin after the share of the sound that the letters before it have of the whole text.
    """
    said: list[tuple[float, str, bool]] = []
    for reply in _replies(events, end):
        clauses = reply.heard_clauses
        letters = sum(len(clause) + 1 for clause in clauses) or 1
        before, text = 0, ""
        for number, clause in enumerate(clauses, 1):
            at = reply.began + (reply.ended - reply.began) * before / letters
            text = f"{text} {clause}".strip()
            before += len(clause) + 1
            last = number == len(clauses)
            said.append((at, text + CUT_OFF if last and reply.interrupted else text, True))
    return list(_shown(said, end))


@dataclass
class _Reply:
    clauses: list[str] = field(default_factory=list)
    began: float | None = None
    ended: float | None = None
    heard: str | None = None
    interrupted: bool = False


@dataclass(frozen=True)
class _Heard:
    began: float
    ended: float
    heard_clauses: tuple[str, ...]
    interrupted: bool


def _replies(events: Sequence[Event], end: float) -> Iterator[_Heard]:
    replies: dict[int, _Reply] = {}
    for event in events:
        reply = replies.setdefault(event.generation, _Reply())
        match event.type:
            case EventType.REPLY_TEXT:
                reply.clauses.append(said_of(event))
            case EventType.FIRST_SOUND:
                reply.began = event.t
            case EventType.REPLY_FINISHED:
                reply.ended = event.t
            case EventType.INTERRUPTED:
                reply.ended, reply.interrupted = event.t, True
            case EventType.HEARD:
                reply.heard = str(event.data["text"])
                reply.interrupted = bool(event.data["interrupted"])
    for reply in replies.values():
        if reply.began is not None:  # of a reply without sound nothing was heard
            heard = " ".join(reply.clauses) if reply.heard is None else reply.heard
            ended = end if reply.ended is None else reply.ended
            yield _Heard(reply.began, ended, _cut(reply.clauses, heard), reply.interrupted)


def _cut(clauses: Sequence[str], heard: str) -> tuple[str, ...]:
    """The clauses as far as they were heard."""
    left = len(heard.split())
    cut = []
    for clause in clauses:
        words = clause.split()[:left]
        left -= len(words)
        if words:
            cut.append(" ".join(words))
    return tuple(cut)


def _shown(words: Sequence[tuple[float, str, bool]], end: float) -> Iterator[Caption]:
    """Each text until the next of the same side, or until it has been there long enough."""
    for (at, text, final), (following, _, _) in pairwise([*words, (end + LINGER, "", True)]):
        until = min(following, at + LINGER + 0.06 * len(text))
        if text and until > at:
            yield Caption(at, until, text, final)
