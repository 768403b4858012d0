"""Holds a scenario against a system: speakers say their part at its moment, on whatever clock there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from agents.language_model import LanguageModel, LanguageModelError, Message
from agents.simulated_user import ModelUser
from orchestration.clock import Clock
from orchestration.gateway.host import SessionHost
from orchestration.media import FloatArray
from orchestration.protocol import AgentFrame, Event, Hello
from orchestration.recording.transcript import transcript
from orchestration.scenarios.account import Account
from orchestration.scenarios.microphone import Microphone
from orchestration.scenarios.reading import ScenarioFile
from orchestration.scenarios.schema import Mind, Say, Speaker
from orchestration.scenarios.voices import UserVoice
from orchestration.session.events import EventType
from orchestration.session.session import Session
from orchestration.simulation.client import SimulatedClient

JOIN_MARGIN = 30.0  # seconds beyond the scenario's length in which a session must have ended
MIND_TIMEOUT = 60.0  # seconds in which a simulated user must know what to say

Minds = Callable[[Mind], LanguageModel]


class _Client(SimulatedClient):
    """Hears by the scenario's microphone, and wakes those who wait for a moment."""

    def __init__(self, clock: Clock, account: Account, microphone: Microphone, acknowledges: bool) -> None:
        super().__init__(clock, account.recording, acknowledges)
        self.account = account
        self.changed = asyncio.Event()
        self.started = asyncio.Event()
        self._mixer = microphone
        self._origin = 0.0  # the clock at pts 0

    def frame(self, frame: AgentFrame) -> None:
        if not self.started.is_set():
            self._origin = self.clock.now()
            self.started.set()
        super().frame(frame)

    def event(self, event: Event) -> None:
        super().event(event)
        self.wake()

    def record(self) -> FloatArray:
        return self._mixer.record(self.now())

    def now(self) -> float:
        """Seconds of session time."""
        return self.clock.now() - self._origin if self.started.is_set() else 0.0

    def wake(self) -> None:
        """Something came that may have been waited for."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def until(self, when: Callable[[], bool]) -> None:
        """Return once ``when()`` holds, which is asked after every event and everything said."""
        while not when():
            await self.changed.wait()

    async def sleep_until(self, seconds: float) -> None:
        """Return at ``seconds`` of session time."""
        await self.started.wait()
        await self.clock.sleep_until(self._origin + seconds)


@dataclass(frozen=True, slots=True)
class _Line:
    """One thing to be said, its sound made beforehand; typed words have none."""

    label: str
    say: Say
    pcm: FloatArray | None


class Performance:
    """One scenario on one host; ``hold`` it once."""

    def __init__(self, file: ScenarioFile, host: SessionHost, voice: UserVoice, minds: Minds) -> None:
        self._file = file
        self._host = host
        self._voice = voice
        self._minds = minds
        self._microphone = Microphone(exclusive=voice.exclusive)
        self.account = Account()

    async def hold(self) -> Account:
        """From the first second to the last.

        Raises what the voice raises for words that can't be spoken, before the session begins.
        """
        scenario = self._file.scenario
        lines = [await self._line(index, say) for index, say in enumerate(scenario.say)]
        client = _Client(self._host.clock, self.account, self._microphone, scenario.acknowledges)
        session, welcome = self._host.open(Hello(client="visavis check", seed=scenario.seed), client)
        try:
            async with self._acting(client, session, lines):
                async with asyncio.timeout(scenario.length + JOIN_MARGIN):
                    await client.join(session, scenario.length)
        finally:
            self._host.close(welcome.session)
        for line in lines:
            if line.label not in self.account.began:
                self.account.unsaid[line.label] = line.say.after or f"{line.say.at:g} s"
        return self.account

    async def _line(self, index: int, say: Say) -> _Line:
        speaker = self._file.scenario.speakers[say.speaker]
        gain = speaker.gain_db + say.gain_db
        pcm: FloatArray | None = None
        if speaker.noise is not None:
            pcm = self._voice.noise(speaker.noise, say.length or 1.0, gain, self._file.scenario.seed + index)
        elif say.wav is not None:
            pcm = await self._voice.recording(say, self._file.path.parent / say.wav, gain)
        elif say.words is not None:
            pcm = await self._voice.words(speaker, say.words, gain, say.length)
        return _Line(say.label(index), say, pcm)

    @asynccontextmanager
    async def _acting(self, client: _Client, session: Session, lines: list[_Line]) -> AsyncIterator[None]:
        parts = [asyncio.create_task(self._perform(client, session, line)) for line in lines]
        for name, speaker in self._file.scenario.speakers.items():
            if speaker.model is not None:
                parts.append(asyncio.create_task(self._improvise(client, name, speaker, speaker.model)))
        try:
            yield
        finally:
            for part in parts:
                part.cancel()
            for outcome in await asyncio.gather(*parts, return_exceptions=True):
                if isinstance(outcome, Exception):
                    self.account.troubles.append(f"{type(outcome).__name__}: {outcome}")

    async def _perform(self, client: _Client, session: Session, line: _Line) -> None:
        if line.say.after is None:
            await client.sleep_until(line.say.at or 0.0)
        else:
            moment = line.say.after
            await client.until(lambda: self.account.moment(moment) is not None)
            found = self.account.moment(moment)
            await client.sleep_until((found[0] if found else 0.0) + line.say.offset)
        if line.pcm is None:
            self._began(client, line.label, client.now())
            session.read(line.say.typed or "")
            self._ended(client, line.label, client.now())
        else:
            self._sound(client, line.label, line.pcm)

    def _sound(self, client: _Client, label: str, pcm: FloatArray) -> None:
        began, ended = partial(self._began, client, label), partial(self._ended, client, label)
        self._microphone.play(pcm, began, ended)

    def _began(self, client: _Client, label: str, now: float) -> None:
        self.account.began[label] = now
        client.wake()

    def _ended(self, client: _Client, label: str, now: float) -> None:
        self.account.ended[label] = now
        client.wake()

    async def _improvise(self, client: _Client, name: str, speaker: Speaker, mind: Mind) -> None:
        """Say what the model makes up, one thing after each answer, until it has no more to say."""
        user = ModelUser(self._minds(mind), mind)
        await client.sleep_until(mind.at)
        number = 0
        while (text := await self._next(user)) is not None:
            number += 1
            label = f"{name} {number}"
            self._sound(client, label, await self._voice.words(speaker, text, speaker.gain_db, None))
            await client.until(partial(self.account.ended.__contains__, label))
            await self._answered(client, self.account.ended[label], mind)

    async def _next(self, user: ModelUser) -> str | None:
        dialogue = [
            Message("user" if turn["speaker"] == "user" else "assistant", turn.get("heard", turn["text"]))
            for turn in transcript(self.account.recording.events)
        ]
        try:
            async with asyncio.timeout(MIND_TIMEOUT):
                return await user.next_utterance(dialogue)
        except (LanguageModelError, TimeoutError) as error:
            self.account.troubles.append(f"the simulated user has nothing to say: {error or 'too slow'}")
            return None

    async def _answered(self, client: _Client, since: float, mind: Mind) -> None:
        def heard() -> bool:
            return any(e.type == EventType.HEARD and e.t > since for e in client.account.recording.events)

        try:
            async with asyncio.timeout(mind.patience):
                await client.until(heard)
        except TimeoutError:
            pass  # it goes on all the same, as people do
        await asyncio.sleep(mind.pause)
