"""From a configuration to what judges pauses, with the real models."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from orchestration.configuration import load_configuration, resolve_models
from orchestration.configuration.schema import Configuration
from orchestration.configuration.turn_taking import EndOfTurnPolicyConfig, TurnTakingConfig
from orchestration.engines import EngineError
from orchestration.judging import ThreadedEndings, judging_of, turn_judge_factory
from orchestration.session.turn_judge import TurnJudge
from orchestration.simulation.scripted import ScriptedLanguageModel
from speech.audio import load_audio
from speech.smart_turn import SmartTurnConfig, SmartTurnError

MODEL = ScriptedLanguageModel(lambda messages: "")


@pytest.fixture(scope="module")
def resolved() -> Configuration:
    return resolve_models(load_configuration("default"))


def following(configuration: Configuration, **options: object) -> Configuration:
    turn_taking = configuration.turn_taking.model_copy(
        update={"end_of_turn": EndOfTurnPolicyConfig(**options)}
    )
    return configuration.model_copy(update={"turn_taking": turn_taking})


def test_the_default_system_weighs_pauses_and_its_model_is_installed_with_the_others(
    resolved: Configuration,
) -> None:
    assert resolved.turn_taking.end_of_turn.policy == "fused"
    assert resolved.smart_turn is not None and Path(resolved.smart_turn.model).is_file()


def test_silence_needs_no_judge(resolved: Configuration) -> None:
    assert turn_judge_factory(following(resolved, policy="silence"), MODEL) is None


@pytest.mark.parametrize("policy", ["smart_turn", "fused"])
def test_a_judge_is_opened_for_each_session(resolved: Configuration, policy: str) -> None:
    opened = turn_judge_factory(following(resolved, policy=policy), MODEL)
    assert opened is not None
    judges = [opened(lambda seconds: None, lambda message: None) for _ in range(2)]
    assert judges[0] is not judges[1] and all(isinstance(judge, TurnJudge) for judge in judges)


def test_a_language_model_that_cannot_judge_endings_is_left_out_and_the_log_says_so(
    resolved: Configuration, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        turn_judge_factory(following(resolved, policy="fused", ask_language_model="always"), MODEL)
    assert "isn't asked" in caplog.text


@pytest.mark.parametrize(
    ("asks", "asked"),
    [
        pytest.param("never", False, id="never: not even one that could tell"),
        pytest.param("when_unsure", True, id="when unsure"),
        pytest.param("always", True, id="always"),
    ],
)
def test_the_configuration_says_when_the_language_model_is_asked(asks: str, asked: bool) -> None:
    class Telling(ScriptedLanguageModel):
        async def ending_probability(self, messages, text):
            return 0.5

    model = Telling(lambda messages: "")
    options = EndOfTurnPolicyConfig(policy="fused", ask_language_model=asks)
    judging = judging_of(TurnTakingConfig(end_of_turn=options), ThreadedEndings(None), model)
    assert judging is not None
    assert (judging.words is model) is asked
    assert judging.asks == (asks if asked else "when_unsure")


@pytest.mark.parametrize("asks", ["false", "true", "sometimes", False])
def test_there_is_no_other_answer_to_when_it_is_asked(asks: object) -> None:
    with pytest.raises(ValidationError, match="when_unsure"):
        EndOfTurnPolicyConfig(ask_language_model=asks)


def test_a_missing_model_is_told_at_the_start_with_the_command_that_brings_it(
    resolved: Configuration,
) -> None:
    missing = resolved.model_copy(update={"smart_turn": SmartTurnConfig(model="nowhere.onnx")})
    with pytest.raises(SmartTurnError, match=r"nowhere\.onnx.*visavis models install"):
        turn_judge_factory(missing, MODEL)


async def test_the_end_of_a_recording_is_heard_off_the_event_loop(
    resolved: Configuration, asterisk_prompts: dict[str, Path]
) -> None:
    heard = await ThreadedEndings(resolved.smart_turn).listen(load_audio(asterisk_prompts["vm-nobodyavail"]))
    assert heard.smart_turn is not None and heard.smart_turn > 0.9
    assert heard.pitch_rank is not None and heard.energy_fall is not None and heard.voice is not None
    assert heard.text is None


async def test_without_the_model_the_melody_is_still_heard(asterisk_prompts: dict[str, Path]) -> None:
    heard = await ThreadedEndings(None).listen(load_audio(asterisk_prompts["vm-nobodyavail"]))
    assert heard.smart_turn is None and heard.pitch_rank is not None


async def test_sound_that_the_model_refuses_is_an_engine_s_failure(resolved: Configuration) -> None:
    with pytest.raises(EngineError, match="finite"):
        await ThreadedEndings(resolved.smart_turn).listen(np.full(6_400, np.nan, np.float32))


def test_smart_turn_alone_without_its_model_is_refused_with_the_lines_that_are_missing(
    resolved: Configuration,
) -> None:
    alone = following(resolved, policy="smart_turn").model_dump() | {"smart_turn": None}
    with pytest.raises(ValidationError, match="model: smart-turn"):
        Configuration.model_validate(alone)
