"""Coqui TTS voices: ONNX, checkpoints, Coqui's own models by name, XTTS."""

from speech.coqui.config import CoquiConfig
from speech.coqui.errors import SynthesisError, VoiceError
from speech.coqui.synthesizer import CoquiSynthesizer

__all__ = ["CoquiConfig", "CoquiSynthesizer", "SynthesisError", "VoiceError"]
