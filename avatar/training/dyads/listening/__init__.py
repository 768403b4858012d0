"""How a face behaves besides speaking: what it answers in the partner, and what that looks like."""

from avatar.training.dyads.listening.templates import gesture_motion, render_gestures

__all__ = ["gesture_motion", "render_gestures"]
