"""The speaking face of one utterance."""

from __future__ import annotations

import numpy as np

from avatar.animator import FRAME_SAMPLES, FloatArray
from avatar.motion import HEAD, MotionError, clip
from avatar.training.dyads.speaking.accents import accents, phrase_ends
from avatar.training.dyads.speaking.expression import speaking_expression
from avatar.training.dyads.speaking.head import speaking_head
from avatar.training.dyads.speaking.mouth import speaking_mouth
from avatar.training.dyads.speaking.style import Style
from avatar.training.dyads.speaking.voice import hear, speech_stretches
from avatar.training.dyads.utterance import Utterance


def speaking_motion(utterance: Utterance, rng: np.random.Generator, valence: float = 0.0) -> FloatArray:
    """The face that says an utterance: float32 (frames, 61) at 25 a second, ``ceil(samples / 640)`` frames.

    Phones and sound decide it; ``rng`` draws only a manner, the same throughout. ``valence`` is -1 (frowning)
    .. 1 (smiling). Eyelids and eyes are at rest. Head, brows and mood start from rest and return to it; the
    mouth opens up to 120 ms before the first sound and is shut 120 ms after the last, if the utterance
    leaves that much silence at its ends. Frame n shows the middle of its 40 ms.
    Raises ``MotionError`` without sound or with a valence out of range, and ``UnknownPhone``.
    """
    if not len(utterance.pcm):
        raise MotionError(f"utterance {utterance.name!r} has no sound")
    if not -1.0 <= valence <= 1.0:
        raise MotionError(f"valence is {valence}; it must be in -1..1")
    frames = -(-len(utterance.pcm) // FRAME_SAMPLES)
    style = Style.drawn(rng)
    voice = hear(utterance.pcm)
    stretches = speech_stretches(utterance.phones, voice)
    accented, ends = accents(utterance.phones, voice), phrase_ends(stretches, voice)
    motion = speaking_mouth(utterance.phones, stretches, voice, style, frames)
    motion += speaking_expression(accented, ends, voice, valence, motion, style)
    motion[:, HEAD] = speaking_head(accented, ends, voice, style, frames)
    return clip(motion)
