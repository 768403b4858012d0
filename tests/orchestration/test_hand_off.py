"""One persona hands the conversation over to another, on virtual time with the gateway's own host."""

from __future__ import annotations

import asyncio

import pytest

from agents.language_model import ToolCall
from agents.persona import Persona
from orchestration.clock import LoopClock
from orchestration.configuration.initiative import ClosingConfig
from orchestration.configuration.turn_taking import InterruptionConfig, TurnTakingConfig
from orchestration.gateway.choice import UnknownPersona
from orchestration.gateway.host import SessionHost
from orchestration.protocol import Hello
from orchestration.session.events import EventType
from orchestration.session.floor import Floor
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines, spoken
from orchestration.virtual_time import run_in_virtual_time
from tests.orchestration.served import configured

MIRA = Persona(name="Mira", role="the receptionist", tools=("hand_off",), voice="alba")
BRUNO = Persona(
    name="Bruno", role="who knows the rooms", voice="joe", max_sentences=1, farewell="Bruno says goodbye."
)
SESSION = 20.0  # seconds


def one_voice_each(configuration):
    """Whatever voices the packaged synthesiser lists, two of them."""
    return list(configuration.synthesizer.voices)[:2]


class Talk:
    """A session with Mira, who hands over to ``to`` when she is asked; ``act`` does the rest."""

    def __init__(self, *, to: str = "bruno", says: str = "", reason: str = "A room.") -> None:
        self.to, self.says, self.reason = to, says, reason
        self.hands_over = True
        self.session = {}  # options of sessions that are changed
        self.utterances = ["a room please", "wait", "and breakfast"]

    def reply(self, messages) -> str:
        system = messages[0].content
        if system.startswith("You are Bruno"):
            return "I am Bruno. Never said."
        return "I hand over to Bruno." if messages[-1].role == "tool" else self.says

    def call(self, messages, tools):
        if messages[-1].role == "tool" or tools.choice == "none" or not self.hands_over:
            return ()
        return (ToolCall("c", "hand_off", f'{{"to": "{self.to}", "reason": "{self.reason}"}}'),)

    def hold(self, act=None, **hello):
        async def main():
            at_once = TurnTakingConfig(interruption=InterruptionConfig(policy="immediate"))
            configuration = configured(session=self.session, turn_taking=at_once)
            first, second = one_voice_each(configuration)
            self.mira, self.bruno = (
                MIRA.model_copy(update={"voice": first}),
                BRUNO.model_copy(update={"voice": second}),
            )
            configuration = configuration.model_copy(update={"persona": self.mira, "personas": (self.bruno,)})
            self.engines = scripted_engines(self.utterances, self.reply, apology="sorry")
            self.engines.language_model.call = self.call
            self.host = SessionHost(configuration, self.engines, LoopClock())
            client = SimulatedClient(LoopClock())
            session, self.welcome = self.host.open(Hello(seed=3, **hello), client)

            async def acting():
                if act is None:
                    client.say(spoken(0, 0.8))
                else:
                    await act(self, client, session)

            task = asyncio.create_task(acting())
            await client.join(session, SESSION)
            await task
            self.live = self.host._live[self.welcome.session]
            self.turns = [(turn.role, turn.text) for turn in self.live.dialogue.transcript()]
            self.parked = self.live.parked()
            self.host.close(self.welcome.session)
            return client.recording

        self.recording = run_in_virtual_time(main())
        return self

    def of(self, type):
        return [event for event in self.recording.events if event.type == type]

    def voices_asked(self):
        return list(dict.fromkeys(voice for voice in self.engines.synthesizer.voices if voice))


def test_the_old_persona_finishes_and_the_new_one_goes_on_with_its_own_voice():
    talk = Talk().hold()
    (persona,) = talk.of(EventType.PERSONA)
    assert persona.data["persona"] == "bruno"
    assert (persona.data["title"], persona.data["voice"]) == ("Bruno", talk.bruno.voice)
    assert persona.data["head"] == talk.welcome.head
    heard = talk.of(EventType.HEARD)
    assert [event.data["text"] for event in heard] == ["I hand over to Bruno.", "I am Bruno."]
    assert heard[0].t <= persona.t, "the face changes when the last word of the old one was heard"
    assert talk.turns == [
        ("user", "a room please"),
        ("assistant", "I hand over to Bruno."),
        ("assistant", "I am Bruno."),
    ]
    assert talk.parked.persona == "bruno", "and who comes back talks with Bruno"
    assert talk.voices_asked()[-1] == talk.bruno.voice


def test_the_new_persona_is_told_of_the_old_one_and_of_what_was_wanted():
    talk = Talk(reason="A quiet room.").hold()
    system, *dialogue = talk.engines.language_model.asked[-1]
    assert system.content.startswith("You are Bruno, who knows the rooms.")
    assert "taken over this conversation from Mira" in system.content
    assert [message.content for message in dialogue if message.role == "user"] == ["a room please"]
    assert "Mira has just handed the user over to you. A quiet room." in dialogue[-1].content
    assert talk.engines.language_model.offered[-1] is None, "Bruno has no tools"


@pytest.mark.parametrize("to", ["nobody", "mira", ""])
def test_handing_over_to_nobody_we_know_is_a_failed_call_and_nothing_changes(to):
    talk = Talk(to=to).hold()
    assert talk.of(EventType.PERSONA) == []
    (result,) = talk.of(EventType.TOOL_RESULT)
    assert result.data["outcome"] == "bad_arguments"
    assert "others: bruno" in result.data["text"]


def test_a_user_who_interrupts_the_goodbye_is_answered_by_the_new_persona():
    async def interrupts(talk, client, session):
        client.say(spoken(0, 0.8))
        async with asyncio.timeout(10):
            while session.floor is not Floor.AGENT:  # noqa: ASYNC110
                await asyncio.sleep(0.04)
        await asyncio.sleep(0.5)
        client.say(spoken(1, 0.8))

    talk = Talk().hold(interrupts)
    assert talk.of(EventType.INTERRUPTED)
    assert len(talk.of(EventType.PERSONA)) == 1
    assert talk.turns[-2:] == [("user", "wait"), ("assistant", "I am Bruno.")]


def test_a_user_who_goes_on_before_a_word_was_heard_stays_with_the_old_persona():
    async def goes_on(talk, client, session):
        talk.engines.synthesizer.delay = 2.0
        client.say(spoken(0, 0.8))
        async with asyncio.timeout(10):
            while not talk.of_now(client, EventType.TOOL_RESULT):  # noqa: ASYNC110
                await asyncio.sleep(0.04)
        talk.hands_over, talk.says = False, "Yes?"
        talk.engines.synthesizer.delay = 0.1
        client.say(spoken(2, 0.8))

    Talk.of_now = staticmethod(lambda client, type: [e for e in client.recording.events if e.type == type])
    talk = Talk().hold(goes_on)
    assert talk.of(EventType.PERSONA) == []
    assert talk.turns[-1] == ("assistant", "Yes?")


def test_who_says_goodbye_is_answered_with_the_farewell_of_whoever_speaks_then():
    async def goes(talk, client, session):
        talk.utterances[2] = "goodbye"
        client.say(spoken(0, 0.8))
        await asyncio.sleep(9.0)
        client.say(spoken(2, 0.8))

    talk = Talk()
    talk.session = {"closing": ClosingConfig(enabled=True)}
    talk.hold(goes)
    assert talk.turns[-2:] == [("user", "goodbye"), ("assistant", "Bruno says goodbye.")]


class TestAsAClientWishes:
    def test_in_silence_the_persona_changes_at_once_and_waits_to_be_spoken_to(self):
        async def asks(talk, client, session):
            await asyncio.sleep(2.0)
            talk.host.hand_off(talk.welcome.session, "bruno")

        talk = Talk().hold(asks)
        (persona,) = talk.of(EventType.PERSONA)
        assert persona.t == pytest.approx(2.0, abs=0.1)
        assert talk.of(EventType.REPLY_TEXT) == []

    def test_while_the_agent_speaks_the_persona_changes_after_that_reply(self):
        async def asks(talk, client, session):
            talk.hands_over, talk.says = False, "We have many nice rooms."
            client.say(spoken(0, 0.8))
            async with asyncio.timeout(10):
                while session.floor is not Floor.AGENT:  # noqa: ASYNC110
                    await asyncio.sleep(0.04)
            talk.host.hand_off(talk.welcome.session, "bruno")
            await asyncio.sleep(6.0)
            client.say(spoken(2, 0.8))

        talk = Talk().hold(asks)
        heard = talk.of(EventType.HEARD)
        assert [event.data["text"] for event in heard] == ["We have many nice rooms.", "I am Bruno."]
        assert heard[0].t <= talk.of(EventType.PERSONA)[0].t < heard[1].t

    def test_a_name_that_is_not_offered_is_refused_with_those_that_are(self):
        refused = []

        async def asks(talk, client, session):
            try:
                talk.host.hand_off(talk.welcome.session, "nobody")
            except UnknownPersona as error:
                refused.append(error.remedy)

        assert Talk().hold(asks).of(EventType.PERSONA) == []
        assert refused == ["ask for one of: mira, bruno"]

    def test_the_one_who_speaks_already_needs_no_change(self):
        async def asks(talk, client, session):
            await asyncio.sleep(1.0)
            talk.host.hand_off(talk.welcome.session, "mira")

        assert Talk().hold(asks).of(EventType.PERSONA) == []


@pytest.mark.parametrize("asks_for", ["mira", "bruno", None])
def test_a_client_that_comes_back_goes_on_with_the_new_persona_even_asking_as_at_first(asks_for):
    async def comes_back(talk, client, session):
        await asyncio.sleep(0.5)
        talk.host.hand_off(talk.welcome.session, "bruno")
        await asyncio.sleep(0.5)
        client.say(spoken(0, 0.8))
        await asyncio.sleep(8.0)
        greeting = Hello(persona=asks_for, voice=talk.mira.voice, resume=talk.welcome.resume)
        _, talk.again = await talk.host.admit(greeting, SimulatedClient(LoopClock()))

    talk = Talk().hold(comes_back)
    assert (talk.again.persona, talk.again.voice) == ("Bruno", talk.bruno.voice)
    assert talk.again.resumed == "memory"
