"""When the user's turn begins and ends, as the client wishes: by silence, or by its own word."""

from __future__ import annotations

from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn, TurnSignal, TurnSignalKind


class AdjustableEndOfTurn:
    """An end-of-turn policy that can be changed while frames come; frames are counted through.

    A change waits until the turn under way is over. Without a configuration no turn ever begins.
    """

    def __init__(self, config: EndOfTurnConfig | None) -> None:
        self._policy = None if config is None else SilenceEndOfTurn(config)
        self._next: tuple[EndOfTurnConfig | None] | None = None
        self._frame = -1  # the latest frame
        self._offset = 0  # frame at which the policy began to count
        self._speech_end = 0  # first frame after the latest speech
        self._paused = False
        self._end_now = False
        self.in_turn = False

    def use(self, config: EndOfTurnConfig | None) -> None:
        """Decide by ``config`` from the next turn on; None leaves turns to the client."""
        self._next = (config,)
        if not self.in_turn:
            self._change()

    def end_turn(self) -> None:
        """The turn under way is over with the next frame."""
        self._end_now = self.in_turn

    def reset(self) -> None:
        """Forget the turn under way; frames are counted on."""
        self.in_turn = self._end_now = False
        if self._policy is not None:
            self._policy.reset()
            self._offset = self._frame + 1
        self._change()

    def wait(self, seconds: float) -> None:
        """From now on ``seconds`` of silence end the turn that has paused."""
        if self._policy is not None:
            self._policy.wait(seconds)

    def step(self, probability: float, *, surely: bool = False) -> tuple[TurnSignal, ...]:
        """Take the speech probability (0..1) of the next frame; return what was decided, oldest first."""
        self._frame += 1
        if self._policy is None:
            return ()
        signals = [
            TurnSignal(signal.kind, signal.frame + self._offset)
            for signal in self._policy.step(probability, surely=surely)
        ]
        for signal in signals:
            self._follow(signal)
        if self._end_now:
            signals += self._end()
        if not self.in_turn:
            self._change()
        return tuple(signals)

    def _follow(self, signal: TurnSignal) -> None:
        match signal.kind:
            case TurnSignalKind.SPEECH_STARTED:
                self.in_turn, self._paused = True, False
            case TurnSignalKind.PAUSED:
                self._paused, self._speech_end = True, signal.frame
            case TurnSignalKind.RESUMED:
                self._paused = False
            case TurnSignalKind.TURN_ENDED:
                self.in_turn = self._end_now = False

    def _end(self) -> list[TurnSignal]:
        """The signals that end the turn at this frame."""
        end = self._speech_end if self._paused else self._frame + 1
        paused = [] if self._paused else [TurnSignal(TurnSignalKind.PAUSED, end)]
        self.reset()
        return [*paused, TurnSignal(TurnSignalKind.TURN_ENDED, end)]

    def _change(self) -> None:
        if self._next is not None:
            (config,) = self._next
            self._next = None
            self._policy = None if config is None else SilenceEndOfTurn(config)
            self._offset = self._frame + 1
