"""Personas are read from YAML, checked, and turned into a prompt that never changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.persona import Fact, Persona, PersonaError, load_persona


def test_the_prompt_names_the_agent_and_all_its_facts(mira: Persona) -> None:
    prompt = mira.system_prompt()
    assert mira.name in prompt and mira.role in prompt
    assert all(fact.answer in prompt for fact in mira.facts)
    assert prompt == mira.system_prompt()


def test_a_persona_without_facts_still_has_a_prompt() -> None:
    assert Persona(name="Ann", role="a guide", style="").system_prompt() == "You are Ann, a guide."


def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: ''\nrole: a guide\nmaxtokens: 3\nfacts: [{answer: yes}]\n")
    with pytest.raises(PersonaError) as caught:
        load_persona(path)
    for part in (str(path), "name", "maxtokens", "facts.0"):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"- a\n", b"name: [", b"\xff\xfe\x00"])
def test_a_file_that_holds_no_persona_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(PersonaError, match=r"p\.yaml"):
        load_persona(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PersonaError, match=r"nobody\.yaml: can't read"):
        load_persona(tmp_path / "nobody.yaml")


def test_several_questions_share_an_answer() -> None:
    fact = Fact(questions=("When?", "What time?"), answer="At nine.")
    prompt = Persona(name="Ann", role="a guide", style="", facts=(fact,)).system_prompt()
    assert prompt.count("At nine.") == 2
