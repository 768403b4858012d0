"""What can be known at every pause of a case: the evidence for its turn being over, and whether it was.

The sound is cut where a session would cut it: by the same voice activity, state machine and pre-roll. The
evidence is what a session gathers; how long each piece took is kept beside it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agents.dialogue import Dialogue
from agents.language_model import Message
from agents.llama import LocalLlama
from orchestration.configuration import Configuration
from orchestration.media import FRAME_SECONDS, FloatArray
from orchestration.session.speech_buffer import SpeechBuffer
from orchestration.turn_bench.case import Case
from speech.audio import frames
from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn, TurnSignalKind
from speech.final_prosody import final_prosody
from speech.smart_turn import SmartTurn
from speech.voice_activity import SileroVoiceActivity
from speech.whisper import WhisperRecognizer

FOREVER: Final = 5.0  # seconds of silence that end no turn here: every pause is looked at


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause of a case; ``silence`` in seconds until speech went on, None where the turn was over.

    ``late`` is how long after the end of the speech (seconds) the pause was noticed. The times that the
    evidence took are seconds of this machine.
    """

    case: str
    kind: str
    column: str
    silence: float | None
    late: float
    smart_turn: float
    pitch_rank: float | None
    energy_fall: float | None
    voice: float | None
    text: str
    ending: float | None
    smart_turn_seconds: float
    text_seconds: float
    ending_seconds: float


def greeted(configuration: Configuration) -> tuple[Message, ...]:
    """The dialogue before a user's first turn: the persona's prompt, and its greeting."""
    dialogue = Dialogue(configuration.persona, token_budget=configuration.session.dialogue_tokens)
    dialogue.begin_reply(1)
    dialogue.commit(1, configuration.persona.greeting or "")
    return dialogue.messages()


class PauseListener:
    """Hears cases and gathers the evidence of every pause; opens the configuration's models."""

    def __init__(self, configuration: Configuration) -> None:
        assert configuration.smart_turn is not None, "choose a configuration with a smart_turn model"
        self._end_of_turn = configuration.end_of_turn
        self._pre_roll = configuration.session.pre_roll_s
        self._activity = SileroVoiceActivity(configuration.voice_activity)
        self._smart_turn = SmartTurn(configuration.smart_turn)
        self._recognizer = WhisperRecognizer(configuration.recognizer)
        assert configuration.language_model.engine == "llama"
        self._model = LocalLlama(configuration.language_model)
        self._before = greeted(configuration)

    async def hear(self, case: Case) -> list[Pause]:
        """The pauses of one case in their order."""
        found: list[tuple[int, int, FloatArray]] = []  # first silent frame, frame of the decision, the sound
        silences: dict[int, float] = {}
        for kind, frame, now, pcm in self._signals(case.pcm):
            if kind is TurnSignalKind.PAUSED:
                found.append((frame, now, pcm))
            elif kind is TurnSignalKind.RESUMED:
                silences[found[-1][0]] = (frame - found[-1][0]) * FRAME_SECONDS
        return [
            await self._weigh(case, silences.get(frame), (now + 1 - frame) * FRAME_SECONDS, pcm)
            for frame, now, pcm in found
        ]

    def _signals(self, pcm: FloatArray) -> Iterable[tuple[TurnSignalKind, int, int, FloatArray]]:
        config = EndOfTurnConfig(**self._end_of_turn.model_dump() | {"silence": FOREVER, "max_turn": 600})
        policy, buffer = SilenceEndOfTurn(config), SpeechBuffer(self._pre_roll)
        self._activity.reset()
        for now, frame in enumerate(frames(pcm)):
            buffer.append(frame)
            for signal in policy.step(self._activity.step(frame)):
                if signal.kind is TurnSignalKind.SPEECH_STARTED:
                    buffer.start()
                yield signal.kind, signal.frame, now, buffer.pcm()

    async def _weigh(self, case: Case, silence: float | None, late: float, pcm: FloatArray) -> Pause:
        began = time.perf_counter()
        smart_turn = self._smart_turn.probability(pcm)
        heard = time.perf_counter()
        prosody = final_prosody(pcm)
        transcript = await self._recognizer.transcribe(pcm, words=False)
        asked = time.perf_counter()
        ending = await self._model.ending_probability(self._before, transcript.text)
        return Pause(
            case=case.name,
            kind=case.kind.value,
            column=case.column.value,
            silence=silence,
            late=late,
            smart_turn=smart_turn,
            pitch_rank=None if prosody is None else prosody.pitch_rank,
            energy_fall=None if prosody is None else prosody.energy_fall,
            voice=None if prosody is None else prosody.voice,
            text=transcript.text,
            ending=ending,
            smart_turn_seconds=heard - began,
            text_seconds=transcript.compute,
            ending_seconds=time.perf_counter() - asked,
        )

    def close(self) -> None:
        """Let the models go."""
        self._recognizer.close()
        self._model.close()


def write_pauses(pauses: Sequence[Pause], path: Path) -> None:
    """Keep ``pauses`` as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(pause)) + "\n" for pause in pauses), encoding="utf-8")


def read_pauses(path: Path) -> list[Pause]:
    """Read what ``write_pauses`` wrote."""
    return [Pause(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def median_seconds(pauses: Sequence[Pause]) -> tuple[float, float, float]:
    """Median time of Smart Turn, of the transcript and of the ending's probability, seconds."""
    columns = [(p.smart_turn_seconds, p.text_seconds, p.ending_seconds) for p in pauses]
    smart_turn, text, ending = np.median(np.array(columns), axis=0)
    return float(smart_turn), float(text), float(ending)
