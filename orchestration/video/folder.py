"""A recording's folder as a film: what ``visavis talk``, the demonstration and the server leave."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from avatar.formats import read_motion
from avatar.gltf import HeadModel, read_head
from avatar.head import HEADS, head_path
from avatar.motion import MotionClip
from avatar.video.film import Film, Side, VideoError
from orchestration.media import AGENT_SAMPLE_RATE, FRAME_RATE, USER_SAMPLE_RATE, FloatArray
from orchestration.protocol import Event
from orchestration.video.captions import agent_captions, user_captions
from orchestration.video.colours import AGENT, USER
from orchestration.video.floor import floor_of_events, floor_of_sound
from speech.audio import load_audio, resample

NEEDED: Final = ("agent.wav", "user.wav")


@dataclass(frozen=True)
class Cast:
    """Who plays: names to show, and heads by name or as a path to a .glb."""

    agent: str = "Agent"
    user: str = "User"
    head: str = "mira"
    user_head: str = "noor"


def load_head(name: str) -> HeadModel:
    """The head ``name``: one that ships, or a .glb's path.

    Raises ``HeadMissing`` naming those that ship, ``HeadError`` for a file that can't be animated.
    """
    if name in HEADS or not (name.lower().endswith(".glb") or Path(name).is_file()):
        return read_head(head_path(name))
    if not Path(name).is_file():
        raise VideoError(f"{name}: no such head; give a .glb or one of {', '.join(HEADS)}")
    return read_head(Path(name))


def read_folder(folder: Path, cast: Cast, user_motion: Path | None = None) -> Film:
    """The film of the recording in ``folder``.

    ``agent.wav``, ``user.wav`` and ``motion.npz`` (or ``motion.csv``) must be there; ``events.jsonl`` brings
    captions and floor, ``user_motion.npz`` (or ``.csv``, or another file given) the user's face. Raises
    ``VideoError`` listing what is missing, and what reading sound, motion and heads raises.
    """
    if not folder.is_dir():
        raise VideoError(f"{folder}: no such folder; give a recording's, as `visavis talk --out` leaves it")
    motion = _motion_in(folder, "motion")
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if motion is None:
        missing.append("motion.npz")
    if missing or motion is None:
        raise VideoError(
            f"{folder} is no recording: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            "`visavis talk --out` and `make demo` leave such folders"
        )
    agent_motion = read_motion(motion).motion  # one row for each 40 ms of sound
    theirs = user_motion or _motion_in(folder, "user_motion")
    events = read_events(folder / "events.jsonl")
    seconds = len(agent_motion) / FRAME_RATE
    agent_pcm = load_audio(folder / "agent.wav", AGENT_SAMPLE_RATE)
    user_pcm = load_audio(folder / "user.wav", USER_SAMPLE_RATE)
    return Film(
        user=Side(
            cast.user,
            USER,
            user_pcm,
            USER_SAMPLE_RATE,
            user_captions(events, seconds),
            None if theirs is None else load_head(cast.user_head),
            None if theirs is None else on_timeline(read_motion(theirs)),
        ),
        agent=Side(
            cast.agent,
            AGENT,
            agent_pcm,
            AGENT_SAMPLE_RATE,
            agent_captions(events, seconds),
            load_head(cast.head),
            agent_motion,
        ),
        floor=floor_of_events(events, seconds, cast.user, cast.agent)
        if events
        else floor_of_sound(
            user_pcm, resample(agent_pcm, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE), cast.user, cast.agent
        ),
    )


def read_events(path: Path) -> list[Event]:
    """A recording's events, none if it has no such file; raises ``VideoError`` naming a broken line."""
    events = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, line in enumerate(lines, 1):
        try:
            events.append(Event.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            raise VideoError(f"{path}, line {number}: not an event ({first['msg']})") from error
    return events


def on_timeline(clip: MotionClip) -> FloatArray:
    """Motion (T, 61) from pts 0 to the clip's last; a frame that it leaves out is held from the one before,
    or from the first.
    """
    rows = np.searchsorted(clip.pts, np.arange(int(clip.pts[-1]) + 1), side="right") - 1
    return np.asarray(clip.motion[np.maximum(rows, 0)], dtype=np.float32)


def _motion_in(folder: Path, name: str) -> Path | None:
    return next((path for end in ("npz", "csv") if (path := folder / f"{name}.{end}").is_file()), None)
