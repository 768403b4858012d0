"""A picture of a conversation: both voices, the floor, the mouth, the head and the blinks over time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avatar.motion import Column
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_RATE, USER_SAMPLE_RATE, FloatArray
from orchestration.protocol import Event
from orchestration.recording.recording import Recording
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.reply_text import said_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USER_COLOUR, AGENT_COLOUR, THINKING_COLOUR = "#2a6fbb", "#c8553d", "#c9a227"
_FLOOR_COLOURS = {Floor.USER: USER_COLOUR, Floor.THINKING: THINKING_COLOUR, Floor.AGENT: AGENT_COLOUR}
ENVELOPE_RATE = 100  # points of the drawn envelope a second


def draw_timeline(recording: Recording, path: Path, title: str) -> None:
    """Write the picture of ``recording`` to ``path`` (PNG)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    motion = recording.motion()
    seconds = np.arange(len(motion)) / FRAME_RATE
    figure, axes = plt.subplots(
        6, 1, sharex=True, figsize=(14, 8.5), height_ratios=[1.2, 1.2, 0.35, 1, 1, 0.7], layout="constrained"
    )
    figure.suptitle(title, fontsize=13, x=0.01, ha="left", weight="bold")
    _draw_sound(axes[0], recording.user_pcm(), USER_SAMPLE_RATE, USER_COLOUR, "user")
    _draw_sound(axes[1], recording.agent_pcm(), AGENT_SAMPLE_RATE, AGENT_COLOUR, "agent")
    _write_words(axes[0], _user_words(recording.events))
    _write_words(axes[1], _agent_words(recording.events))
    _draw_floor(axes[2], recording.events, recording.seconds)
    axes[3].fill_between(seconds, motion[:, Column.jawOpen], color=AGENT_COLOUR, alpha=0.8, linewidth=0)
    axes[3].set(ylabel="mouth\nopening", ylim=(0, 1))
    axes[4].plot(seconds, np.degrees(motion[:, Column.headPitch]), color="#333333", linewidth=0.9)
    axes[4].set(ylabel="head pitch\n(degrees)")
    blink = motion[:, [Column.eyeBlinkLeft, Column.eyeBlinkRight]].mean(axis=1)
    axes[5].fill_between(seconds, blink, color="#555555", linewidth=0)
    axes[5].set(ylabel="blinks", ylim=(0, 1), xlabel="seconds of session time")
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_xlim(0, max(recording.seconds, 0.04))
        axis.yaxis.label.set(rotation=0, ha="right", va="center")
    _shade_floor(axes[3:], recording.events, recording.seconds)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _draw_sound(axis: Axes, pcm: FloatArray, rate: int, colour: str, label: str) -> None:
    hop = rate // ENVELOPE_RATE
    pieces = pcm[: pcm.size - pcm.size % hop].reshape(-1, hop)
    times = np.arange(len(pieces)) / ENVELOPE_RATE
    if len(pieces):
        axis.fill_between(times, pieces.min(axis=1), pieces.max(axis=1), color=colour, linewidth=0)
    loudest = max(0.05, float(np.abs(pcm).max(initial=0)))
    axis.set(ylabel=label, ylim=(-loudest, 1.5 * loudest), yticks=[])  # room for the words above


def _user_words(events: Sequence[Event]) -> list[tuple[float, str]]:
    """Each turn of the user where its sound began; its words are known only after it."""
    starts = [event.t for event in events if event.type == EventType.SPEECH_STARTED]
    turns = [event for event in events if event.type == EventType.FINAL_TRANSCRIPT]
    return [(max((t for t in starts if t <= turn.t), default=turn.t), turn.data["text"]) for turn in turns]


def _agent_words(events: Sequence[Event]) -> list[tuple[float, str]]:
    """Each reply, its clauses joined, where its sound began."""
    clauses: dict[int, list[str]] = {}
    for event in events:
        if event.type == EventType.REPLY_TEXT:
            clauses.setdefault(event.generation, []).append(said_of(event))
    sounds = [event for event in events if event.type == EventType.FIRST_SOUND]
    return [(event.t, " ".join(clauses.get(event.generation, ()))) for event in sounds]


def _write_words(axis: Axes, words: Sequence[tuple[float, str]]) -> None:
    for at, text in words:
        axis.annotate(text, (at, 0.97), xycoords=("data", "axes fraction"), fontsize=8, va="top")


def floor_spans(events: Sequence[Event], end: float) -> list[tuple[float, float, Floor]]:
    """Who held the floor from when to when, seconds; nobody's share is left out."""
    moves = [(event.t, Floor(event.data["holder"])) for event in events if event.type == EventType.FLOOR]
    ends = [*(t for t, _ in moves[1:]), end][: len(moves)]
    return [
        (t, until, holder) for (t, holder), until in zip(moves, ends, strict=True) if holder in _FLOOR_COLOURS
    ]


def _draw_floor(axis: Axes, events: Sequence[Event], end: float) -> None:
    for start, stop, holder in floor_spans(events, end):
        axis.axvspan(start, stop, color=_FLOOR_COLOURS[holder], linewidth=0)
        if stop - start > 0.8:
            axis.text((start + stop) / 2, 0.5, holder, ha="center", va="center", color="white", fontsize=8)
    axis.set(ylabel="floor", ylim=(0, 1), yticks=[])


def _shade_floor(axes: Sequence[Axes], events: Sequence[Event], end: float) -> None:
    for start, stop, holder in floor_spans(events, end):
        for axis in axes:
            axis.axvspan(start, stop, color=_FLOOR_COLOURS[holder], alpha=0.08, linewidth=0)
