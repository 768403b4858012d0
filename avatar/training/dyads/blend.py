"""Speaking faces on a conversation's timeline, fading in before the first sound and out after the last."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.motion import ARTICULATORS, COLUMNS, HEAD, Column
from avatar.training.dyads.handover import passage_weights, unhurried
from avatar.training.dyads.options import DyadError
from avatar.training.dyads.timing import Contribution, Kind
from avatar.training.dyads.utterance import Utterance

SpeakingMotion = Callable[[Utterance, np.random.Generator, float], FloatArray]
Array = NDArray[np.float64]

HUM = re.compile(r"[hm\W]+", re.IGNORECASE)  # "mm-hmm": said with closed lips
HUMMED_GAP = 0.1  # of the lips' opening
HUMMED_JAW = 0.4  # of the jaw's
SOFT_MOUTH = 0.75  # of the mouth's movement, in a backchannel, which is said softly
BACKCHANNEL_HEAD = 0.4  # of the speaking head's movement, the rest being the nod


@dataclass(frozen=True, slots=True)
class SpeakingFace:
    """One party's speaking: ``motion`` (frames, 61), already weighted by ``presence`` (frames, 61) 0..1, and
    ``turn`` (frames,), the head's presence in turns alone.
    """

    motion: FloatArray
    presence: FloatArray
    turn: FloatArray


def speaking_face(
    contributions: Sequence[Contribution],
    valence: FloatArray,
    manner: int,
    speaking: SpeakingMotion,
) -> SpeakingFace:
    """The speaking face of the party whose contributions these are, as long as its ``valence`` (frames,).

    ``manner`` is the seed of the way in which this party speaks.
    Raises ``DyadError`` if ``speaking`` gives motion of a wrong length, or moves lids or eyes.
    """
    frames = len(valence)
    motion = np.zeros((frames, COLUMNS))
    presence, turn = np.zeros((frames, COLUMNS)), np.zeros(frames)
    for contribution in contributions:
        first = contribution.frame
        mood = float(valence[min(frames - 1, contribution.start // FRAME_SAMPLES)])
        # the same seed each time, so that a party keeps its manner
        said = speaking(contribution.utterance, np.random.default_rng(manner), mood)
        face = _face(contribution, said)
        end = min(frames, first + len(face))
        weight = passage_weights(contribution.utterance)[: end - first]
        motion[first:end] += weight * face[: end - first]
        presence[first:end] += weight
        if contribution.kind is Kind.TURN:
            turn[first:end] += weight[:, Column.headYaw]
    # where the end of one passage meets the beginning of the next, they share the face
    shared = np.maximum(presence, 1.0)
    return SpeakingFace(
        motion=(motion / shared).astype(np.float32),
        presence=(presence / shared).astype(np.float32),
        turn=np.minimum(turn, 1.0).astype(np.float32),
    )


def _face(contribution: Contribution, face: FloatArray) -> FloatArray:
    utterance = contribution.utterance
    expected = (len(utterance.pcm) // FRAME_SAMPLES, COLUMNS)
    if face.shape != expected:
        raise DyadError(
            f"speaking motion of {utterance.name!r} is {face.shape}; its sound is {expected} long"
        )
    if face[:, : Column.jawForward].any() or face[:, Column.leftEyeYaw :].any():
        raise DyadError(f"speaking motion of {utterance.name!r} moves lids or eyes; other layers do that")
    face = unhurried(face, utterance)
    if contribution.kind is Kind.TURN:
        return face
    face[:, ARTICULATORS] *= SOFT_MOUTH
    face[:, HEAD] *= BACKCHANNEL_HEAD
    if HUM.fullmatch(utterance.text):
        hum(face)
    return face


def hum(face: FloatArray) -> None:
    """Turn speech into a hum: nothing but jaw and lips move, and the lips hardly part."""
    gap = np.maximum(face[:, Column.jawOpen] - face[:, Column.mouthClose], 0)
    jaw = HUMMED_JAW * face[:, Column.jawOpen]
    pressed = face[:, [Column.mouthPressLeft, Column.mouthPressRight]].copy()
    face[:, ARTICULATORS] = 0
    face[:, Column.jawOpen] = jaw
    face[:, Column.mouthClose] = np.maximum(jaw - HUMMED_GAP * gap, 0)
    face[:, [Column.mouthPressLeft, Column.mouthPressRight]] = pressed
