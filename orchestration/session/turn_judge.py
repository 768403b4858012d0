"""Weighs the evidence about a pause as it comes in, and gives the pause the silence that it needs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from agents.language_model import Completes, LanguageModelError, Message
from agents.turn_taking.end_of_turn import SOON, EndOfTurnPolicy, Evidence
from agents.turn_taking.question import question_in
from orchestration.engines import EngineError
from orchestration.media import FloatArray
from orchestration.session.transcriber import TimedTranscript

log = logging.getLogger(__name__)

UNREAD: Final = (
    10.0  # seconds of silence; the limit of the evidence ends the wait for a transcript long before
)


class HearsEndings(Protocol):
    """What the end of a turn sounds like."""

    async def listen(self, pcm: FloatArray) -> Evidence:
        """The evidence in a turn (samples,) at 16 kHz; raises ``EngineError``."""
        ...


@dataclass(frozen=True, slots=True)
class Judging:
    """What a judge goes by; None where nothing of that sort is asked."""

    policy: EndOfTurnPolicy
    sound: HearsEndings | None
    words: Completes | None
    timeout: float  # seconds for each piece of evidence
    asks: Literal["when_unsure", "always"] = "when_unsure"  # when ``words`` are asked
    reads: bool = False  # nothing is decided before the transcript is there, or won't come


class Recalls(Protocol):
    """What was said before the user's turn."""

    @property
    def said_last(self) -> str: ...

    def preview(self, text: str) -> Sequence[Message] | None: ...


class Judges(Protocol):
    """What a conversation tells about the user's pauses."""

    def paused(self, pcm: FloatArray, transcript: Awaitable[TimedTranscript], recalls: Recalls) -> None:
        """Speech paused after ``pcm`` (samples,); ``recalls`` knows what was said before."""
        ...

    def stop(self) -> None:
        """The pause is over, one way or the other."""
        ...

    def report(self) -> dict[str, Any]:
        """What decided about the latest pause, for the log."""
        ...


class Unjudged:
    """Leaves every pause the silence that is configured."""

    def paused(self, pcm: FloatArray, transcript: Awaitable[TimedTranscript], recalls: Recalls) -> None:
        """Nothing is asked."""

    def stop(self) -> None:
        """Nothing is under way."""

    def report(self) -> dict[str, Any]:
        """Nothing was weighed."""
        return {}


class TurnJudge:
    """Judges one pause at a time; what it starts ends with the pause."""

    def __init__(
        self, judging: Judging, wait: Callable[[float], None], failed: Callable[[str], None]
    ) -> None:
        self._judging = judging
        self._wait = wait
        self._failed = failed
        self._evidence = Evidence()
        self._needed: float | None = None  # seconds, of the latest pause
        self._reading = False  # the transcript may still come
        self._listening: set[asyncio.Task[None]] = set()

    def paused(self, pcm: FloatArray, transcript: Awaitable[TimedTranscript], recalls: Recalls) -> None:
        """Speech paused after ``pcm`` (samples,); ``recalls`` knows what was said before."""
        self.stop()
        self._evidence = Evidence(asked=question_in(recalls.said_last))
        self._reading = self._judging.reads
        self._decide()
        if self._judging.sound is not None:
            self._start(self._listen(self._judging.sound, pcm))
        self._start(self._read(transcript, recalls))

    def stop(self) -> None:
        """The pause is over, one way or the other: nothing that comes in now matters."""
        for task in self._listening:
            task.cancel()
        self._listening.clear()
        self._needed = None

    def report(self) -> dict[str, Any]:
        """What decided about the latest pause, for the log: the evidence and the silence it asked for."""
        if self._needed is None:
            return {}
        evidence = self._evidence
        return {
            "needed": round(self._needed, 3),
            "smart_turn": None if evidence.smart_turn is None else round(evidence.smart_turn, 3),
            "ending": None if evidence.ending is None else round(evidence.ending, 4),
            "words": evidence.text,
        }

    def _add(self, **known: Any) -> float:
        self._evidence = replace(self._evidence, **known)
        return self._decide()

    def _decide(self) -> float:
        self._needed = self._judging.policy.needed_silence(self._evidence)
        # No reply begins without the words, so a decision before them would gain nothing.
        self._wait(max(self._needed, UNREAD) if self._reading else self._needed)
        return self._needed

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _listen(self, sound: HearsEndings, pcm: FloatArray) -> None:
        try:
            async with asyncio.timeout(self._judging.timeout):
                heard = await sound.listen(pcm)
        except TimeoutError:
            self._failed(f"the end-of-turn model took more than {self._judging.timeout:g} s for a pause")
        except EngineError as error:
            self._failed(f"the end-of-turn model: {error}")
        else:
            self._add(
                smart_turn=heard.smart_turn,
                pitch_rank=heard.pitch_rank,
                energy_fall=heard.energy_fall,
                voice=heard.voice,
            )

    async def _read(self, transcript: Awaitable[TimedTranscript], recalls: Recalls) -> None:
        # Whether the recogniser is too slow or fails is told where the turn's transcript is asked for.
        try:
            async with asyncio.timeout(self._judging.timeout):
                text = (await transcript).transcript.text
        except (TimeoutError, EngineError) as error:
            log.debug("a pause is judged without its words: %s", error or "too slow")
            self._reading = False
            self._decide()
            return
        self._reading = False
        needed = self._add(text=text)
        if self._judging.words is None or not text:
            return
        if self._judging.asks == "when_unsure" and needed <= SOON:
            return  # over before the answer came, and the reply would wait for the model
        before, words = as_prompted(recalls, text)
        try:
            async with asyncio.timeout(self._judging.timeout):
                self._add(ending=await self._judging.words.ending_probability(before, words))
        except TimeoutError:
            self._failed(f"judging an ending took more than {self._judging.timeout:g} s")
        except LanguageModelError as error:
            self._failed(f"judging an ending: {error}")


def as_prompted(recalls: Recalls, text: str) -> tuple[Sequence[Message], str]:
    """What comes before the user's words, and the words, as the reply's prompt will have them.

    A model that keeps its prompt then reads the words once, for both.
    """
    prompt = recalls.preview(text)
    if prompt:
        return prompt[:-1], prompt[-1].content
    said = recalls.said_last  # it isn't known yet how much of it was heard
    return ((Message("assistant", said),) if said else ()), text


OpenTurnJudge = Callable[[Callable[[float], None], Callable[[str], None]], Judges]
"""Opens the judge of one session, given what sets the wait and what counts failures."""
