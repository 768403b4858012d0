"""The engines of the bench: the configuration's real models with their time counted, and an agent to talk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from agents.dialogue import Dialogue
from agents.engines import create_language_model
from agents.language_model import LanguageModel, Message
from orchestration.aside import NO_ASIDES, VoiceAsides
from orchestration.asides import Asides
from orchestration.configuration import Configuration
from orchestration.engines import Engines
from orchestration.listening import InlineVoiceActivity
from orchestration.media import AGENT_SAMPLE_RATE, USER_SAMPLE_RATE, FloatArray
from orchestration.session.turn_judge import HearsEndings
from orchestration.simulation.scripted import ScriptedFaces, ScriptedLanguageModel
from orchestration.turn_bench.case import Case, Column, Kind
from orchestration.turn_bench.engine_room import (
    MeasuredLanguageModel,
    MeasuredRecognizer,
    MeasuredSynthesizer,
    RealTime,
    Remembered,
    ScriptedAnswers,
    Spoken,
)
from orchestration.turn_bench.judging import MeasuredEndings, open_endings, turn_judge
from orchestration.turn_bench.policies import Policy
from orchestration.turn_bench.reciting import RecitingSynthesizer
from orchestration.turn_bench.recordings import Recording
from orchestration.turn_bench.texts import SHORT_REPLY, STORY
from orchestration.voices import InlineVoices, ThreadedVoices, open_voices
from speech.audio import resample
from speech.coqui import CoquiSynthesizer
from speech.recognizer import Recognizer
from speech.synthesizer import Synthesizer
from speech.whisper import WhisperRecognizer

QUESTIONS: Final = ("What are your opening hours?", "Where are you?", "Can I book a room for tomorrow?")
RECITED: Final = 16.0  # seconds of recordings that the agent with a person's voice has to say
SENTENCE: Final = (2.0, 6.0)  # seconds of each of them


@dataclass
class BenchModels:
    """Opened once for a run; ``engines`` gives each case fresh ones, which share what the models gave."""

    configuration: Configuration
    room: RealTime
    memory: Remembered
    recognizer: Recognizer
    language_model: LanguageModel
    synthesizer: Synthesizer
    spoken: Spoken = field(default_factory=dict)
    recited: dict[str, FloatArray] = field(default_factory=dict)
    endings: HearsEndings | None = None  # None: a fixed silence decides
    voices: ThreadedVoices | None = None  # what tells the user's from others'
    asides: VoiceAsides = NO_ASIDES
    first_token: float = 0.0  # seconds, median of the real model
    per_token: float = 0.0  # seconds, median
    first_sound: float = 0.0  # seconds from a clause to its sound, median

    def engines(self, case: Case) -> Engines:
        """What a session of ``case`` talks to: whole sentences are answered by the real language model.

        Elsewhere what is said doesn't matter, and a script answers at the real model's median pace.
        """
        voice: Synthesizer = MeasuredSynthesizer(self.synthesizer, self.room, self.spoken)
        if case.agent is Column.HUMAN:
            voice = RecitingSynthesizer(self.recited, self.first_sound, voice)
        language_model = self._language_model(case)
        endings = None
        if self.endings is not None:
            name = str(self.configuration.smart_turn)
            endings = MeasuredEndings(self.endings, self.room, self.memory, name)
        return Engines(
            recognizer=MeasuredRecognizer(self.recognizer, self.room, self.memory),
            language_model=language_model,
            synthesizer=voice,
            faces=ScriptedFaces(),
            open_voice_activity=lambda: InlineVoiceActivity(self.configuration.voice_activity),
            open_turn_judge=turn_judge(self.configuration, endings, language_model),
            voices=None if self.voices is None else InlineVoices(self.voices),
            asides=self.asides,
        )

    def _language_model(self, case: Case) -> LanguageModel:
        model = MeasuredLanguageModel(self.language_model, self.room, self.memory)
        if case.kind is Kind.COMPLETE:
            return model
        story = " ".join(self.recited) if case.agent is Column.HUMAN else STORY

        def reply(messages: Sequence[Message]) -> str:
            begins = all(message.role != "assistant" for message in messages)
            return story if begins and case.agent_talks else SHORT_REPLY

        script = ScriptedLanguageModel(reply, first_token=self.first_token, per_token=self.per_token)
        return ScriptedAnswers(script, model)

    def facts(self) -> dict[str, object]:
        """What a report says of the models."""
        configuration = self.configuration
        return {
            "models": {
                "recognizer": Path(configuration.recognizer.model).name,
                "language_model": Path(str(configuration.language_model.model)).name,
                "synthesizer": Path(configuration.synthesizer.model).name,
            },
            "median_seconds": {
                "first_token": round(self.first_token, 4),
                "per_token": round(self.per_token, 4),
                "first_sound": round(self.first_sound, 4),
            },
        }

    def following(self, policy: Policy) -> BenchModels:
        """The same models under a policy; what only the policy needs is opened now."""
        configuration = policy.configure(self.configuration)
        return replace(
            self,
            configuration=configuration,
            endings=open_endings(configuration),
            voices=open_voices(configuration),
        )

    def prepare_asides(self) -> None:
        """Have what is said softly while the user speaks ready."""
        listening = self.configuration.listening
        asides = Asides(
            self.synthesizer,
            self.configuration.serving.synthesizer.timeout_s,
            soft=listening.sounds if listening.sounds_per_minute else (),
            gain_db=listening.gain_db,
            fillers=(),
        )

        async def prepare() -> VoiceAsides:
            others = asyncio.all_tasks()
            ready = asides.of("")
            await asyncio.gather(*(asyncio.all_tasks() - others))  # what that began
            return ready

        self.asides = self.room.run(prepare())

    def measure_paces(self) -> None:
        """Find the medians at which scripts answer, on questions that are no case's."""
        firsts, rests, sounds = [], [], []
        model = MeasuredLanguageModel(self.language_model, self.room, self.memory)
        for question in QUESTIONS:
            persona = self.configuration.persona
            dialogue = Dialogue(persona, token_budget=self.configuration.session.dialogue_tokens)
            dialogue.add_user(question)
            pieces = model.pieces(dialogue.messages(), persona.max_tokens)
            times = [elapsed for _, elapsed in pieces]
            firsts.append(times[0])
            rests += list(np.diff(times))
            text = "".join(piece for piece, _ in pieces)
            voice = MeasuredSynthesizer(self.synthesizer, self.room, self.spoken)
            sounds += [chunks[0][1] for chunks in [voice.spoken(text)] if chunks]
        self.first_token = float(np.median(firsts))
        self.per_token = float(np.median(rests)) if rests else 0.0
        self.first_sound = float(np.median(sounds)) if sounds else 0.0

    def prepare_recitation(self, sentences: Sequence[Recording]) -> None:
        """Choose what the agent with a person's voice says, and find the words of it."""
        seconds = 0.0
        for one in sentences:
            if not (one.is_sentence and one.flows and SENTENCE[0] <= one.seconds <= SENTENCE[1]):
                continue
            heard = self.room.run(self.recognizer.transcribe(one.pcm, words=False))
            words = "".join(letter for letter in heard.text if letter.isalnum() or letter in " '").split()
            if len(words) < 4 or " ".join(words) + "." in self.recited:
                continue
            self.recited[" ".join(words) + "."] = resample(one.pcm, USER_SAMPLE_RATE, AGENT_SAMPLE_RATE)
            seconds += one.seconds
            if seconds >= RECITED:
                return


@contextmanager
def open_models(
    configuration: Configuration, sentences: Sequence[Recording], memory: Path | None
) -> Iterator[BenchModels]:
    """Load the models of a configuration whose models are resolved, and get the agent's own talk ready."""
    recognizer = WhisperRecognizer(configuration.recognizer)
    language_model = create_language_model(configuration.language_model)
    synthesizer = CoquiSynthesizer(configuration.synthesizer)
    room = RealTime()
    try:
        room.run(recognizer.warm_up())
        room.run(synthesizer.warm_up())
        models = BenchModels(configuration, room, Remembered(memory), recognizer, language_model, synthesizer)
        models.measure_paces()
        models.prepare_recitation(sentences)
        models.prepare_asides()
        yield models
    finally:
        room.close()
        recognizer.close()
        synthesizer.close()
        language_model.close()
