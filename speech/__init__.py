"""Hearing and speaking: audio, voice activity, end of turn, recognition and synthesis."""
