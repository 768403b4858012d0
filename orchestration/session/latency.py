"""Where the time between the end of the user's speech and the agent's first sound went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class ReplyClock:
    """Marks of one reply, in seconds of session time; ``None`` until they happen.

    A reply that was drafted at a pause has marks from before the turn was known to be over.
    """

    asked: float | None = None  # the language model was first asked
    request: float | None = None  # it was asked for what became the reply
    first_token: float | None = None
    first_clause: float | None = None
    language_model_compute: float = 0.0  # from request to first clause, by the model's own watch
    first_chunk: float | None = None
    synthesizer_compute: float = 0.0  # of the first chunk
    written: float | None = None  # the language model had ended
    last_chunk: float | None = None

    def ask(self, now: float) -> None:
        """The language model is asked, perhaps not for the first time."""
        self.request = now
        self.asked = now if self.asked is None else self.asked


@dataclass(slots=True)
class TurnClock:
    """Marks of one turn, in seconds of session time; ``None`` until they happen.

    Orchestration is the time from the end of speech to the first sound during which there was neither a
    deliberate wait in silence nor a model at work that the first sound needed: recognition, the reply's first
    clause, its first chunk of sound. These may overlap.
    """

    speech_end: float
    silence_wait: float = 0.0  # deliberate, part of end-of-turn detection
    paused: float | None = None  # voice activity had noticed the end of speech
    decision: float | None = None
    recognition_started: float | None = None
    transcript: float | None = None
    recognized: float | None = None  # the recognition that was used returned
    recognizer_compute: float = 0.0
    reply: ReplyClock = field(default_factory=ReplyClock)
    unasked: bool = False  # nobody's turn is answered
    drafted: bool = False  # the reply was begun before the decision
    first_sound: float | None = None
    mouth_open: float | None = None
    last_sound: float | None = None  # that was sent
    cut: bool = False  # the agent gave way

    def report(self) -> dict[str, Any]:
        """Milliseconds from the end of speech to each mark (None if it never came), and ``orchestration``."""
        marks = {
            "decision": self.decision,
            "transcript": self.transcript,
            "first_token": self.reply.first_token,
            "first_sound": self.first_sound,
            "mouth_open": self.mouth_open,
        }
        report: dict[str, Any] = {name: self._after_speech(mark) for name, mark in marks.items()}
        report["orchestration"] = self._orchestration()
        report["drafted"] = self.drafted
        report["cut"] = self.cut
        report["speech_end"] = round(self.speech_end, 4)  # seconds of session time: what all marks count from
        report["stages"] = {
            name: [_milliseconds(begin - self.speech_end), _milliseconds(end - self.speech_end)]
            for name, begin, end in self._stages()
        }
        report["models"] = {
            "silence_wait": _milliseconds(self.silence_wait),
            "recognizer": _milliseconds(self.recognizer_compute),
            "language_model": _milliseconds(self.reply.language_model_compute),
            "synthesizer": _milliseconds(self.reply.synthesizer_compute),
        }
        report["overhead"] = {name: _milliseconds(max(0.0, took)) for name, took in self._overhead()}
        return report

    def _stages(self) -> Iterator[tuple[str, float, float]]:
        """Beginning and end of each stage that began; one that was cut ends with the sound."""
        reply = self.reply
        for name, begin, end in (
            ("vad", None if self.paused is None else self.speech_end, self.paused),
            ("end_of_turn", self.paused, self.decision),
            ("asr", self.recognition_started, self.recognized),
            ("llm", reply.asked, reply.written),
            ("tts", reply.first_clause, reply.last_chunk),
            ("animate", self.first_sound, self.mouth_open),
            ("playout", self.first_sound, self.last_sound),
        ):
            if begin is not None:
                ended = end if end is not None else self.last_sound
                yield name, begin, begin if ended is None else max(begin, ended)

    def _overhead(self) -> Iterator[tuple[str, float]]:
        """On the way to each model and back, beyond its own time, and from the first chunk to its packet.

        Unlike orchestration these count in full what a deliberate wait or another model covers.
        """
        reply = self.reply
        if self.recognized is not None and self.recognition_started is not None:
            yield "recognizer", self.recognized - self.recognition_started - self.recognizer_compute
        if reply.first_clause is not None and reply.request is not None:
            yield "language_model", reply.first_clause - reply.request - reply.language_model_compute
        if reply.first_chunk is not None and reply.first_clause is not None:
            yield "synthesizer", reply.first_chunk - reply.first_clause - reply.synthesizer_compute
        if self.first_sound is not None and reply.first_chunk is not None and self.transcript is not None:
            yield "packet", self.first_sound - max(reply.first_chunk, self.transcript)

    def _after_speech(self, mark: float | None) -> float | None:
        return None if mark is None else _milliseconds(mark - self.speech_end)

    def _orchestration(self) -> float | None:
        reply = self.reply
        if self.first_sound is None or reply.first_chunk is None:
            return None
        work = [(self.speech_end, self.silence_wait)]
        for start, compute in (
            (self.recognition_started, self.recognizer_compute),
            (reply.request, reply.language_model_compute),
            (reply.first_clause, reply.synthesizer_compute),
        ):
            if start is not None:
                work.append((start, compute))
        spans = ((start, start + length) for start, length in work)
        waited = self.first_sound - self.speech_end
        return _milliseconds(max(0.0, waited - _covered(spans, self.speech_end, self.first_sound)))


def _covered(spans: Iterable[tuple[float, float]], begin: float, end: float) -> float:
    """Length of the part of ``begin`` to ``end`` that lies in at least one span."""
    covered, reached = 0.0, begin
    for start, stop in sorted(spans):
        start, stop = max(start, reached), min(stop, end)
        if stop > start:
            covered += stop - start
            reached = stop
    return covered


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
