"""Kokoro (StyleTTS 2, 82 million weights): text to speech with many speakers from one model."""
