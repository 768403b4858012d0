"""Conversations composed of utterances: who speaks when, what both faces do, and what both ears get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, FloatArray
from avatar.motion import HEAD, Column, clip, validate
from avatar.training.dyads.backchannels import acknowledge, wanted_backchannels
from avatar.training.dyads.blend import SpeakingFace, SpeakingMotion, speaking_face
from avatar.training.dyads.dyad import Dyad, Gesture
from avatar.training.dyads.listening.behaviour import Party, listening_onsets
from avatar.training.dyads.listening.mimicry import mirror
from avatar.training.dyads.listening.templates import render_gestures
from avatar.training.dyads.moods import draw_moods, resting_face
from avatar.training.dyads.options import DyadError, DyadOptions
from avatar.training.dyads.room import hear
from avatar.training.dyads.timing import Contribution, Floor
from avatar.training.dyads.utterance import Utterance
from avatar.training.dyads.voice import cast

SHORTEST = 5.0  # s
ROUNDED = 0.7  # of a smile that gives way to rounded lips


@dataclass(frozen=True, slots=True)
class Conversation:
    """A dyad with what it was made of: ``contributions`` in order of their beginnings, and the clean
    ``voices``, float32 (2, samples), before the room.
    """

    dyad: Dyad
    contributions: tuple[Contribution, ...]
    voices: FloatArray


def compose(
    utterances: Sequence[Utterance],
    rng: np.random.Generator,
    seconds: float,
    options: DyadOptions,
    speaking: SpeakingMotion | None = None,
) -> Dyad:
    """A conversation of two voices out of ``utterances``; the same generator state gives the same bytes.

    Voices without backchannels give none. ``speaking`` replaces ``speaking_motion``. Raises ``DyadError`` for
    less than 5 s, for utterances that mix material or have nothing to say, and for speaking motion that
    doesn't fit.
    """
    return converse(utterances, rng, seconds, options, speaking).dyad


def converse(
    utterances: Sequence[Utterance],
    rng: np.random.Generator,
    seconds: float,
    options: DyadOptions,
    speaking: SpeakingMotion | None = None,
) -> Conversation:
    """``compose``, with what the conversation was made of."""
    if speaking is None:
        from avatar.training.dyads.speaking import speaking_motion

        speaking = speaking_motion
    if seconds < SHORTEST:
        raise DyadError(
            f"a conversation of {seconds:g} s is too short to take turns; it is {SHORTEST:g} s or more"
        )
    frames = round(seconds * FRAME_RATE)
    by_voice, by_turns, by_mood, by_gesture, by_backchannel, by_face, by_room = rng.spawn(7)
    voices = cast(utterances, by_voice, options.speed)
    turns = Floor(voices, by_turns, options.timing).turns(frames / FRAME_RATE)
    said = _voices(turns, frames)
    valence = draw_moods(turns, frames, by_mood)
    parties = [Party(said[party], _spans(turns, party), valence[party]) for party in range(2)]
    onsets = listening_onsets(parties[0], parties[1], by_gesture, options.listening)

    share = float(by_backchannel.uniform(*options.timing.backchannels))
    backchannels = acknowledge(
        [np.flatnonzero(own[:, Gesture.NOD]) for own in onsets],
        turns,
        voices,
        wanted_backchannels(len(turns), share, by_backchannel),
        by_backchannel,
    )
    said += _voices(backchannels, frames)
    contributions = sorted([*turns, *backchannels], key=lambda c: c.start)
    faces = [
        speaking_face([c for c in contributions if c.party == party], valence[party], manner, speaking)
        for party, manner in enumerate(by_face.integers(2**32, size=2).tolist())
    ]
    motion = _together(faces, onsets, valence, options.listening.mimicry)
    validate(motion[0])
    validate(motion[1])
    names = {voice.name for voice in voices}
    crowd = [utterance for utterance in utterances if utterance.voice not in names] or utterances
    heard = said if options.room is None else hear(said, by_room, options.room, crowd)
    dyad = Dyad(
        pcm=np.clip(heard, -1, 1).astype(np.float32),
        motion=motion,
        onsets=onsets,
        holds_floor=np.stack([party.speaking for party in parties]),
        valence=valence,
    )
    return Conversation(dyad, tuple(contributions), said)


def _spans(turns: Sequence[Contribution], party: int) -> list[tuple[int, int]]:
    """First frame of each turn of a party, and the frame after its last."""
    return [
        (turn.start // FRAME_SAMPLES, -(-turn.end // FRAME_SAMPLES)) for turn in turns if turn.party == party
    ]


def _voices(contributions: Sequence[Contribution], frames: int) -> FloatArray:
    voices = np.zeros((2, frames * FRAME_SAMPLES), dtype=np.float32)
    for contribution in contributions:
        first = contribution.frame * FRAME_SAMPLES
        room = voices[contribution.party, first:]
        said = contribution.utterance.pcm[: len(room)]
        room[: len(said)] += said
    return voices


def _together(
    faces: Sequence[SpeakingFace], onsets: FloatArray, valence: FloatArray, mimicry: float
) -> FloatArray:
    """Motion of both parties (2, frames, 61): speech and rest share the face, gestures add to either."""
    motion = np.empty((2, onsets.shape[1], faces[0].motion.shape[1]), dtype=np.float32)
    for party, face in enumerate(faces):
        rest = (1 - face.presence) * resting_face(valence[party])
        gestures = render_gestures(onsets[party], valence[party])
        rounded = face.motion[:, Column.mouthPucker] + face.motion[:, Column.mouthFunnel]
        gestures[:, Column.mouthSmileLeft : Column.mouthDimpleRight + 1] *= (
            1 - ROUNDED * np.clip(rounded, 0, 1)
        )[:, None]
        motion[party] = face.motion + rest + gestures
    turn = np.stack([face.turn for face in faces])
    attention = (1 - turn) * turn[::-1]
    heads: NDArray[np.float64] = motion[:, :, HEAD].astype(np.float64)
    motion[:, :, HEAD] = mirror(heads, attention.astype(np.float64), mimicry)
    return clip(motion)
