"""What the configuration says about memory, notes, language and initiative reaches served sessions."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from agents.memory.summarising import SummarisingDialogue
from agents.notes.passages import Notes, NotesConfig
from orchestration.app import BuildArguments, build
from orchestration.clock import LoopClock
from orchestration.configuration import Configuration, ConfigurationError, load_configuration
from orchestration.configuration.emotion import EmotionConfig
from orchestration.configuration.initiative import ClosingConfig
from orchestration.configuration.languages import LanguageConfig
from orchestration.configuration.memory import BudgetConfig, MemoryConfig
from orchestration.gateway.host import SessionHost
from orchestration.gateway.limits import session_options
from orchestration.protocol import Hello, HistoryEntry
from orchestration.session.events import EventType
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import scripted_engines, spoken
from orchestration.virtual_time import run_in_virtual_time
from tests.agents.test_notes import FOLDER, WordsEmbedder
from tests.orchestration.served import configured

GREETING = "Hello, welcome to the Lakeside Science Museum. How can I help you?"


@dataclasses.dataclass
class Talk:
    """What came of one conversation with a served session."""

    heard: list[str]
    asked: list
    welcome: object
    reason: str
    dialogue: object


def talk(configuration: Configuration, said=("is there a yearly card",), *, notes=None, hello=None) -> Talk:
    """Say each of ``said`` with six seconds of silence after it."""
    if notes is not None:
        asyncio.run(notes.open())  # it reads files in threads, which virtual time doesn't wait for

    async def main() -> Talk:
        engines = scripted_engines(said, lambda messages: "All right.")
        host = SessionHost(configuration, dataclasses.replace(engines, notes=notes), LoopClock())
        client = SimulatedClient(LoopClock())
        session, welcome = host.open(hello or Hello(seed=1), client, turns=())
        for number in range(len(said)):
            client.say(spoken(number, 0.8))
            client.say(np.zeros(6 * 16_000, np.float32))
        dialogue = host._live[welcome.session].dialogue
        reason = await client.join(session, 7.0 * len(said) + 6)
        host.close(welcome.session)
        heard = [e.data["text"] for e in client.recording.events if e.type == EventType.HEARD]
        return Talk(heard, engines.language_model.asked, welcome, reason, dialogue)

    return run_in_virtual_time(main())


def with_session(**changes: object) -> Configuration:
    return configured(session=changes)


def test_by_default_nothing_is_said_unasked_or_looked_up():
    held = talk(configured())
    assert held.heard == ["All right."]
    assert held.asked[-1][-1].content == "is there a yearly card"
    assert not isinstance(held.dialogue, SummarisingDialogue)


def test_a_reply_sees_the_notes_and_the_dialogue_does_not(tmp_path):
    notes = Notes(NotesConfig(folder=FOLDER, top_k=1), WordsEmbedder(), "words", tmp_path)
    held = talk(configured(), notes=notes)
    assert "A yearly card costs thirty-five dollars" in held.asked[-1][-1].content
    assert [turn.text for turn in held.dialogue.transcript()] == ["is there a yearly card", "All right."]
    assert notes.counts["asked"] == 1, "a draft and its reply ask once"


def test_the_agent_greets_where_it_is_configured_to():
    held = talk(with_session(greets=True), said=())
    assert held.heard == [GREETING]


def test_a_conversation_that_goes_on_is_not_greeted():
    async def main() -> list[str]:
        host = SessionHost(with_session(greets=True), scripted_engines((), str), LoopClock())
        client = SimulatedClient(LoopClock())
        hello = Hello(seed=1, history=(HistoryEntry(role="user", text="hello"),))
        session, _ = await host.admit(hello, client)
        await client.join(session, 3.0)
        return [event.type for event in client.recording.events]

    assert EventType.FIRST_SOUND not in run_in_virtual_time(main())


def test_a_goodbye_ends_a_served_session():
    held = talk(with_session(closing=ClosingConfig(enabled=True)), said=("okay bye",))
    assert held.heard == ["Goodbye."]
    assert held.reason == "the user said goodbye"


def test_a_budget_ends_it_too():
    held = talk(configured(budget=BudgetConfig(turns=1)), said=("one", "two"))
    assert held.heard == ["All right.", "I'm afraid our time is over. Goodbye."]


def test_a_memory_with_summaries_is_opened():
    held = talk(configured(memory=MemoryConfig(summary_tokens=100)))
    assert isinstance(held.dialogue, SummarisingDialogue)
    assert held.heard == ["All right."]


@pytest.mark.parametrize(
    ("asked", "language", "problem"),
    [(None, "en", ""), ("de", "de", "no voice here speaks German"), ("fr", "en", "nobody here talks 'fr'")],
)
def test_the_welcome_tells_the_language_and_what_stands_in_its_way(asked, language, problem):
    configuration = with_session(languages={"de": LanguageConfig(name="German")})
    held = talk(configuration, hello=Hello(seed=1, language=asked))
    assert held.welcome.language == language
    assert held.welcome.language_problem.startswith(problem)
    assert ("Answer in German." in held.asked[-1][0].content) == (language == "de")


SYSTEM = """
persona: mira
recognizer: {model: tiny.en}
language_model: {engine: llama, model: smollm2-135m}
synthesizer: {model: en_US-joe-medium}
notes: {folder: ./notes}
"""


@pytest.fixture
def system(tmp_path):
    """Writes a configuration that has notes; gives its path."""

    def write(more: str = "embedder: {model: minilm-l6-v2}\n") -> Path:
        path = tmp_path / "my.yaml"
        path.write_text(SYSTEM + more)
        return path

    return write


def test_notes_without_an_embedder_are_a_problem_of_the_configuration(system):
    with pytest.raises(ConfigurationError, match=r"add `embedder: \{model: minilm-l6-v2\}`"):
        load_configuration(system(""), models=False)


def test_a_folder_of_notes_that_is_not_there_is_a_problem_with_its_line(system):
    with pytest.raises(
        ConfigurationError, match=r"my\.yaml:6:\d+: notes\.folder: there is no folder \./notes"
    ):
        load_configuration(system())


def test_a_folder_of_notes_beside_the_configuration_is_found_from_anywhere(system, tmp_path):
    (tmp_path / "notes").mkdir()
    found = load_configuration(system())
    assert found.notes is not None
    assert found.notes.folder == (tmp_path / "notes").resolve()


def test_an_embedder_gets_a_deployment_of_its_own_and_its_models_folder(system, tmp_path):
    (tmp_path / "notes").mkdir()
    application = build(BuildArguments(config=str(system())))
    bound = application._bound_deployment.init_kwargs["embedder"]._bound_deployment
    assert bound.name == "Embedder"
    assert (Path(bound.init_args[0].model) / "model.safetensors").is_file()


@pytest.mark.parametrize(("language", "strength"), [("en", 0.6), ("en-GB", 0.6), ("de", 0.0)])
def test_the_face_goes_with_english_words_only(language, strength):
    configuration = configured(emotion=EmotionConfig(enabled=True))
    persona = configuration.persona.model_copy(update={"language": language})
    assert session_options(configuration, persona).emotion == strength
    assert session_options(configured(emotion=EmotionConfig()), persona).emotion == 0.0
