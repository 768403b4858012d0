"""The conversation on top of the metronome: turns, the floor, generations, giving way."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

from agents.language_model import Message
from agents.turn_taking.backchannel import finishing
from agents.turn_taking.interruption import Act
from orchestration.engines import EngineError, Engines
from orchestration.knowledge import grounded
from orchestration.media import FRAME_SECONDS, FloatArray
from orchestration.session.drafting import Drafting
from orchestration.session.events import EventType
from orchestration.session.floor import Floor, FloorState
from orchestration.session.giving_way import GivingWay
from orchestration.session.initiative import Initiative
from orchestration.session.latency import TurnClock
from orchestration.session.memory import Memory, Remembers
from orchestration.session.observer import PLAIN, ReplyObserver, ReplyRequest, Unobserved
from orchestration.session.options import ConversationOptions
from orchestration.session.playout import Playout, PlayoutFrame
from orchestration.session.recital import recital_limits, reciting
from orchestration.session.reply import Reply
from orchestration.session.reply_telling import ReplyTelling
from orchestration.session.side_tasks import SideTasks
from orchestration.session.speech_buffer import SpeechBuffer
from orchestration.session.timeline import Timeline
from orchestration.session.transcriber import Transcriber
from orchestration.session.turn_judge import Judges, Unjudged
from orchestration.session.understanding import Understanding
from orchestration.session.voice_identity import VoiceIdentity
from speech.end_of_turn import EndOfTurn, TurnSignal, TurnSignalKind
from speech.onset import SURE_SPEECH, SpeechOnset

MOUTH_OPEN = 0.06  # jawOpen, 0..1, from which a mouth is seen to be open


class Conversation:
    """Listens frame by frame, answers turns and gives way to the user."""

    def __init__(
        self,
        engines: Engines,
        end_of_turn: EndOfTurn,
        dialogue: Remembers,
        playout: Playout,
        timeline: Timeline,
        options: ConversationOptions,
        observer: ReplyObserver | None = None,
    ) -> None:
        self.engines = engines  # of the replies from now on
        self.request = PLAIN  # what a reply to a spoken turn may do
        self._observer = observer or Unobserved()
        self.telling = ReplyTelling(timeline, self._observer)
        self.initiative = Initiative(options.initiative, timeline)
        self._end_of_turn = end_of_turn
        open_judge = engines.open_turn_judge
        self._judge: Judges = open_judge(end_of_turn.wait, self.telling.failed) if open_judge else Unjudged()
        self._onset = SpeechOnset()
        self._playout = playout
        self._timeline = timeline
        self._options = options
        self._floor = FloorState()
        self._buffer = SpeechBuffer(options.pre_roll)
        self._memory = Memory(dialogue, timeline, options.acknowledge_timeout)
        self._transcriber = Transcriber(
            engines.reporting_to(self.telling.switched).recognizer,
            timeline.now,
            timeout=options.recognizer_timeout,
            retries=options.recognizer_retries,
            partial_every=options.partial_every,
            on_partial=lambda text: timeline.emit(EventType.PARTIAL_TRANSCRIPT, text=text),
            on_failure=self.telling.failed,
        )
        self._understanding = Understanding(self._transcriber, self._buffer, self._memory, timeline)
        self._drafting = Drafting(self._memory, self._open_reply)
        identity = VoiceIdentity(engines.voices, self.telling.failed)
        self._giving_way = GivingWay(playout, timeline, self._transcriber.glance, identity)
        self._heard_at = array("d")  # session time at which each frame of the user was heard
        self._speaking = False
        self._paused_at: float | None = None
        self._turn: TurnClock | None = None
        self._answer: asyncio.Task[None] | None = None
        self._replying = False  # a reply has been granted and is not over
        self._asked = False  # it was asked for, and doesn't answer the turn that may go on
        self._taking_in: asyncio.Task[None] | None = None  # the latest turn that was handed over whole
        self._side_tasks = SideTasks(timeline, on_error=playout.cancel)
        self.flush = False  # the next packet tells the client to drop older generations

    @property
    def floor(self) -> Floor:
        """Who holds the turn."""
        return self._floor.holder

    @property
    def words_since(self) -> float | None:
        """When the coming reply's first words were there, session time in seconds; None until they are."""
        return None if self._turn is None else self._turn.reply.first_clause

    @property
    def finishing(self) -> float | None:
        """How likely the user's turn ends here, 0..1; NaN while that is being judged, None if nobody does."""
        judged = self._judge.report()
        return finishing(judged.get("needed"), awaited=judged.get("smart_turn") is None)

    def adjust(self, **changes: Any) -> None:
        """Change some of the options from now on; raises ``TypeError`` on names that aren't any."""
        self._options = replace(self._options, **changes)
        self._buffer.keep(self._options.pre_roll)

    @property
    def settled(self) -> bool:
        """What was heard of the last reply is known."""
        return self._memory.settled

    def recast(self, engines: Engines, request: ReplyRequest, **changes: Any) -> None:
        """Speak as somebody else from the next reply on; a draft of the one before is dropped."""
        self._drafting.drop()
        self.engines, self.request = engines, request
        self.adjust(**changes)
        self.initiative.become(self._options.initiative)

    # -- the user ---------------------------------------------------------------------------------

    def hear(self, pcm: FloatArray, probability: float) -> None:
        """Take one frame of the user and the probability that it holds speech."""
        self._heard_at.append(self._timeline.now())
        self._buffer.append(pcm)
        probability = self._giving_way.doubt(self._options.yields, pcm, probability)
        spoken = self._onset.step(pcm, probability)
        for signal in self._end_of_turn.step(probability, surely=spoken >= SURE_SPEECH):
            self._on_signal(signal)
        if self._speaking:
            self._transcriber.speech_goes_on(self._buffer.seconds, self._buffer.pcm)
        act = self._giving_way.hear(
            self._options.yields, self._floor.holder, pcm, spoken, self._speaking, self._buffer.pcm
        )
        self.flush |= act is Act.HOLD
        if act is Act.STOP:
            self._interrupt(Floor.USER)

    def read(self, text: str) -> None:
        """Take a turn that the user typed."""
        if self._floor.holder is Floor.AGENT:
            self._interrupt(Floor.THINKING)
        elif self._floor.holder is Floor.THINKING:
            self._withdraw()
        self._drafting.drop()  # it doesn't know these words
        self._timeline.emit(EventType.FINAL_TRANSCRIPT, text=text, typed=True)
        self._memory.user_said(text)
        if self._floor.holder is Floor.USER:
            return  # a spoken turn is under way: its end is answered, with these words before it
        self._move(Floor.THINKING)
        now = self._timeline.now()
        turn = TurnClock(speech_end=now, decision=now, transcript=now)
        self._start_answer(turn, self._reply(turn, text))

    def take_in(self, pcm: FloatArray) -> None:
        """Remember a turn (samples,) at 16 kHz whose beginning and end the client decided; no answer."""
        self._taking_in = self._side_tasks.start(self._understanding.whole(pcm, self._taking_in))

    def disregard(self) -> None:
        """Forget what the user is saying; a turn that has ended stays."""
        self._judge.stop()
        self._transcriber.discard()
        self._drafting.drop()
        self._speaking = False
        if not self.understanding:
            self._buffer.forget()
        if self._floor.holder is Floor.USER:
            self._move(Floor.NOBODY)

    def answer(self, request: ReplyRequest) -> None:
        """Reply to the dialogue as it is, once what the user has said so far is understood.

        A reply that is under way gives way to it.
        """
        understanding = None if self._replying else self._answer
        if understanding is None:
            self.give_way()
        self._drafting.drop()
        self._move(Floor.THINKING)
        now = self._timeline.now()
        turn = TurnClock(speech_end=now, decision=now, transcript=now)
        self._start_answer(turn, self._answer_dialogue(turn, request, understanding))
        self._asked = True

    def say(self, text: str) -> bool:
        """Say given words as a reply to nobody; False where somebody holds the floor."""
        if self._answer is not None or self._floor.holder is not Floor.NOBODY:
            return False
        self._move(Floor.THINKING)
        now = self._timeline.now()
        turn = TurnClock(speech_end=now, decision=now, transcript=now, unasked=True)
        self._start_answer(turn, self._recite(turn, text))
        return True

    @property
    def understanding(self) -> bool:
        """A spoken turn is over, and its words or its reply aren't there yet."""
        return self._answer is not None and not self._replying

    def give_way(self) -> bool:
        """Stop the reply that is being made or spoken; False if there is none."""
        if self._answer is None:
            return False
        if self._floor.holder is Floor.AGENT:
            self._interrupt(Floor.NOBODY)
        else:
            self._withdraw()
            self._move(Floor.NOBODY)
        return True

    def truncate(self, generation: int, seconds: float) -> str | None:
        """The client heard only the first ``seconds`` of a reply; their words, None if it isn't known."""
        return self._memory.truncate(generation, seconds)

    def acknowledge(self, pts: int, generation: int) -> None:
        """The client has played the frame ``pts`` of ``generation``."""
        self._memory.acknowledge(pts, generation)

    def _on_signal(self, signal: TurnSignal) -> None:
        match signal.kind:
            case TurnSignalKind.SPEECH_STARTED:
                self._speaking = True
                self._timeline.emit(EventType.SPEECH_STARTED)
                stays = self._asked and not self._options.barge_in
                if self._floor.holder is Floor.THINKING and not stays:
                    self._withdraw()  # the user had not finished after all
                self._buffer.start()
                self._transcriber.start_turn()
                if self._floor.holder is not Floor.AGENT and not stays:
                    self._move(Floor.USER)
            case TurnSignalKind.PAUSED:
                self._speaking = False
                self._paused_at = self._timeline.now()
                self._timeline.emit(EventType.SPEECH_PAUSED)
                pcm = self._buffer.pcm()
                transcript = self._transcriber.speculate(pcm)
                if self._floor.holder is Floor.USER:
                    self._judge.paused(pcm, self._transcriber.speculation(), self._memory)
                    if self._options.draft:
                        self._drafting.begin(transcript)
            case TurnSignalKind.RESUMED:
                self._speaking = True
                self._timeline.emit(EventType.SPEECH_RESUMED)
                self._judge.stop()
                self._drafting.drop()
                self._transcriber.discard()
            case TurnSignalKind.TURN_ENDED:
                self._on_turn_end(signal)

    def _on_turn_end(self, signal: TurnSignal) -> None:
        self._speaking = False
        now = self._timeline.now()
        last_speech = max(0, signal.frame - 1)
        turn = TurnClock(
            speech_end=self._heard_at[last_speech],
            silence_wait=(len(self._heard_at) - 1 - last_speech) * FRAME_SECONDS,
            paused=self._paused_at,
            decision=now,
        )
        # Thinking while the user speaks: a reply that was asked for, not one to this turn.
        overlapped = self._floor.holder in (Floor.AGENT, Floor.THINKING)
        speech_end = round(turn.speech_end, 4)
        judged = self._judge.report()
        self._judge.stop()
        self._timeline.emit(EventType.TURN_ENDED, speech_end=speech_end, overlapped=overlapped, **judged)
        if overlapped:
            # Too short to take the floor: it is understood and remembered, but not answered on its own.
            self._giving_way.turn_ended()
            self._side_tasks.start(self._overhear(turn, self._buffer.pcm()))
        else:
            self._move(Floor.THINKING)
            self._start_answer(turn, self._answer_speech(turn, self._buffer.pcm()))

    # -- answering --------------------------------------------------------------------------------

    async def _answer_speech(self, turn: TurnClock, pcm: FloatArray) -> None:
        try:
            text = await self._understanding.turn(turn, pcm)
        except EngineError as error:
            reply = self._open_reply()
            self._timeline.generation += 1
            self._playout.begin(self._timeline.generation)
            self._grant(turn, reply, ())  # no part of the dialogue: it answers nothing
            await reply.apologise(str(error))
            return
        if text:
            self._memory.user_said(text)
            if self._options.answer_turns:
                await self._reply(turn, text)

    async def _answer_dialogue(
        self, turn: TurnClock, request: ReplyRequest, understanding: asyncio.Task[None] | None
    ) -> None:
        # Both waits are bounded by the recogniser's own limits.
        if self._taking_in is not None:
            await asyncio.wait({self._taking_in})
        if understanding is not None:
            try:
                await asyncio.wait({understanding})
            except asyncio.CancelledError:
                understanding.cancel()  # the user had not finished: the sound belongs to a longer turn
                raise
        turn.transcript = self._timeline.now()
        reply = self._open_reply(request)
        await reply.run(self._begin(turn, reply))

    async def _overhear(self, turn: TurnClock, pcm: FloatArray) -> None:
        try:
            timed = await self._transcriber.final(pcm)
        except EngineError:
            return  # already counted; the sound stays in the buffer and is part of the next turn
        self._buffer.end()
        text = timed.transcript.text
        if self._giving_way.settle(self._options.yields, self._floor.holder, text):
            self._interrupt(Floor.USER if self._speaking else Floor.THINKING)
            self._timeline.emit(EventType.FINAL_TRANSCRIPT, text=text)
            self._memory.user_said(text)
            turn.transcript = self._timeline.now()
            if not self._speaking:
                self._start_answer(turn, self._reply(turn, text))
        elif text:
            told = self._giving_way.told_of(self._options.yields, text)
            self._timeline.emit(EventType.FINAL_TRANSCRIPT, text=text, overlapped=True, **told)
            if not told:
                self._memory.overhear(text)

    async def _recite(self, turn: TurnClock, text: str) -> None:
        limits = recital_limits(self._options.reply)
        engines = reciting(self.engines, text)
        reply = Reply(engines, self._playout, self._timeline.now, limits, self.telling)
        await reply.run(self._begin(turn, reply))

    async def _reply(self, turn: TurnClock, text: str) -> None:
        given = self.initiative.instead(text)
        if given is not None:
            self._drafting.drop()
            await self._recite(turn, given)
            return
        draft = self._drafting.take(text)
        reply = self._open_reply() if draft is None else draft.reply
        turn.drafted = draft is not None
        messages = self._begin(turn, reply)
        await (reply.run(messages) if draft is None else draft.work)

    def _open_reply(self, request: ReplyRequest | None = None) -> Reply:
        return Reply(
            grounded(self.initiative.metered(self.engines.reporting_to(self.telling.switched))),
            self._playout,
            self._timeline.now,
            self._options.reply,
            self.telling,
            self.request if request is None else request,
        )

    def _begin(self, turn: TurnClock, reply: Reply) -> Sequence[Message]:
        """Give the floor to a reply; returns the dialogue that it continues."""
        self._timeline.generation += 1
        messages = self._memory.begin_reply(self._playout.begin(self._timeline.generation))
        self._grant(turn, reply, messages)
        return messages

    def _grant(self, turn: TurnClock, reply: Reply, messages: Sequence[Message]) -> None:
        turn.reply = reply.clock
        self._replying = True
        self._observer.reply_began(self._playout.utterance, messages)
        reply.grant(self._timeline.generation)

    # -- every tick -------------------------------------------------------------------------------

    def after_packet(self, frame: PlayoutFrame, jaw_open: float) -> None:
        """Follow what has just been sent: first sound, open mouth, the end of the reply."""
        self._giving_way.sent(frame.audible)
        turn = self._turn
        if turn is not None and frame.speech:
            turn.last_sound = self._timeline.now()
        if turn is not None and frame.speech and turn.first_sound is None:
            turn.first_sound = self._timeline.now()
            self._timeline.emit(EventType.FIRST_SOUND)
            self._move(Floor.AGENT)
        waits_for_mouth = turn is not None and turn.first_sound is not None and turn.mouth_open is None
        if turn is not None and waits_for_mouth and jaw_open >= MOUTH_OPEN:
            turn.mouth_open = self._timeline.now()
            self._timeline.emit(EventType.MOUTH_OPEN)
        if self._answer is not None and self._answer.done() and self._playout.drained:
            self._finish_answer()
        self._memory.tick()

    def _finish_answer(self) -> None:
        self._answer = None
        self._report_turn()
        if self._floor.holder is Floor.AGENT:
            self._timeline.emit(EventType.REPLY_FINISHED)
        if self._replying:
            self._memory.reply_sent()
        self._reply_over(cancelled=False)
        self._move(Floor.NOBODY)

    def _reply_over(self, *, cancelled: bool) -> None:
        if self._replying or self._asked:
            self._replying = self._asked = False
            self._observer.reply_over(self._playout.utterance, cancelled=cancelled)

    def _report_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None and turn.first_sound is not None and not turn.unasked:
            turn.cut = not self._playout.drained
            self._timeline.emit(EventType.LATENCY, **turn.report())

    # -- giving way -------------------------------------------------------------------------------

    def _interrupt(self, to: Floor) -> None:
        """Stop speaking now: cancel the generation everywhere and give up the floor."""
        old = self._timeline.of_reply
        self._report_turn()
        self._stop_answer()
        self._timeline.emit(EventType.INTERRUPTED, generation=old)
        self._memory.reply_sent()
        self._move(to)

    def _withdraw(self) -> None:
        """Drop a reply of which nothing was heard yet."""
        self._turn = None
        self._stop_answer()

    def _stop_answer(self) -> None:
        self._drafting.drop()
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        self.flush |= not self._playout.held  # a hold has flushed already
        self._playout.cancel()
        self._reply_over(cancelled=True)
        self._timeline.generation += 1

    def _move(self, to: Floor) -> None:
        if self._floor.move(to):
            self._timeline.emit(EventType.FLOOR, holder=to.value)

    # -- tasks ------------------------------------------------------------------------------------

    def _start_answer(self, turn: TurnClock, work: Coroutine[Any, Any, None]) -> None:
        self._turn = turn
        self._asked = False
        self._answer = self._side_tasks.start(work)

    async def close(self) -> None:
        """Stop everything and write down what was heard."""
        self._judge.stop()
        self._drafting.drop()
        self._giving_way.close()
        self._transcriber.discard()
        await self._side_tasks.close()
        self._report_turn()
        self._playout.cancel()
        self._reply_over(cancelled=True)
        self._memory.settle()
