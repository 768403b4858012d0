"""When does a turn begin and end: a state machine over the voice activity of 40 ms frames.

The signals of one stream always read ``SPEECH_STARTED (PAUSED RESUMED)* PAUSED TURN_ENDED``, over and over.
A caller may start to transcribe at ``PAUSED``, throw that away at ``RESUMED``, and use it at ``TURN_ENDED``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from speech.audio import FRAME_SECONDS


class TurnSignalKind(StrEnum):
    """What happened to the turn."""

    SPEECH_STARTED = "speech_started"
    PAUSED = "paused"
    RESUMED = "resumed"
    TURN_ENDED = "turn_ended"


@dataclass(frozen=True, slots=True)
class TurnSignal:
    """One event of a turn.

    ``frame`` counts from 0 at the last reset. For ``SPEECH_STARTED`` and ``RESUMED`` it is the first frame
    of that speech; for ``PAUSED`` and ``TURN_ENDED`` the first frame *after* the speech, so that the delay
    of a decision is the current frame minus this one. The signal itself comes later than its frame.
    """

    kind: TurnSignalKind
    frame: int


class EndOfTurn(Protocol):
    """A policy that turns frame-by-frame voice activity into turn signals."""

    def step(self, probability: float, *, surely: bool = False) -> tuple[TurnSignal, ...]:
        """Take the speech probability (0..1) of the next frame; return what it decided, oldest first.

        ``surely`` says that this is speech, known from elsewhere, so that nothing need be waited for.
        """
        ...

    def wait(self, seconds: float) -> None:
        """From now on ``seconds`` of silence end the turn that has paused; forgotten when speech goes on.

        Raises ``ValueError`` on a wait that is negative or not finite.
        """
        ...

    def reset(self) -> None:
        """Forget the stream so far; the next frame is frame 0."""
        ...


class EndOfTurnConfig(BaseModel):
    """How much speech makes a turn and how much silence ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_threshold: float = Field(
        default=0.5, gt=0, lt=1, description="Speech begins at this probability (0..1)"
    )
    end_threshold: float = Field(
        default=0.35, gt=0, lt=1, description="Speech goes on down to this probability (0..1)"
    )
    min_speech: float = Field(
        default=0.12, ge=0.04, le=1, description="Shorter sounds are no speech: clicks, knocks (seconds)"
    )
    min_resume: float = Field(
        default=0.08,
        ge=0.04,
        le=1,
        description="Speech needed after a pause to go on with the turn (seconds)",
    )
    pause: float = Field(
        default=0.08,
        ge=0.04,
        le=2,
        description="Silence after which transcription may be speculated (seconds)",
    )
    silence: float = Field(
        default=0.52, ge=0.08, le=5, description="Silence after which the turn is over (seconds)"
    )
    max_turn: float = Field(
        default=60, ge=1, le=600, description="A turn is cut here even if speech goes on (seconds)"
    )

    @model_validator(mode="after")
    def _ordered(self) -> EndOfTurnConfig:
        if self.end_threshold > self.start_threshold:
            raise ValueError(
                f"end_threshold {self.end_threshold} is above start_threshold {self.start_threshold}; "
                "lower it, or speech would end where it begins"
            )
        if self.pause > self.silence:
            raise ValueError(f"pause {self.pause} s is longer than silence {self.silence} s; make it shorter")
        return self


def _frames(seconds: float) -> int:
    # The small subtraction keeps .52 s at 13 frames where floating point would say 13.000000000000002.
    return max(1, math.ceil(seconds / FRAME_SECONDS - 1e-6))


class _State(StrEnum):
    QUIET = "quiet"
    SPEAKING = "speaking"
    PAUSED = "paused"


class SilenceEndOfTurn:
    """Ends a turn after a silence, with hysteresis against flicker and a minimum against clicks.

    The silence is the configured one unless ``wait`` gives a pause its own.
    """

    def __init__(self, config: EndOfTurnConfig | None = None) -> None:
        config = config or EndOfTurnConfig()
        self._start_threshold = config.start_threshold
        self._end_threshold = config.end_threshold
        self._min_speech = _frames(config.min_speech)
        self._min_resume = _frames(config.min_resume)
        self._pause = _frames(config.pause)
        self._silence = _frames(config.silence)
        self._max_turn = _frames(config.max_turn)
        self.reset()

    def reset(self) -> None:
        """Forget the stream so far; the next frame is frame 0."""
        self._state = _State.QUIET
        self._frame = -1  # the latest frame
        self._began = 0  # first frame of the turn
        self._speech_end = 0  # first frame after the latest speech of the turn
        self._rise: int | None = None  # first frame of a sound that may become speech
        self._was_cut = False  # whether the frame before was speech that the length limit cut off
        self._needed = self._silence  # frames of silence that end this turn

    def wait(self, seconds: float) -> None:
        """From now on ``seconds`` of silence end the turn that has paused; forgotten when speech goes on.

        Outside a pause there is nothing to wait for, and nothing changes: evidence may come late. Raises
        ``ValueError`` on a wait that is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"a turn can't end after {seconds} s of silence; give 0 or more, finite")
        if self._state is _State.PAUSED:
            self._needed = _frames(seconds)

    def step(self, probability: float, *, surely: bool = False) -> tuple[TurnSignal, ...]:
        """Take the speech probability (0..1) of the next frame; return what it decided, oldest first.

        Speech that is ``surely`` such, and has reached the threshold, begins or goes on at once.
        Raises ValueError on a probability outside 0..1 (NaN included).
        """
        if not 0 <= probability <= 1:
            raise ValueError(
                f"speech probability {probability} is not within 0..1; check the voice activity model"
            )
        self._frame += 1
        match self._state:
            case _State.QUIET:
                return self._quiet(probability, surely)
            case _State.SPEAKING:
                return self._speaking(probability)
            case _State.PAUSED:
                return self._paused(probability, surely)

    def _rising(self, probability: float, needed: int) -> bool:
        """Follow a sound that may become speech; true once it has lasted ``needed`` frames."""
        if self._rise is None and probability >= self._start_threshold:
            self._rise = self._frame
        elif probability < self._end_threshold:
            self._rise = None
        return self._rise is not None and self._frame - self._rise + 1 >= needed

    def _speak(self, kind: TurnSignalKind) -> TurnSignal:
        assert self._rise is not None
        signal = TurnSignal(kind, self._rise)
        self._rise = None
        self._state = _State.SPEAKING
        self._speech_end = self._frame + 1
        self._needed = self._silence
        return signal

    def _quiet(self, probability: float, surely: bool) -> tuple[TurnSignal, ...]:
        needed = 1 if surely else self._min_speech
        if self._was_cut and probability >= self._end_threshold:
            # The same speech goes on: not even its last frame is lost.
            self._rise, needed = self._frame, 1
        self._was_cut = False
        if not self._rising(probability, needed):
            return ()
        started = self._speak(TurnSignalKind.SPEECH_STARTED)
        self._began = started.frame
        return (started, *self._cut_if_too_long())

    def _speaking(self, probability: float) -> tuple[TurnSignal, ...]:
        if probability >= self._end_threshold:
            self._speech_end = self._frame + 1
        elif self._frame + 1 - self._speech_end >= self._pause:
            self._state = _State.PAUSED
            return (TurnSignal(TurnSignalKind.PAUSED, self._speech_end), *self._end_if_over())
        return self._cut_if_too_long()

    def _paused(self, probability: float, surely: bool) -> tuple[TurnSignal, ...]:
        if self._rising(probability, 1 if surely else self._min_resume):
            resumed = self._speak(TurnSignalKind.RESUMED)
            return (resumed, *self._cut_if_too_long())
        return self._end_if_over()

    def _end_if_over(self) -> tuple[TurnSignal, ...]:
        too_long = self._frame + 1 - self._began >= self._max_turn
        silent = self._frame + 1 - self._speech_end >= self._needed
        # A sound that may become speech holds the turn open: it will be known within min_resume.
        if not too_long and (not silent or self._rise is not None):
            return ()
        self._state = _State.QUIET
        # ``_rise`` is kept: what began in the last frames of this turn may be the start of the next one.
        return (TurnSignal(TurnSignalKind.TURN_ENDED, self._speech_end),)

    def _cut_if_too_long(self) -> tuple[TurnSignal, ...]:
        if self._frame + 1 - self._began < self._max_turn:
            return ()
        self._state = _State.QUIET
        self._was_cut = True
        return (
            TurnSignal(TurnSignalKind.PAUSED, self._speech_end),
            TurnSignal(TurnSignalKind.TURN_ENDED, self._speech_end),
        )
