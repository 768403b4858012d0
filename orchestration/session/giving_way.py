"""Somebody speaks while the agent does: what is known of it, and whether the reply is held or goes on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import numpy as np

from agents.turn_taking.interruption import Act, InterruptionPolicy, Overlap, is_backchannel
from orchestration.engines import EngineError
from orchestration.media import FRAME_SECONDS, FloatArray
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.session.heard_claim import HeardClaim
from orchestration.session.playout import Playout
from orchestration.session.timeline import Timeline
from orchestration.session.transcriber import TimedTranscript
from orchestration.session.voice_identity import VoiceIdentity
from speech.articulation import Articulation
from speech.echo import EchoMeter

Understand = Callable[[FloatArray], Awaitable[TimedTranscript]]

OVER: Final = 3  # frames without sure speech after which it has ended, 120 ms
APART: Final = 8  # frames of silence that make what follows something else, 320 ms
ASKED_AGAIN: Final = 0.3  # seconds of further speech after which a transcript is out of date
MEASURED: Final = 0.16  # seconds of sure speech before the mouth is looked at
LIKELY: Final = 0.3  # speech probability from which it is worth asking whether a frame is echo
ECHO: Final = 0.75  # share of a frame that is the agent's own sound, from which it isn't taken for speech
ECHOES: Final = 50  # frames after an echo in which whatever else is heard is mixed with further ones, 2 s
TRAILING: Final = 3  # frames after an echo in which the voice activity model may still believe in it
FAINTER: Final = 10.0  # dB below it, so that somebody who speaks right then is heard
USUAL: Final = 500  # frames of the user's turns by which their level is known, 20 s
KNOWN: Final = 20  # of them before it is
LOUD: Final = 90  # percentile of the levels that stands for a stretch of speech, however it fades
_LEAST: Final = 1e-10  # power, so that silence has a level


class GivingWay:
    """Both sides of one conversation, frame by frame, and who goes on when both speak."""

    def __init__(
        self,
        playout: Playout,
        timeline: Timeline,
        understand: Understand,
        identity: VoiceIdentity | None = None,
    ) -> None:
        self._playout = playout
        self._timeline = timeline
        self._understand = understand
        self._identity = identity or VoiceIdentity(None, lambda _: None)
        self._echo_meter = EchoMeter()
        self._articulation = Articulation()
        self._claim = HeardClaim()
        self._usual: deque[float] = deque(maxlen=USUAL)  # dB, of frames of the user's own turns
        self._echo = 0.0
        self._since_echo = ECHOES + 1  # frames
        self._echo_level = 0.0  # dB
        self._held_at = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._begin()
        self._turn = self._overlap  # what was known of the turn that ended last over the agent

    def _begin(self) -> None:
        self._identity.forget()
        self._claim.forget()
        self._overlap = Overlap(spoken=0.0)
        self._quiet = APART  # frames since sure speech
        self._before = 0.0  # seconds of the stretches before this one
        self._levels: list[float] = []
        self._asked_at = 0.0  # seconds of speech that the latest transcript covers
        self._ended = False  # its end was decided, and its words are waited for
        self._dismissed = False  # it has been resumed from: it isn't held for again

    # -- every frame ------------------------------------------------------------------------------

    def sent(self, pcm: FloatArray) -> None:
        """The agent's frame (640,) at 16 kHz went out."""
        self._echo_meter.sent(pcm)

    def doubt(self, policy: InterruptionPolicy | None, pcm: FloatArray, probability: float) -> float:
        """The probability 0..1 that the user's frame (640,) holds speech of somebody else than the agent."""
        self._articulation.step(pcm)
        if policy is not None and policy.hears_claims:
            self._claim.step(pcm)
        self._echo_meter.heard(pcm)
        asked = policy is not None and policy.words_after is not None and probability >= LIKELY
        self._echo = self._echo_meter.share() if asked else 0.0
        self._since_echo += 1
        level = _level(pcm)
        if self._echo >= ECHO:
            self._echo_level = level if self._since_echo > TRAILING else max(level, self._echo_level)
            self._since_echo = 0
        # The model trails what it hears: what is left of its belief isn't in the sound any more.
        trails = self._since_echo <= TRAILING and level <= self._echo_level - FAINTER
        return 0.0 if self._echo >= ECHO or trails else probability

    def hear(
        self,
        policy: InterruptionPolicy | None,
        holder: Floor,
        pcm: FloatArray,
        spoken: float,
        speaking: bool,
        speech: Callable[[], FloatArray],
    ) -> Act:
        """A frame of the user came, of whose speech ``spoken`` seconds are sure; ``holder`` has the floor.

        ``speech`` gives what was said so far, for a transcript. Holding and going on again is done here; a
        ``HOLD`` that is returned has renewed the packets' generation, and a ``STOP`` is the caller's to carry
        out.
        """
        self._identity.hear(holder, pcm, spoken)
        if holder is Floor.USER and spoken > 0:
            self._usual.append(_level(pcm))
        if holder is not Floor.AGENT or policy is None:
            if self._overlap.spoken > 0:
                self._leave()
            return Act.KEEP
        if policy.words_after is None:
            return policy.judge(Overlap(spoken, over=not speaking))
        self._follow(pcm, spoken)
        if (
            policy.hears_claims
            and not self._playout.held
            and (claim := self._claim.claim(spoken)) is not None
        ):
            self._overlap = replace(self._overlap, claim=claim)
        act = policy.judge(self._known())
        if act is Act.HOLD:
            if self._playout.held or self._dismissed:
                return Act.KEEP
            self._hold()
        elif act is Act.RESUME and self._playout.held:
            self._resume()
        if act is Act.STOP:
            return Act.KEEP if self._ended else act
        self._ask(policy.words_after, speech)
        return act

    def turn_ended(self) -> None:
        """The user's turn is over, the agent still has the floor: `settle` will decide about it."""
        self._ended = True
        self._turn = self._known()

    def settle(self, policy: InterruptionPolicy | None, holder: Floor, text: str) -> bool:
        """What was said over the agent has ended and means ``text``; True if the agent is to stop for it.

        If it isn't, a reply that was held goes on.
        """
        if policy is None or policy.words_after is None or holder is not Floor.AGENT:
            return False
        stops = policy.judge(replace(self._known(), over=True, words=text)) is Act.STOP
        if self._playout.held and not stops:
            self._resume()
        return stops

    def told_of(self, policy: InterruptionPolicy | None, text: str) -> dict[str, bool]:
        """Why ``text``, said over the agent, is no turn, for the log; empty: it is one."""
        if policy is None or policy.words_after is None:
            return {}
        if is_backchannel(text):
            return {"backchannel": True}
        return {"stranger": True} if policy.is_other(self._turn, certain=True) else {}

    def close(self) -> None:
        """Stop what is under way."""
        self._leave()
        self._identity.close()

    # -- what is known ----------------------------------------------------------------------------

    def _follow(self, pcm: FloatArray, spoken: float) -> None:
        if spoken > 0:
            if self._quiet >= APART:
                self._leave()  # something else
            elif spoken < self._overlap.spoken - self._before:
                # A new stretch. What isn't held for yet must be sure by itself: the one before may be echo.
                self._before = self._overlap.spoken if self._playout.held else 0.0
                self._dismissed = False
            self._quiet = 0
            self._levels.append(_level(pcm))
            self._identity.overheard(1.0 if self._since_echo <= ECHOES else self._echo)
            self._overlap = replace(self._overlap, spoken=self._before + spoken, over=False)
            if self._overlap.spoken >= MEASURED and not self._playout.held:
                mouth = self._articulation.measure()
                self._overlap = replace(
                    self._overlap, articulation=mouth.articulation, openness=mouth.openness
                )
        else:
            self._quiet += 1
            if self._quiet >= OVER:
                self._overlap = replace(self._overlap, over=True)

    def _known(self) -> Overlap:
        held = self._timeline.now() - self._held_at if self._playout.held else None
        level = None
        if len(self._usual) >= KNOWN and self._levels:
            level = float(np.percentile(self._levels, LOUD) - np.percentile(self._usual, LOUD))
        left = self._playout.seconds_left
        known = replace(
            self._overlap,
            echo=self._echo,
            level=level,
            held=held,
            left=left,
            stranger=self._identity.stranger,
            heard=self._identity.seconds,
            gone_on=self._dismissed,
        )
        covered = not known.over or self._overlap.spoken - self._asked_at <= FRAME_SECONDS
        return known if covered else replace(known, words=None)

    def _ask(self, words_after: float, speech: Callable[[], FloatArray]) -> None:
        """Have what was said transcribed, if it is worth it and nothing is under way."""
        said = self._overlap.spoken
        fresh = said - self._asked_at
        wanted = self._overlap.over or said >= words_after
        enough = self._asked_at == 0 or fresh >= ASKED_AGAIN or (self._overlap.over and fresh > FRAME_SECONDS)
        if said == 0 or self._asking is not None or not (wanted and enough) or self._dismissed:
            return
        pcm = speech()
        if pcm.size:
            self._asked_at = said
            self._asking = asyncio.create_task(self._understood(pcm))

    async def _understood(self, pcm: FloatArray) -> None:
        try:
            words = (await self._understand(pcm)).transcript.text
        except EngineError:
            return  # counted where the turn is transcribed; the sound alone decides
        finally:
            if self._asking is asyncio.current_task():
                self._asking = None
        self._overlap = replace(self._overlap, words=words)

    # -- what is done -----------------------------------------------------------------------------

    def _hold(self) -> None:
        self._playout.hold(self._timeline.renew_packets())
        self._held_at = self._timeline.now()
        self._timeline.emit(EventType.HELD, speech=round(self._overlap.spoken, 3))

    def _resume(self) -> None:
        held = self._timeline.now() - self._held_at
        again = self._playout.resume() * FRAME_SECONDS
        self._dismissed = True
        self._timeline.emit(
            EventType.RESUMED_REPLY,
            held=round(held, 3),
            again=round(again, 3),
            text=self._overlap.words or "",
            stranger=self._identity.told,
        )

    def _leave(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None
        self._begin()


def _level(pcm: FloatArray) -> float:
    return float(10 * np.log10(np.mean(pcm.astype(np.float64) ** 2) + _LEAST))
