"""From the sound of a whole turn to its words, told and, where nobody answers them, remembered."""

from __future__ import annotations

import asyncio

from orchestration.engines import EngineError
from orchestration.media import FloatArray
from orchestration.session.events import EventType
from orchestration.session.latency import TurnClock
from orchestration.session.memory import Memory
from orchestration.session.speech_buffer import SpeechBuffer
from orchestration.session.timeline import Timeline
from orchestration.session.transcriber import Transcriber
from speech.recognizer import Transcript


class Understanding:
    """Asks the transcriber for final transcripts and says what came of it."""

    def __init__(
        self, transcriber: Transcriber, buffer: SpeechBuffer, memory: Memory, timeline: Timeline
    ) -> None:
        self._transcriber = transcriber
        self._buffer = buffer
        self._memory = memory
        self._timeline = timeline

    async def turn(self, turn: TurnClock, pcm: FloatArray) -> str:
        """The words of a turn (samples,) at 16 kHz, empty for none; raises ``EngineError``."""
        timed = await self._transcriber.final(pcm)
        # Only now may the sound be let go: had the user gone on before, it would be part of a longer turn.
        self._buffer.end()
        turn.recognition_started = timed.started
        turn.recognized = timed.ended
        turn.recognizer_compute = timed.transcript.compute
        turn.transcript = self._timeline.now()
        return self._tell(timed.transcript)

    async def whole(self, pcm: FloatArray, before: asyncio.Task[None] | None) -> None:
        """Remember a turn that was handed over whole, after the one ``before`` it."""
        if before is not None:
            await asyncio.wait({before})  # turns are remembered in the order in which they were said
        try:
            timed = await self._transcriber.final(pcm)
        except EngineError as error:
            self._timeline.emit(EventType.NOTHING_HEARD, rejected="failed", message=str(error))
            return
        if text := self._tell(timed.transcript):
            self._memory.user_said(text)

    def _tell(self, transcript: Transcript) -> str:
        if transcript.text:
            self._timeline.emit(
                EventType.FINAL_TRANSCRIPT, text=transcript.text, language=transcript.language
            )
        else:
            self._timeline.emit(EventType.NOTHING_HEARD, rejected=transcript.rejected)
        return transcript.text
