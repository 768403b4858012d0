"""Where the time between the end of the user's speech and the agent's first sound went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class TurnClock:
    """Marks of one turn, in seconds of session time; ``None`` until they happen.

    The critical path is: end of speech, a deliberate wait in silence, the turn decision, the transcript, the
    reply's first clause, its first sound synthesised, the packet that carries it. What lies on that path and
    is neither a model's own time nor the deliberate wait is orchestration.
    """

    speech_end: float
    silence_wait: float = 0.0  # deliberate, part of end-of-turn detection
    decision: float | None = None
    recognition_started: float | None = None
    transcript: float | None = None
    recognizer_compute: float = 0.0
    request: float | None = None
    first_token: float | None = None
    first_clause: float | None = None
    language_model_compute: float = 0.0  # from request to first clause, by the model's own watch
    first_chunk: float | None = None
    synthesizer_compute: float = 0.0  # of the first chunk
    first_sound: float | None = None
    mouth_open: float | None = None

    def report(self) -> dict[str, Any]:
        """Milliseconds from the end of speech to each mark (None if it never came), and ``orchestration``."""
        marks = ("decision", "transcript", "first_token", "first_sound", "mouth_open")
        report: dict[str, Any] = {name: self._after_speech(getattr(self, name)) for name in marks}
        report["orchestration"] = self._orchestration()
        report["models"] = {
            "silence_wait": _milliseconds(self.silence_wait),
            "recognizer": _milliseconds(self.recognizer_compute),
            "language_model": _milliseconds(self.language_model_compute),
            "synthesizer": _milliseconds(self.synthesizer_compute),
        }
        return report

    def _after_speech(self, mark: float | None) -> float | None:
        return None if mark is None else _milliseconds(mark - self.speech_end)

    def _orchestration(self) -> float | None:
        first_sound, first_chunk, first_clause = self.first_sound, self.first_chunk, self.first_clause
        request, transcript, decision = self.request, self.transcript, self.decision
        if first_sound is None or first_chunk is None or first_clause is None:
            return None
        if request is None or transcript is None or decision is None:
            return None
        deciding = decision - self.speech_end - self.silence_wait
        # Recognition runs during the silent wait; only what sticks out past the decision delays the reply.
        overhead = 0.0
        if self.recognition_started is not None:
            overhead = transcript - self.recognition_started - self.recognizer_compute
        recognizing = min(transcript - decision, max(0.0, overhead))
        thinking = (first_clause - request) - self.language_model_compute
        speaking = (first_chunk - first_clause) - self.synthesizer_compute
        parts = (deciding, recognizing, request - transcript, thinking, speaking, first_sound - first_chunk)
        return _milliseconds(sum(max(0.0, part) for part in parts))


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
