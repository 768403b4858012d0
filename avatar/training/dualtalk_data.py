"""The DualTalk dataset on disk: pairs of sound and FLAME motion, found at once, read when asked for.

``ROOT/SPLIT/NAME_speaker{1,2}.wav`` (16 kHz mono) with ``NAME_speaker{1,2}.npz``; the npz holds float ``exp``
(T, 50) and ``pose`` (T, 6: neck, then jaw) at 25 frames a second, and more that nobody here needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from avatar.animator import FRAME_SAMPLES, SAMPLE_RATE, FloatArray
from avatar.evaluation.conversations import Conversation
from avatar.evaluation.parts import FLAME_COLUMNS
from avatar.retarget import RetargetError, read_flame_npz
from avatar.training.npz_header import motion_frames

SPEAKER: Final = re.compile(r"(?P<name>.+)_speaker(?P<speaker>[12])\.(?:wav|npz)")
TOLERANCE: Final = 5  # frames (.2 s) by which files of one recording may differ; trackers lose the last ones
NAMED_AT_ONCE: Final = 5  # files named in one error


class DatasetError(ValueError):
    """A dataset that can't be used, with the file, what is wrong with it, and what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One recording seen from one side: ``agent`` (1 or 2) is the speaker whose face is learnt.

    ``user_known`` says whether the other speaker's motion is there to be read.
    """

    folder: Path
    name: str
    agent: int = 1
    user_known: bool = True

    @property
    def user(self) -> int:
        """The other speaker."""
        return 3 - self.agent

    @property
    def conversation(self) -> str:
        """The film that the recording was cut from: its other cuts show the same two people."""
        return self.name.partition("_sub_video_")[0]

    def sound(self, speaker: int) -> Path:
        """Path of a speaker's sound."""
        return self.folder / f"{self.name}_speaker{speaker}.wav"

    def motion(self, speaker: int) -> Path:
        """Path of a speaker's motion."""
        return self.folder / f"{self.name}_speaker{speaker}.npz"


def find_pairs(
    root: Path | str, split: str, *, both_sides: bool = False, partner_motion: bool = True
) -> tuple[Pair, ...]:
    """Every recording of a split by name, each from speaker 1's side, with ``both_sides`` from 2's too.

    Without ``partner_motion`` the other speaker's npz may be missing. Raises ``DatasetError`` for a missing
    folder, one without recordings, and speakers whose sound or motion is missing.
    """
    folder = Path(root) / split
    if not folder.is_dir():
        raise DatasetError(f"{folder}: no such folder; {_splits(Path(root))}")
    files = {path.name for path in folder.iterdir()}
    names = sorted({found["name"] for found in map(SPEAKER.fullmatch, files) if found})
    if not names:
        raise DatasetError(f"{folder}: no NAME_speaker1.wav and the like; the DualTalk layout is due")
    pairs = [
        Pair(folder, name, agent, f"{name}_speaker{3 - agent}.npz" in files)
        for name in names
        for agent in ((1, 2) if both_sides else (1,))
    ]
    missing = sorted({path.name for pair in pairs for path in _due(pair, partner_motion)} - files)
    if missing:
        more = f" and {len(missing) - NAMED_AT_ONCE} more" if len(missing) > NAMED_AT_ONCE else ""
        raise DatasetError(
            f"{folder}: missing {', '.join(missing[:NAMED_AT_ONCE])}{more}; each recording needs sound and "
            "motion of both speakers: fetch them, or take the recording's other files away"
        )
    return tuple(pairs)


def _splits(root: Path) -> str:
    there = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return f"{root} holds {', '.join(there)}" if there else "give the folder that holds train, test and ood"


def _due(pair: Pair, partner_motion: bool) -> Iterator[Path]:
    yield from (pair.sound(1), pair.sound(2), pair.motion(pair.agent))
    if partner_motion:
        yield pair.motion(pair.user)


@dataclass(frozen=True, slots=True)
class MotionFiles:
    """How motion is kept: ``frames(path)`` from headers alone, and ``read(path)``, float32 (T, columns).

    Both raise ``DatasetError`` for files that can't be used.
    """

    columns: int
    frames: Callable[[Path], int]
    read: Callable[[Path], FloatArray]


def measure(pair: Pair, frames: Callable[[Path], int] | None = None) -> int:
    """Frames that all files of a pair have, from their headers alone; ``frames`` as in ``MotionFiles``.

    Raises ``DatasetError`` for another rate than 16 kHz, more than one channel, an npz without the due
    arrays, and files whose lengths differ by more than 5 frames.
    """
    lengths = {pair.sound(speaker): _sound_frames(pair.sound(speaker)) for speaker in (1, 2)}
    for speaker in (1, 2) if pair.user_known else (pair.agent,):
        lengths[pair.motion(speaker)] = (frames or _flame_frames)(pair.motion(speaker))
    shortest = min(lengths, key=lambda path: lengths[path])
    longest = max(lengths, key=lambda path: lengths[path])
    if lengths[longest] - lengths[shortest] > TOLERANCE:
        raise DatasetError(
            f"{longest} has {lengths[longest]} frames of 40 ms and {shortest.name} {lengths[shortest]}; they "
            "must be one recording: cut them alike, or take them away"
        )
    return lengths[shortest]


def _sound_frames(path: Path) -> int:
    try:
        info = soundfile.info(path)
    except soundfile.LibsndfileError as error:
        raise DatasetError(f"{path}: can't be read ({error.error_string}); fetch it again") from error
    if info.samplerate != SAMPLE_RATE:
        raise DatasetError(f"{path}: {info.samplerate} Hz; resample it to {SAMPLE_RATE} Hz")
    if info.channels != 1:
        raise DatasetError(f"{path}: {info.channels} channels; one speaker's, mono, is due")
    return -(-int(info.frames) // FRAME_SAMPLES)


def _flame_frames(path: Path) -> int:
    try:
        return motion_frames(path)
    except ValueError as error:
        raise DatasetError(f"{path}: {error}") from error


def read_sound(path: Path, start: int, frames: int) -> FloatArray:
    """``frames`` frames of sound from frame ``start`` on, float32 (640 * frames,), silence after its end.

    Raises ``DatasetError`` for samples that aren't finite.
    """
    try:
        pcm, _ = soundfile.read(path, frames * FRAME_SAMPLES, start * FRAME_SAMPLES, dtype="float32")
    except soundfile.LibsndfileError as error:
        raise DatasetError(f"{path}: can't be read ({error.error_string}); fetch it again") from error
    bad = np.flatnonzero(~np.isfinite(pcm))
    if bad.size:
        sample = start * FRAME_SAMPLES + int(bad[0])
        raise DatasetError(f"{path}: sample {sample} is {pcm[bad[0]]}; take the recording out or repair it")
    whole = np.zeros(frames * FRAME_SAMPLES, dtype=np.float32)
    whole[: len(pcm)] = pcm
    return whole


def read_motion56(path: Path) -> FloatArray:
    """All FLAME motion of a file, float32 (T, 56): expression, jaw, neck.

    Raises ``DatasetError`` for wrong arrays and numbers that aren't finite.
    """
    try:
        return read_flame_npz(path).flame56
    except RetargetError as error:
        raise DatasetError(f"{error}; take the recording out or repair it") from error


FLAME: Final = MotionFiles(FLAME_COLUMNS, _flame_frames, read_motion56)


def read_conversation(pair: Pair, frames: int | None = None) -> Conversation:
    """A whole recording as far as all its files go, or its first ``frames`` frames.

    Raises ``DatasetError`` as ``measure`` does, and for numbers that aren't finite.
    """
    length = measure(pair) if frames is None else min(frames, measure(pair))
    return Conversation(
        pair.name if pair.agent == 1 else f"{pair.name}, speaker 2",
        read_sound(pair.sound(pair.agent), 0, length),
        read_sound(pair.sound(pair.user), 0, length),
        read_motion56(pair.motion(pair.agent))[:length],
        read_motion56(pair.motion(pair.user))[:length] if pair.user_known else None,
    )


class ConversationReader(Sequence[Conversation]):
    """A split's recordings, each read when it is asked for.

    Raises ``DatasetError`` as ``find_pairs`` does, at once; as ``read_conversation``, when reading.
    """

    def __init__(
        self,
        root: Path | str,
        split: str = "test",
        *,
        both_sides: bool = False,
        partner_motion: bool = True,
        limit: int | None = None,
    ) -> None:
        self.pairs = find_pairs(root, split, both_sides=both_sides, partner_motion=partner_motion)[:limit]

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Conversation:  # type: ignore[override]  # slices aren't read at once
        return read_conversation(self.pairs[index])
