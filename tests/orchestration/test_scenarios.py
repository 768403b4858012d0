"""Conversations written in YAML: those that we ship, how they are judged, and what is wrong in a file."""

from __future__ import annotations

import textwrap
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.configuration import ConfigurationError, load_configuration
from orchestration.scenarios import systems
from orchestration.scenarios.microphone import Microphone
from orchestration.scenarios.reading import ScenarioFile, read_scenario, read_scenarios
from orchestration.scenarios.schema import Scenario, Speaker
from orchestration.scenarios.systems import hold_real, hold_scripted
from orchestration.scenarios.voices import NumberedVoice, SynthesizedVoice
from orchestration.simulation.scripted import scripted_engines
from orchestration.virtual_time import run_in_virtual_time
from speech.audio import write_wav
from speech.recognizer import Transcript

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
FILES = {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


@pytest.fixture(scope="module")
def configuration():
    return load_configuration("default", models=False)


def written(folder: Path, text: str, name: str = "scenario.yaml") -> Path:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return path


GOOD = """\
name: A greeting is answered
length: 6
say:
  - { id: hello, speaker: user, at: 1.0, words: hello there }
expect:
  - { agent_says: you said hello there, after: hello.end, within: 2 }
"""


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_scenario_goes_as_expected(name, configuration):
    outcome = hold_scripted(read_scenario(FILES[name]), configuration)
    wrong = [f"{verdict.what}: {verdict.found}" for verdict in outcome.verdicts if not verdict.passed]
    assert not wrong
    assert outcome.skipped or len(outcome.verdicts) >= 2


def test_held_twice_a_scenario_gives_the_same_events(configuration):
    first, second = (
        hold_scripted(read_scenario(FILES["a-question-is-answered"]), configuration) for _ in "ab"
    )
    assert first.account.recording.events == second.account.recording.events
    assert np.array_equal(first.account.recording.motion(), second.account.recording.motion())


BAD = {
    "an unknown speaker": ("speaker: user", "speaker: uzer", 4, "no speaker is called 'uzer'"),
    "a negative time": ("at: 1.0", "at: -1", 4, "greater than or equal to 0"),
    "a missing wav": ("words: hello there", "wav: gone.wav", 4, "gone.wav: no such file"),
    "an unknown event": (
        "agent_says: you said hello there",
        "event: first_sund",
        6,
        "did you mean first_sound",
    ),
    "an unknown key": ("id: hello,", "ide: hello,", 4, "did you mean `id`"),
    "no time": ("at: 1.0, ", "", 4, "exactly one of at, after"),
    "two times": ("at: 1.0", "at: 1.0, after: first_sound", 4, "given: at, after"),
    "a time after the end": ("at: 1.0", "at: 100", 4, "make the scenario longer"),
    "no words": ("words: hello there", "gain_db: 3", 4, "give words, wav or typed"),
    "an unknown id": ("after: hello.end", "after: hallo.end", 6, "nothing said has the id 'hallo'"),
    "no moment": ("after: hello.end", "after: Hello World", 6, "ID.start or ends"),
    "nothing expected": ("agent_says: you said hello there, ", "", 6, "give exactly one of event"),
    "two things expected": ("agent_says:", "floor: agent, agent_says:", 6, "given: floor, agent_says"),
    "ways that exclude each other": ("within: 2", "absent: true, count: 2", 6, "exclude each other"),
    "an empty stretch": ("within: 2", "from: 3, within: 2", 6, "before it begins"),
    "no length": ("length: 6\n", "", 1, "required but not given"),
}


@pytest.mark.parametrize(("old", "new", "line", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_in_a_file_is_said_with_its_line_and_the_way_out(tmp_path, old, new, line, said):
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(path)
    message = str(caught.value).replace("ID.start, ID.end", "ID.start or ends")
    assert said in message
    assert all(f"{path}:{line}:" in found for found in message.splitlines() if said in found)


def test_all_problems_of_all_files_are_said_at_once(tmp_path):
    written(tmp_path, GOOD.replace("user", "uzer").replace("at: 1.0", "at: -1"), "a.yaml")
    written(tmp_path, GOOD.replace("agent_says", "agent_sais"), "b.yaml")
    written(tmp_path, "- a list", "c.yaml")
    (tmp_path / "d.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError) as caught:
        read_scenarios([tmp_path])
    message = str(caught.value)
    for found in ("'uzer'", "greater than or equal to 0", "agent_sais", "mapping", "not UTF-8"):
        assert found in message


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "required"), ("name: x\nspeakers: 3\nsay: 4\nexpect: 5\nlength: 6\n", "speakers")],
    ids=["an empty file", "sections of another kind"],
)
def test_a_file_that_holds_no_scenario_is_refused(tmp_path, text, said):
    with pytest.raises(ConfigurationError, match=said):
        read_scenario(written(tmp_path, text))


def test_a_folder_without_scenarios_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="holds no scenario"):
        read_scenarios([tmp_path])


# -- holding --------------------------------------------------------------------------------------


def held(configuration, tmp_path, text) -> systems.Outcome:
    return hold_scripted(read_scenario(written(tmp_path, text)), configuration)


def failures(outcome) -> list[str]:
    return [f"{verdict.what}: {verdict.found}" for verdict in outcome.verdicts if not verdict.passed]


def test_a_scenario_for_real_models_is_skipped_where_engines_are_scripted(configuration, tmp_path):
    outcome = held(configuration, tmp_path, GOOD.replace("length: 6", "length: 6\nruns: [real]"))
    assert outcome.skipped
    assert outcome.passed


def test_what_was_never_said_is_a_failure(configuration, tmp_path):
    late = "  - { speaker: user, after: interrupted, words: again }\nexpect:"
    outcome = held(configuration, tmp_path, GOOD.replace("expect:", late))
    assert failures(outcome) == ["say 2 is said: interrupted never came"]


def test_a_wav_with_its_words_is_understood_and_one_without_is_noise(configuration, tmp_path):
    write_wav(tmp_path / "hello.wav", np.full(16_000, 0.1, np.float32), 16_000)
    text = GOOD.replace("words: hello there", "wav: hello.wav, words: hello there")
    assert held(configuration, tmp_path, text).passed
    noise = held(configuration, tmp_path, GOOD.replace("words: hello there", "wav: hello.wav"))
    assert "agent says" in failures(noise)[0]


def test_a_session_that_dies_fails_its_scenario_and_not_the_others(configuration, tmp_path, monkeypatch):
    async def die(self, session, seconds):
        raise RuntimeError("the metronome broke")

    monkeypatch.setattr("orchestration.simulation.client.SimulatedClient.join", die)
    assert "the metronome broke" in failures(held(configuration, tmp_path, GOOD))[0]


def test_a_visitor_that_the_model_plays_speaks_after_each_answer(configuration):
    outcome = hold_scripted(
        read_scenario(FILES["a-visitor-with-a-goal-is-answered-each-time"]), configuration
    )
    said = [e.data["text"] for e in outcome.account.recording.events if e.type == "final_transcript"]
    assert said == [
        "Hello, when does the museum open?",
        "And what does a ticket cost?",
        "Thank you, goodbye.",
    ]


def test_held_for_real_the_users_words_are_spoken_by_a_voice_that_is_not_the_agents(
    configuration, monkeypatch
):
    class Understands:
        async def transcribe(self, pcm, *, words=True):
            return Transcript("what the voice said")

    engines = scripted_engines([], lambda messages: f"You said {messages[-1].content}.")
    engines = replace(engines, recognizer=Understands())

    @asynccontextmanager
    async def open_engines(configuration):
        yield engines

    monkeypatch.setattr(systems, "open_engines", open_engines)
    scenario = Scenario.model_validate(
        {
            "name": "x",
            "length": 8,
            "say": [{"speaker": "user", "at": 1.0, "words": "hello there"}],
            "expect": [{"agent_says": "you said what the voice said"}],
        }
    )
    scripted = scenario.model_copy(update={"runs": ("scripted",)})
    files = [ScenarioFile(Path("x.yaml"), scenario), ScenarioFile(Path("y.yaml"), scripted)]
    first, second = run_in_virtual_time(hold_real(files, configuration))
    assert not failures(first)
    assert second.skipped
    assert engines.synthesizer.voices[0] != configuration.voice_of(configuration.persona)


def test_noise_has_its_level_and_the_seed_its_bytes():
    voice = SynthesizedVoice(
        scripted_engines([], str).synthesizer, load_configuration("default", models=False)
    )
    for colour in ("white", "pink"):
        noise = voice.noise(colour, 2.0, -10, seed=3)
        assert 20 * np.log10(np.sqrt(np.mean(noise**2))) == pytest.approx(-30, abs=0.5)
        assert np.array_equal(noise, voice.noise(colour, 2.0, -10, seed=3))
        assert not np.array_equal(noise, voice.noise(colour, 2.0, -10, seed=4))


def test_sounds_are_added_up_and_scripted_words_replace_what_is_beside_them():
    sound, other = np.full(640, 0.25, np.float32), np.full(640, -0.125, np.float32)
    for exclusive, mixed in ((False, 0.125), (True, 0.25)):
        for order in ((sound, other), (other, sound)):
            microphone = Microphone(exclusive=exclusive)
            for pcm in order:
                microphone.play(pcm, lambda t: None, lambda t: None)
            assert microphone.record(0.0)[0] == mixed
            assert not microphone.record(0.04).any()


async def test_a_microphone_tells_when_a_sound_begins_and_ends():
    told = []
    microphone = Microphone()
    pcm = await NumberedVoice([]).words(Speaker(), "two words", 0, None)
    microphone.play(pcm, lambda t: told.append(("began", t)), lambda t: told.append(("ended", round(t, 2))))
    for frame in range(20):
        microphone.record(1 + frame * 0.04)
    assert told == [("began", 1.0), ("ended", 1.6)]


# -- the command ----------------------------------------------------------------------------------


def test_the_command_fails_with_1_and_says_so_in_junit(tmp_path):
    written(tmp_path, GOOD, "good.yaml")
    written(tmp_path, GOOD.replace("you said", "we said"), "bad.yaml")
    report = tmp_path / "out" / "report.xml"
    result = CliRunner().invoke(app, ["check", str(tmp_path), "--scripted", "--junit", str(report)])
    assert result.exit_code == 1, result.output
    assert "1 of 2 scenarios as expected" in result.output
    suite = ElementTree.parse(report).getroot()
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    (failure,) = suite.iter("failure")
    assert "we said hello there" in failure.attrib["message"]


def test_the_command_is_content_with_what_is_as_expected(tmp_path):
    result = CliRunner().invoke(app, ["check", str(written(tmp_path, GOOD)), "--scripted"])
    assert result.exit_code == 0, result.output


def test_the_command_keeps_what_it_is_asked_to_keep(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr("orchestration.recording.artefacts.write_artefacts", lambda *of: kept.append(of))
    scenario = str(written(tmp_path, GOOD))
    CliRunner().invoke(app, ["check", scenario, "--scripted", "--keep", str(tmp_path / "kept")])
    ((recording, folder, name),) = kept
    assert (folder, name) == (tmp_path / "kept" / "scenario", "A greeting is answered")
    assert recording.seconds == pytest.approx(6, abs=0.1)


def test_the_command_refuses_a_file_before_anything_is_held(tmp_path):
    result = CliRunner().invoke(app, ["check", str(written(tmp_path, "name: x\n")), "--scripted"])
    assert isinstance(result.exception, ConfigurationError)
