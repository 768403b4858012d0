"""Personas are read by the model before somebody waits for them, and while nobody talks."""

from __future__ import annotations

import asyncio

from agents.persona import Persona
from orchestration.rehearsal import QUIET_SECONDS, Rehearsal
from orchestration.simulation.scripted import ScriptedLanguageModel
from orchestration.virtual_time import run_in_virtual_time

MIRA, NOOR, NILS = (Persona(name=name, role="a guide") for name in ("Mira", "Noor", "Nils"))


def read_by(model: ScriptedLanguageModel) -> list[str]:
    return [messages[0].content.split(",")[0].removeprefix("You are ") for messages in model.asked]


def test_all_personas_but_the_known_one_are_read_once_when_nobody_talks():
    model = ScriptedLanguageModel(lambda _: "yes")

    async def main() -> None:
        rehearsal = Rehearsal(model, MIRA, token_budget=1024, within=5)
        talking = True
        reading = asyncio.create_task(rehearsal.read_in_quiet([MIRA, NOOR, NILS], lambda: talking))
        await asyncio.sleep(10 * QUIET_SECONDS)
        assert read_by(model) == []
        talking = False
        await reading
        await asyncio.sleep(1)
        rehearsal.begin(NOOR)
        await rehearsal.read_in_quiet([MIRA, NOOR, NILS], lambda: False)

    run_in_virtual_time(main())
    assert read_by(model) == ["Noor", "Nils"]


def test_a_persona_that_somebody_chose_is_read_at_once():
    model = ScriptedLanguageModel(lambda _: "yes")

    async def main() -> None:
        rehearsal = Rehearsal(model, MIRA, token_budget=1024, within=5)
        rehearsal.begin(NOOR)
        rehearsal.begin(NOOR)
        await asyncio.sleep(1)

    run_in_virtual_time(main())
    assert read_by(model) == ["Noor"]
    assert model.asked[0][-1].content == "Hello."


def test_a_model_that_fails_or_stalls_is_said_and_disturbs_nobody(caplog):
    model = ScriptedLanguageModel(lambda _: "yes")
    model.failures.left = 1
    model.stalls.left = 1

    async def main() -> None:
        rehearsal = Rehearsal(model, MIRA, token_budget=1024, within=5)
        rehearsal.begin(NOOR)
        await asyncio.sleep(1)
        rehearsal.begin(NILS)
        await asyncio.sleep(10)

    run_in_virtual_time(main())
    assert "Noor could not be read beforehand: scripted language model failure" in caplog.text
    assert "Nils could not be read beforehand: no answer in time" in caplog.text
