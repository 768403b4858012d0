"""A conversation in another language than the persona's, as far as it can be had."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import yaml

from orchestration.clock import LoopClock
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.fallback.chain import Link
from orchestration.fallback.circuit import Circuit, CircuitLimits
from orchestration.fallback.engines import FallbackRecognizer
from orchestration.gateway.choice import choose
from orchestration.hearing import hearing
from orchestration.simulation.scripted import ScriptedRecognizer, scripted_engines, spoken
from speech.recognizer import Transcript
from speech.whisper import WhisperRecognizer
from speech.whisper.config import WhisperConfig
from speech.whisper.errors import UtteranceError

SYSTEM = """
persona: {name: Mira, role: a receptionist, style: Answer in one short sentence.}
recognizer: {model: base}
language_model: {engine: llama, model: smollm2-135m}
synthesizer: {model: voice.onnx, voices: {joe: {}, hanna: {language: de}}}
"""
LANGUAGES = {"de": {"name": "German", "voice": "hanna"}, "pt-BR": {"name": "Portuguese"}}


def system(**languages: dict[str, str]) -> Configuration:
    data = yaml.safe_load(SYSTEM)
    return Configuration.model_validate(data | {"session": {"languages": LANGUAGES | languages}})


class Polyglot(ScriptedRecognizer):
    async def transcribe_in(self, language, pcm, *, words=True) -> Transcript:
        found = await self.transcribe(pcm, words=words)
        return Transcript(f"[{language}] {found.text}", language=language)


@pytest.mark.parametrize(
    ("asked", "language", "voice", "heard_in", "problem"),
    [
        (None, "en", "joe", "", ""),
        ("en", "en", "joe", "", ""),
        ("en-GB", "en", "joe", "", ""),
        ("de", "de", "hanna", "de", ""),
        ("de-AT", "de", "hanna", "de", ""),
        ("pt-br", "pt-BR", "joe", "pt-BR", "no voice here speaks Portuguese: it sounds like 'en'"),
        ("fr", "en", "joe", "", "nobody here talks 'fr'; known: en, de, pt-BR. The talk is in 'en'"),
    ],
    ids=[
        "none asked for: the persona's own",
        "the persona's own",
        "the persona's own in another region",
        "one with a voice",
        "one with a voice, in another region",
        "one that no voice speaks",
        "one that isn't known",
    ],
)
def test_what_a_client_gets_that_asks_for_a_language(asked, language, voice, heard_in, problem):
    choice = choose(system(), None, None, asked)
    assert (choice.persona.language, choice.voice) == (language, voice)
    assert (choice.heard_in, choice.language_problem) == (heard_in, problem)


def test_the_persona_is_told_to_answer_in_it():
    style = choose(system(), None, None, "de").persona.style
    assert style == choose(system(), None, None).persona.style + " Answer in German."


def test_a_voice_that_was_asked_for_stays():
    assert choose(system(), None, "joe", "de").voice == "joe"


def test_a_voice_that_is_not_there_is_a_problem_of_the_configuration():
    with pytest.raises(ValueError, match="hans"):
        system(de={"name": "German", "voice": "hans"})


async def test_the_recogniser_is_told_the_language_at_every_call():
    engines = hearing(polyglots(), "pt-BR")
    assert (await engines.recognizer.transcribe(spoken(0, 1.0))).text == "[pt] first"
    assert hearing(polyglots(), "").recognizer is not engines.recognizer


async def test_a_recogniser_that_cannot_be_told_listens_as_before_and_that_is_logged(caplog):
    engines = scripted_engines(["first"], str)
    assert hearing(engines, "de") is engines
    assert "can't be told to hear 'de'" in caplog.text


async def test_a_stand_in_that_cannot_be_told_is_passed_over():
    engines = [ScriptedRecognizer(["first"]), Polyglot(["first"])]
    limits, now = CircuitLimits(retry_after=10, longest=60), LoopClock().now
    links = [Link(type(one).__name__, one, Circuit(limits, now)) for one in engines]
    heard = await FallbackRecognizer(links, wait=5.0).transcribe_in("de", spoken(0, 1.0))
    assert heard.text == "[de] first"


@pytest.mark.slow
async def test_whisper_is_told_the_language_of_one_utterance(model_file):
    pcm = np.random.default_rng(0).normal(0, 0.05, 16_000).astype(np.float32)
    recognizer = WhisperRecognizer(WhisperConfig(model=str(model_file("whisper-base")), language="en"))
    try:
        heard = [await recognizer.transcribe_in("de", pcm), await recognizer.transcribe(pcm)]
        assert [one.language for one in heard] == ["de", "en"]
        with pytest.raises(UtteranceError, match="'xx'"):
            await recognizer.transcribe_in("xx", pcm)
    finally:
        recognizer.close()


def polyglots() -> Engines:
    return dataclasses.replace(scripted_engines(["first"], str), recognizer=Polyglot(["first"]))
