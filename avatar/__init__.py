"""The face: motion spaces, animators, idle life, and the file formats motion travels in."""

from __future__ import annotations

from avatar.animate import animate
from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE, Animator, Face, SlotBank
from avatar.config import AnimatorConfig
from avatar.continuity import Continuity
from avatar.formats import MotionFormatError, read_motion, write_motion
from avatar.motion import NAMES, Column, Motion, MotionClip, MotionError
from avatar.procedural.idle import IdleLife
from avatar.registry import ANIMATORS, UnknownAnimatorError, load_animator

__all__ = [
    "ANIMATORS",
    "FRAME_RATE",
    "FRAME_SAMPLES",
    "NAMES",
    "SAMPLE_RATE",
    "Animator",
    "AnimatorConfig",
    "Column",
    "Continuity",
    "Face",
    "IdleLife",
    "Motion",
    "MotionClip",
    "MotionError",
    "MotionFormatError",
    "SlotBank",
    "UnknownAnimatorError",
    "animate",
    "load_animator",
    "read_motion",
    "write_motion",
]
