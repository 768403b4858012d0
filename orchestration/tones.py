"""From what a clause feels like to the manner in which it is said."""

from __future__ import annotations

from agents.emotion import Emotion, emotion_of
from orchestration.configuration.emotion import VoiceToneConfig
from speech.manner import Manner


def tone_of(text: str, options: VoiceToneConfig) -> Manner:
    """The manner in which ``text``, read as English, is said."""
    return manner_for(emotion_of(text), options)


def manner_for(emotion: Emotion, options: VoiceToneConfig) -> Manner:
    """Each tone as far as ``emotion`` has of it: joy of what is good, sadness of what is bad, alarm of what
    is bad and exclaimed.
    """
    bad = max(0.0, -emotion.valence)
    shares = (
        (options.joy, options.strength * max(0.0, emotion.valence)),
        (options.sadness, options.strength * bad * (1 - emotion.excitement)),
        (options.alarm, options.strength * bad * emotion.excitement),
    )
    return Manner(
        pace=1 + sum(share * tone.pace_percent for tone, share in shares) / 100,
        pitch=1 + sum(share * tone.pitch_percent for tone, share in shares) / 100,
        gain_db=sum(share * tone.gain_db for tone, share in shares),
    )
