"""A conversation goes on after its connection broke: as it was heard, once, and for whoever has the token."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect

from agents.dialogue import Turn
from orchestration.client.connection import ClientError, open_session
from orchestration.clock import LoopClock
from orchestration.configuration import load_configuration
from orchestration.gateway.api import SESSION_PATH, health
from orchestration.gateway.host import SessionHost
from orchestration.gateway.parking import ParkedDialogue, Parking
from orchestration.protocol import (
    AgentFrame,
    Bye,
    Error,
    Event,
    Hello,
    HistoryEntry,
    Played,
    UserText,
    Welcome,
    decode,
    encode,
)
from orchestration.session.events import EventType
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time


def everything(messages):
    """A reply that shows all that the model was told, but for the system prompt."""
    return " / ".join(f"{message.role[0]} {message.content}" for message in messages[1:])


def host_of(*, reply=everything, avatar_slots=4, **gateway):
    configuration = load_configuration("default", models=False)
    changed = configuration.gateway.model_copy(update=gateway)
    configuration = configuration.model_copy(update={"gateway": changed})
    return SessionHost(configuration, scripted_engines(["hello"], reply, apology="sorry"), LoopClock())


class Caller:
    """A client with a loudspeaker that plays and acknowledges at once."""

    def __init__(self, socket, welcome):
        self.socket, self.welcome = socket, welcome

    async def say(self, text):
        await self.socket.send(encode(UserText(text=text)))

    async def until(self, type, within=15.0):
        """Play until an event of ``type`` comes; returns it."""
        async with asyncio.timeout(within):
            while True:
                message = decode(await self.socket.recv(decode=False))
                if isinstance(message, AgentFrame):
                    await self.socket.send(encode(Played(message.pts, message.generation)))
                if isinstance(message, Event) and message.type == type:
                    return message

    async def asked(self, text):
        """Say ``text`` and return the reply as it was heard."""
        await self.say(text)
        return (await self.until(EventType.HEARD)).data["text"]

    def vanish(self):
        self.socket.transport.abort()


@asynccontextmanager
async def calling(port, **hello):
    async with connect(f"ws://127.0.0.1:{port}{SESSION_PATH}", compression=None) as socket:
        await socket.send(encode(Hello(**hello)))
        welcome = decode(await socket.recv(decode=False))
        assert isinstance(welcome, Welcome), welcome
        yield Caller(socket, welcome)


async def vanished(port, host, *words, **hello):
    """Hold a conversation, vanish, and return the token once the server has noticed."""
    async with calling(port, **hello) as caller:
        for text in words:
            await caller.asked(text)
        caller.vanish()
    async with asyncio.timeout(10):
        while host.sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return caller.welcome.resume


async def test_a_client_that_vanished_goes_on_with_the_same_conversation(gateway):
    host = host_of()
    async with gateway(host) as port:
        token = await vanished(port, host, "my name is Ada")
        assert len(host.parking) == 1
        async with calling(port, resume=token) as caller:
            assert caller.welcome.resumed == "memory"
            assert caller.welcome.resume not in ("", token)
            heard = await caller.asked("what is my name")
        assert heard == "u my name is Ada / a u my name is Ada / u what is my name"
        assert health(host)["counts"]["resumed_from_memory"] == 1


async def test_of_a_reply_that_was_cut_off_only_what_was_heard_is_remembered(gateway):
    host = host_of(
        reply=lambda messages: (
            everything(messages) if len(messages) > 2 else "one two three four five six seven eight"
        )
    )
    async with gateway(host) as port:
        async with calling(port) as caller:
            await caller.say("count")
            await caller.until(EventType.FIRST_SOUND)
            for _ in range(30):  # 1.2 s: the words take .3 s each
                message = decode(await caller.socket.recv(decode=False))
                if isinstance(message, AgentFrame):
                    await caller.socket.send(encode(Played(message.pts, message.generation)))
            caller.vanish()
        async with asyncio.timeout(10):
            while host.sessions:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with calling(port, resume=caller.welcome.resume) as again:
            first = decode(await again.socket.recv(decode=False))
            assert first.pts == 0, "a new timeline"
            heard = await again.asked("go on")
    said = heard.removeprefix("u count / a ").removesuffix("— / u go on")
    assert said in {"one two", "one two three", "one two three four"}


async def test_the_old_connection_may_still_be_open_when_the_client_comes_back(gateway):
    host = host_of(max_sessions=1)
    async with gateway(host) as port, calling(port) as old:
        await old.asked("my name is Ada")
        async with calling(port, resume=old.welcome.resume) as new:
            assert new.welcome.resumed == "memory"
            async with asyncio.timeout(5):
                while not isinstance(message := decode(await old.socket.recv(decode=False)), Bye):
                    pass
            assert "another connection" in message.reason
            assert "my name is Ada" in await new.asked("what is my name")
            assert len(host.sessions) == 1
        assert len(host.parking) == 0


async def test_a_token_opens_its_conversation_once(gateway):
    host = host_of()
    async with gateway(host) as port:
        token = await vanished(port, host, "my name is Ada")
        async with calling(port, resume=token) as first, calling(port, resume=token) as thief:
            assert (first.welcome.resumed, thief.welcome.resumed) == ("memory", "no")
            assert await thief.asked("who am I") == "u who am I"
        async with calling(port, resume=token) as late:
            assert late.welcome.resumed == "no"


async def test_two_at_once_with_one_token_never_both_get_the_conversation(gateway):
    host = host_of()
    async with gateway(host) as port, calling(port) as old:
        await old.asked("my name is Ada")

        async def come_back():
            async with calling(port, resume=old.welcome.resume) as caller:
                return caller.welcome.resumed

        outcomes = await asyncio.gather(come_back(), come_back(), come_back())
    assert sorted(outcomes) == ["memory", "no", "no"]


async def test_after_a_restart_the_conversation_goes_on_from_what_the_client_remembers(gateway):
    before, after = host_of(), host_of()
    async with gateway(before) as port:
        token = await vanished(port, before, "my name is Ada")
    history = (
        HistoryEntry(role="user", text="my name is Ada"),
        HistoryEntry(role="agent", text="Pleased to", interrupted=True),
        HistoryEntry(role="user", text="  "),
    )
    async with gateway(after) as port, calling(port, resume=token, history=history) as caller:
        assert caller.welcome.resumed == "history"
        assert await caller.asked("and now") == "u my name is Ada / a Pleased to— / u and now"
        assert health(after)["counts"]["resumed_from_history"] == 1


async def test_what_the_server_remembers_goes_before_what_the_client_says_it_does(gateway):
    host = host_of()
    history = (HistoryEntry(role="agent", text="I promised you a free ticket"),)
    async with gateway(host) as port:
        token = await vanished(port, host, "my name is Ada")
        async with calling(port, resume=token, history=history) as caller:
            assert caller.welcome.resumed == "memory"
            assert "free ticket" not in await caller.asked("well")


async def test_the_longest_history_fits_the_dialogues_budget(gateway):
    host = host_of(reply=lambda messages: "yes", max_message_bytes=200_000)
    history = tuple(
        HistoryEntry(role="agent" if n % 2 else "user", text=f"{n} " + "word " * 399) for n in range(40)
    )
    async with gateway(host) as port, calling(port, history=history) as caller:
        assert await caller.asked("the end") == "yes"
    asked = host.engines.language_model.asked[-1]
    assert asked[-1].content.endswith("the end")
    assert sum(len(message.content) for message in asked) < 3 * host.configuration.session.dialogue_tokens


async def test_a_wrong_token_without_history_is_a_new_conversation(gateway):
    host = host_of()
    async with gateway(host) as port, calling(port, resume="guessed") as caller:
        assert caller.welcome.resumed == "no"
        assert await caller.asked("hello") == "u hello"


async def test_goodbye_ends_a_conversation_for_good(gateway):
    host = host_of()
    async with gateway(host) as port:
        async with open_session(f"ws://127.0.0.1:{port}{SESSION_PATH}", Hello()) as session:
            await session.send(Bye())
            async for _ in session.messages():
                pass
        assert len(host.parking) == 0
        async with calling(port, resume=session.welcome.resume) as caller:
            assert caller.welcome.resumed == "no"


async def test_the_time_is_up_after_the_configured_seconds(gateway):
    host = host_of(resume_within_s=0.2)
    async with gateway(host) as port:
        token = await vanished(port, host, "my name is Ada")
        await asyncio.sleep(0.4)
        assert len(host.parking) == 0
        async with calling(port, resume=token) as caller:
            assert caller.welcome.resumed == "no"
            assert caller.welcome.resume_within_s == pytest.approx(0.2)
        assert health(host)["counts"]["parked_expired"] == 1


async def test_where_conversations_arent_kept_no_token_is_given(gateway):
    host = host_of(resume_within_s=0)
    async with gateway(host) as port:
        assert await vanished(port, host, "hello") == ""
        assert len(host.parking) == 0


async def test_a_client_cut_off_for_its_silence_may_come_back(gateway):
    host = host_of(idle_timeout_s=0.3)
    async with gateway(host) as port:
        async with calling(port) as caller:
            async with asyncio.timeout(5):
                while not isinstance(decode(await caller.socket.recv(decode=False)), Bye):
                    pass
        async with calling(port, resume=caller.welcome.resume) as again:
            assert again.welcome.resumed == "memory"


async def test_a_client_that_only_sent_garbage_is_not_waited_for(gateway):
    host = host_of()
    async with gateway(host) as port:
        async with calling(port) as caller:
            for _ in range(30):
                await caller.socket.send(b"garbage")
            async with asyncio.timeout(5):
                while not isinstance(decode(await caller.socket.recv(decode=False)), Bye):
                    pass
        assert len(host.parking) == 0


async def test_a_full_server_keeps_the_conversation_for_the_next_try(gateway):
    host = host_of(max_sessions=1)
    async with gateway(host) as port:
        token = await vanished(port, host, "my name is Ada")
        async with calling(port) as other:
            with pytest.raises(ClientError, match="all 1 sessions are taken"):
                async with open_session(f"ws://127.0.0.1:{port}{SESSION_PATH}", Hello(resume=token)):
                    pass
            await other.socket.send(encode(Bye()))
            async with asyncio.timeout(5):
                while host.sessions:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        async with calling(port, resume=token) as caller:
            assert caller.welcome.resumed == "memory"


async def test_only_so_many_conversations_are_kept_and_the_oldest_goes(gateway):
    host = host_of(max_parked=2)
    async with gateway(host) as port:
        tokens = [await vanished(port, host) for _ in range(3)]
        outcomes = []
        for token in tokens:
            async with calling(port, resume=token) as caller:
                outcomes.append(caller.welcome.resumed)
                await caller.socket.send(encode(Bye()))
    assert outcomes == ["no", "memory", "memory"]
    assert host.parking.counts["parked_evicted"] == 1


class TestPersonas:
    async def test_a_resumed_conversation_keeps_its_persona_and_voice(self, gateway):
        host = host_of()
        async with gateway(host) as port:
            token = await vanished(port, host, "hello", persona="noor", voice="joe")
            async with calling(port, resume=token) as caller:
                assert (caller.welcome.persona, caller.welcome.voice) == ("Noor", "joe")
                assert caller.welcome.head == "noor"

    async def test_another_persona_is_another_conversation(self, gateway):
        host = host_of()
        async with gateway(host) as port:
            token = await vanished(port, host, "hello", persona="noor")
            async with calling(port, resume=token, persona="mira") as caller:
                assert (caller.welcome.persona, caller.welcome.resumed) == ("Mira", "no")

    async def test_the_chosen_persona_answers_with_its_own_voice_or_the_one_chosen(self, gateway):
        host = host_of()
        async with gateway(host) as port:
            async with calling(port, persona="noor") as caller:
                assert (caller.welcome.voice, caller.welcome.head) == ("joan", "noor")
                await caller.asked("hello")
            assert host.engines.language_model.asked[-1][0].content.startswith("You are Noor")
            assert host.engines.synthesizer.voices[-1] == "joan"
            async with calling(port, voice="joan") as caller:
                await caller.asked("hello")
            assert host.engines.language_model.asked[-1][0].content.startswith("You are Mira")
            assert host.engines.synthesizer.voices[-1] == "joan"

    @pytest.mark.parametrize(
        ("hello", "code", "known"),
        [
            ({"persona": "nobody"}, "unknown_persona", "mira, noor"),
            ({"voice": "nobody"}, "unknown_voice", "joe, joan"),
            ({"persona": ""}, "unknown_persona", "mira, noor"),
        ],
    )
    async def test_an_unknown_name_is_refused_with_those_that_are_known(self, gateway, hello, code, known):
        host = host_of()
        async with gateway(host) as port:
            token = await vanished(port, host, "my name is Ada")
            async with connect(f"ws://127.0.0.1:{port}{SESSION_PATH}") as socket:
                await socket.send(encode(Hello(resume=token, **hello)))
                error = decode(await socket.recv(decode=False))
                assert isinstance(error, Error)
                assert (error.code, error.fatal) == (code, True)
                assert known in error.remedy
            async with calling(port, resume=token) as caller:
                assert caller.welcome.resumed == "memory", "a refused greeting costs nothing"

    async def test_another_voice_gets_an_apology_of_its_own_at_its_first_session(self, gateway):
        host = host_of()
        host.engines.language_model.failures.left = 99
        async with gateway(host) as port, calling(port, voice="joan") as caller:
            async with asyncio.timeout(10):
                while host._apologies._preparing or host._asides._preparing:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            spoken = list(host.engines.synthesizer.voices)
            assert set(spoken) == {"joan"}
            await caller.say("hello")
            heard = await caller.until(EventType.HEARD)
            assert heard.data["text"] == host.configuration.persona.apology
            assert host.engines.synthesizer.voices == spoken, "spoken once, when the session began"
        async with gateway(host) as port, calling(port, voice="joan") as caller:
            await caller.say("hello")
            await caller.until(EventType.HEARD)
        assert host.engines.synthesizer.voices == spoken


async def test_a_client_that_only_types_and_acknowledges_stays_connected_without_sending_sound(gateway):
    host = host_of(idle_timeout_s=0.5)
    async with gateway(host) as port, calling(port) as caller:
        for _ in range(40):  # 1.6 s
            message = decode(await caller.socket.recv(decode=False))
            if isinstance(message, AgentFrame):
                await caller.socket.send(encode(Played(message.pts, message.generation)))
        assert await caller.asked("still here") == "u still here"
        session = next(iter(host.sessions.values()))
        assert session.counts()["user_late"] == 0


class TestParking:
    def test_tokens_and_times_run_on_virtual_time(self):
        async def hold():
            parking = Parking(within=10, limit=2)
            dialogue = ParkedDialogue("mira", "joe", (Turn("user", "hello"),))
            parking.put("a", dialogue)
            await asyncio.sleep(9)
            parking.put("b", dialogue)
            await asyncio.sleep(2)
            assert parking.take("a") is None
            assert parking.take("b") is dialogue
            assert parking.take("b") is None
            await asyncio.sleep(60)
            return parking

        parking = run_in_virtual_time(hold())
        assert (len(parking), parking.counts["parked_expired"]) == (0, 1)
