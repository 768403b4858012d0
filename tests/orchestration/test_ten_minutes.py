"""Ten virtual minutes of a busy conversation: all of it holds, and the same seed gives the same bytes."""

from __future__ import annotations

import asyncio
import hashlib
import random

from agents.turn_taking.interruption import Judged
from orchestration.protocol import encode
from orchestration.scenarios.invariants import broken_rules
from orchestration.session.events import EventType
from orchestration.simulation.scripted import articulated, spoken

MINUTES = 10
UTTERANCES = [f"utterance{number}" for number in range(40)]
LONG = "Well, one two three four five six seven eight. And nine ten eleven twelve thirteen fourteen."


def busy(seed: int, engines):
    """Turns, pauses inside them, short sounds, interruptions, typing, failures: a deed every few seconds."""
    dice = random.Random(seed)

    async def script(client, session):
        said = 0
        while True:
            await asyncio.sleep(dice.uniform(1, 7))
            said = (said + 1) % len(UTTERANCES)
            match dice.choice(["turn", "turn", "pause", "short", "typed", "stop", "failure"]):
                case "turn":
                    client.say(articulated(said, dice.uniform(0.5, 3)))
                case "pause":
                    client.say(articulated(said, 0.8))
                    await asyncio.sleep(0.8 + dice.uniform(0.1, 0.5))
                    client.say(articulated(said, 0.8))
                case "short":
                    client.say(spoken(said, 0.12))
                case "typed":
                    session.read(UTTERANCES[said])
                case "stop":
                    session.conversation.give_way()
                case "failure":
                    engine = dice.choice([engines.recognizer, engines.language_model, engines.synthesizer])
                    engine.failures.left += dice.randint(1, 3)

    return script


def ten_minutes(hold, seed):
    kept = []

    def adjust(engines):
        kept.append(engines)
        engines.faces.miss_every = 50

    async def script(client, session):
        await busy(seed, kept[0])(client, session)

    options = {"max_seconds": MINUTES * 60 + 1}
    return hold(
        script,
        UTTERANCES,
        seconds=MINUTES * 60,
        adjust=adjust,
        reply=lambda _: LONG,
        conversation={"interruption": Judged()},
        session_options=options,
    )


def digest(held) -> str:
    sums = hashlib.sha256()
    for message in (*held.recording.frames, *held.recording.events):
        sums.update(encode(message))
    return sums.hexdigest()


def test_ten_busy_minutes_hold_and_give_the_same_bytes_again(hold):
    held = ten_minutes(hold, seed=5)
    assert len(held.recording.frames) >= MINUTES * 60 * 25
    assert broken_rules(held.recording) == []
    assert len(held.of(EventType.HEARD)) >= 40
    assert len(held.of(EventType.INTERRUPTED)) >= 15, "the script is busy"
    assert held.counts()["fallback"] >= 3
    assert held.counts()["internal_error"] == 0
    assert digest(ten_minutes(hold, seed=5)) == digest(held)


def test_another_script_gives_other_bytes(hold):
    def short(seconds):
        async def script(client, session):
            client.say(spoken(0, seconds))

        return hold(script, seconds=5)

    assert digest(short(0.6)) == digest(short(0.6))
    assert digest(short(0.6)) != digest(short(0.8))
