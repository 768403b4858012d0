"""One YAML file describes a system; whatever is wrong with it is said at once, with file and line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.configuration import LlamaConfig
from orchestration.configuration.document import read_document
from orchestration.configuration.folder import configs_folder
from orchestration.configuration.loader import load_configuration, resolve_models
from orchestration.configuration.problems import ConfigurationError
from orchestration.configuration.schema import Configuration
from orchestration.configuration.sections import configuration_path
from speech.kokoro.files import speakers

MINIMAL = """\
persona: mira
recognizer:
  model: tiny.en
language_model:
  engine: llama
  model: smollm2-135m
synthesizer:
  model: en_US-joe-medium
"""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def _write(text: str, name: str = "system.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


def problems_of(path: Path, *, models: bool = False) -> list[str]:
    with pytest.raises(ConfigurationError) as failure:
        load_configuration(path, models=models)
    return [str(problem) for problem in failure.value.problems]


def test_the_default_system_is_valid_and_its_models_are_files() -> None:
    configuration = resolve_models(load_configuration("default"))
    assert isinstance(configuration.language_model, LlamaConfig)
    models = (configuration.recognizer, configuration.language_model, configuration.synthesizer)
    assert all(Path(engine.model).exists() for engine in (*models, configuration.voice_activity))
    assert configuration.persona.facts


def test_the_system_with_kokoro_is_the_default_but_for_its_voice_and_has_the_voices_of_its_personas() -> None:
    default, kokoro = (load_configuration(name) for name in ("default", "kokoro"))
    assert kokoro.model_copy(update={"synthesizer": default.synthesizer}) == default
    synthesizer = resolve_models(kokoro).synthesizer
    assert {kokoro.persona.voice} <= synthesizer.voices.keys()
    assert {voice.speaker for voice in synthesizer.voices.values()} <= {*speakers(Path(synthesizer.model))}


def test_the_default_deployments_fit_on_two_cores() -> None:
    serving = load_configuration("default", models=False).serving
    deployments = [getattr(serving, name) for name in type(serving).model_fields]
    assert sum(one.num_cpus * one.replicas for one in deployments) <= 2
    assert sum(one.num_gpus for one in deployments) == 0


def test_the_gpu_system_is_valid_and_its_shares_fit_on_one_gpu() -> None:
    serving = load_configuration("gpu", models=False).serving
    deployments = [getattr(serving, name) for name in type(serving).model_fields]
    assert 0 < sum(one.num_gpus * one.replicas for one in deployments) <= 1


def test_missing_models_are_reported_together_each_with_its_line_and_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    lines = (configs_folder() / "gpu.yaml").read_text().splitlines()
    with pytest.raises(ConfigurationError) as failure:
        load_configuration("gpu")
    problems = failure.value.problems
    assert [problem.key for problem in problems] == ["recognizer.model", "synthesizer.model"]
    assert all(lines[problem.line - 1].strip().startswith("model:") for problem in problems)
    assert [problem.fix.startswith("visavis models install ") for problem in problems] == [True, True]
    with pytest.raises(ConfigurationError) as failure:
        resolve_models(load_configuration("gpu", models=False))
    assert len(failure.value.problems) == 2


def test_all_kinds_of_problems_come_together(write: Any) -> None:
    path = write(
        MINIMAL.replace("model: tiny.en", "model: tiny.e")
        + "gateway:\n  prot: 8000\n  max_sessions: 0\nsession: {recording: {folder: [1]}}\nanimatr: {}\n"
    )
    problems = problems_of(path, models=True)
    assert [line.removeprefix(f"{path}:").split(" ")[0] for line in problems] == [
        "3:3:",
        "10:3:",
        "11:3:",
        "12:23:",
        "13:1:",
    ]
    assert "did you mean tiny.en?" in problems[0]
    assert "gateway.prot: unknown key (did you mean `port`?)" in problems[1]
    assert "gateway.max_sessions: 0:" in problems[2]
    assert "session.recording.folder" in problems[3]
    assert "animatr: unknown key (did you mean `animator`?)" in problems[4]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: [1", "1:6", "not valid YAML"),
        ("a: b: c", "1:5", "not valid YAML"),
        ("a:\n\t- 1", "2:1", "not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]", "1:4", "could not determine a constructor"),
        ("- 1\n- 2", "1:1", "must be a mapping"),
        ("just words", "1:1", "must be a mapping"),
        ("a: 2024-13-45", "", "not valid YAML"),
        ("? [1, 2]\n: 3", "", "unhashable"),
        (MINIMAL + "recognizer: {model: base}", "9:1", "given twice, first on line 2"),
        (MINIMAL + "gateway: {port: 1, port: 2}", "9:20", "given twice"),
        (MINIMAL + "gateway: [1]", "9:1", "should be a valid dictionary"),
        (MINIMAL + "gateway:", "9:1", "should be a valid dictionary"),
        (MINIMAL + "gateway: {port: seventy}", "9:11", "'seventy': should be a valid integer"),
        (MINIMAL + "gateway: {port: 70000}", "9:11", "less than or equal to 65535"),
        (MINIMAL + "gateway: {port: .nan}", "9:11", "finite"),
        (MINIMAL + "gateway: {max_sessions: 9}", "9:11", "9 sessions are admitted, the avatar has 4 slots"),
        (
            MINIMAL + "animator: {name: nobody}",
            "9:12",
            "no animator is called 'nobody'; known: dualtalk, procedural",
        ),
        (MINIMAL + "serving: {avatar: {deadline_ms: 41}}", "9:20", "less than 40"),
        (MINIMAL + "serving: {avatar: {slot: 41}}", "9:20", "did you mean `slots`?"),
        (MINIMAL + "8000: true", "9:1", "eys should be strings"),
        (MINIMAL + "end_of_turn: {silence: -1}", "9:15", "-1"),
        (
            MINIMAL.replace("engine: llama", "engine: lama"),
            "5:3",
            "language_model.engine: tag 'lama'",
        ),
        (MINIMAL.replace("  engine: llama\n", ""), "4:1", "engine"),
        (MINIMAL.replace("engine: llama", "engine: llama\n  treads: 2"), "6:3", "did you mean `threads`?"),
        (MINIMAL.replace("persona: mira\n", ""), "1:1", "persona: required but not given"),
        (MINIMAL.replace("mira", "mirra"), "1:1", "did you mean mira?"),
        (MINIMAL.replace("persona: mira", "persona: {name: M}"), "1:1", "role: required but not given"),
        (MINIMAL.replace("  model: tiny.en", "  language: de"), "2:1", "recognizer.model: required"),
    ],
)
def test_bad_yaml_is_told_with_its_line(write: Any, text: str, place: str, said: str) -> None:
    path = write(text)
    told = [line for line in problems_of(path) if said in line]
    assert told, f"{said!r} is not among {problems_of(path)}"
    assert told[0].startswith(f"{path}:{place}")


def test_an_empty_file_lacks_what_has_no_default(write: Any) -> None:
    keys = {line.split(" ")[1] for line in problems_of(write(""))}
    assert keys == {"persona:", "recognizer:", "language_model:", "synthesizer:"}


def test_an_alias_that_contains_itself_is_refused(write: Any) -> None:
    assert problems_of(write(MINIMAL + "session: &s\n  barge_in: *s\n"))


def test_a_file_that_cannot_be_read_says_why(write: Any, tmp_path: Path) -> None:
    assert "no such file" in problems_of(tmp_path / "none.yaml")[0]
    assert "can't be read: is a directory" in problems_of(tmp_path / "..")[0]
    (tmp_path / "latin.yaml").write_bytes("persona: Zoë".encode("latin-1"))
    assert "not UTF-8" in problems_of(tmp_path / "latin.yaml")[0]
    assert "larger than" in problems_of(write("#" * 2_000_000))[0]


def test_an_unknown_name_lists_the_packaged_ones() -> None:
    with pytest.raises(ConfigurationError, match="give a YAML file, or one of: default, gpu"):
        configuration_path("laptop")


def test_a_persona_may_stand_in_its_own_file_and_its_problems_carry_that_file(write: Any) -> None:
    own = write("name: Nils\nrole: a guide\n", "nils.yaml")
    assert load_configuration(write(MINIMAL.replace("mira", "./nils.yaml"))).persona.name == "Nils"
    write("name: Nils\nrole: a guide\nfact: [a]\nname: Olaf\n", "nils.yaml")
    problems = problems_of(write(MINIMAL.replace("mira", "nils.yaml")))
    assert problems == [
        f"{own}:3:1: fact: unknown key (did you mean `facts`?)",
        f"{own}:4:1: name: given twice, first on line 1 (remove one)",
    ]
    assert "no such file" in problems_of(write(MINIMAL.replace("mira", "./olaf.yaml")))[0]


def test_a_persona_may_stand_in_place(write: Any) -> None:
    text = MINIMAL.replace("persona: mira", "persona: {name: Nils, role: a guide, greeting: Hello.}")
    assert load_configuration(write(text)).persona.greeting == "Hello."


VOICED = MINIMAL + "  voices: {joe: {title: Joe}, joan: {pitch: 1.2}}\n"


def test_the_default_system_offers_two_personas_each_with_its_voice_and_head() -> None:
    configuration = load_configuration("default", models=False)
    offered = configuration.offered()
    assert list(offered) == ["mira", "noor"]
    assert [configuration.voice_of(persona) for persona in offered.values()] == ["joe", "joan"]
    assert [configuration.head_of(persona) for persona in offered.values()] == ["mira", "noor"]
    assert [len(persona.facts) >= 5 for persona in offered.values()] == [True, True]


def test_the_default_persona_is_offered_whether_it_is_listed_or_not(write: Any) -> None:
    alone = load_configuration(write(MINIMAL))
    assert list(alone.offered()) == ["mira"]
    assert alone.voice_of(alone.persona) == "", "a synthesiser without a list of voices has one"
    assert alone.head_of(alone.persona) == ""
    other = load_configuration(write(MINIMAL + "personas: [noor]\n"))
    assert list(other.offered()) == ["mira", "noor"]
    listed = load_configuration(write(MINIMAL + "personas: [noor, mira]\n"))
    assert list(listed.offered()) == ["noor", "mira"]


def test_personas_stand_in_files_or_in_place_and_go_by_their_name(write: Any) -> None:
    write("name: Nils O. Ek\nrole: a guide\n", "nils.yaml")
    text = VOICED + "personas: [./nils.yaml, {name: Zoë, role: a cook, voice: joan}]\n"
    configuration = load_configuration(write(text))
    assert list(configuration.offered()) == ["mira", "nils-o-ek", "zoë"]
    voices = [configuration.voice_of(persona) for persona in configuration.offered().values()]
    assert voices == ["joe", "joe", "joan"], "the first voice speaks for who names none"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        (
            VOICED + "personas: [mira, nor]",
            "10:18",
            "no packaged persona is called 'nor' (did you mean noor?)",
        ),
        (
            VOICED + "personas: [{name: Al, role: x, voice: jo}]",
            "10:32",
            "Al speaks with the voice 'jo', which synthesizer.voices doesn't list; known: joe, joan",
        ),
        (VOICED.replace("{joe", "{jim").replace("persona: mira", "persona: mira"), "1:1", "known: jim, joan"),
        (VOICED + "personas: [{name: MIRA, role: x}]", "10:12", "another persona is called 'MIRA' as well"),
        (VOICED + "personas: [{name: Al, role: x, head: big}]", "10:32", "known: mira, noor"),
        (VOICED + "personas: [{name: Al, rol: x}]", "10:23", "did you mean `role`?"),
        (VOICED.replace("pitch: 1.2", "pich: 1.2"), "9:38", "did you mean `pitch`?"),
        (VOICED.replace("pitch: 1.2", "pitch: 9"), "9:38", "less than or equal to 1.5"),
        (VOICED.replace("pitch: 1.2", "model: x"), "9:38", "unknown key"),
        (VOICED + "session: {live_link: {port: 0}}", "10:23", "greater than or equal to 1"),
    ],
)
def test_what_is_wrong_with_personas_and_voices_is_told_with_its_line(
    write: Any, text: str, place: str, said: str
) -> None:
    path = write(text)
    told = [line for line in problems_of(path) if said in line]
    assert told, f"{said!r} is not among {problems_of(path)}"
    assert told[0].startswith(f"{path}:{place}"), told


def test_the_recording_of_a_voice_is_looked_for_beside_the_file(write: Any, tmp_path: Path) -> None:
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "ann.wav").touch()
    text = MINIMAL + "  voices: {joe: {speaker_wav: voices/ann.wav}}\n"
    voice = load_configuration(write(text)).synthesizer.voices["joe"]
    assert voice.speaker_wav == tmp_path / "voices" / "ann.wav"


def test_model_paths_are_looked_for_beside_the_file(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mine.gguf").touch()
    path = write(MINIMAL.replace("smollm2-135m", "weights/mine.gguf"))
    monkeypatch.chdir(os.sep)
    configuration = resolve_models(load_configuration(path))
    assert configuration.language_model.model == str(tmp_path / "weights" / "mine.gguf")


def test_a_model_served_elsewhere_is_not_looked_for(write: Any) -> None:
    text = MINIMAL.replace("engine: llama", "engine: openai\n  base_url: http://127.0.0.1:9/v1")
    assert load_configuration(write(text)).language_model.model == "smollm2-135m"


def test_every_field_of_ours_says_what_it_is() -> None:
    def fields(model: type[BaseModel]) -> Any:
        for name, field in model.model_fields.items():
            yield f"{model.__name__}.{name}", field
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                yield from fields(field.annotation)

    assert [name for name, field in fields(Configuration) if not field.description] == []


KEYS = st.text("abcdefgh_", min_size=1, max_size=6)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(tree=st.dictionaries(KEYS, TREES, min_size=1, max_size=5))
def test_every_key_of_any_document_has_its_own_line(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("tree") / "tree.yaml"
    text = yaml.safe_dump(tree, default_flow_style=False, sort_keys=False)
    path.write_text(text)
    document = read_document(path)
    assert document.data == tree
    lines = text.splitlines()

    def walk(value: Any, location: tuple[str | int, ...]) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                line, column = document.position((*location, key))
                assert lines[line - 1][column - 1 :].strip("'\"? ").startswith(key)
                walk(child, (*location, key))
        elif isinstance(value, list):
            for index, child in enumerate(value):
                walk(child, (*location, index))

    walk(tree, ())


SECTIONS = st.sampled_from(sorted(Configuration.model_fields))


@settings(deadline=None)  # the first example loads the schema and the registry of models
@given(data=st.dictionaries(SECTIONS, TREES, max_size=6))
def test_any_mapping_is_either_a_configuration_or_a_list_of_problems(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_text(yaml.safe_dump(data))
    with pytest.raises(ConfigurationError) as failure:
        load_configuration(path)
    assert all(problem.message for problem in failure.value.problems)
