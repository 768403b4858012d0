"""A face that goes with the words being heard."""

from __future__ import annotations

from bisect import bisect_right

from agents.emotion import CALM, Emotion, emotion_of
from avatar.expression import Expression
from orchestration.media import FloatArray
from orchestration.session.utterance import Utterance


class Feeling:
    """Follows the clauses of a reply as they sound; without strength every face passes unchanged."""

    def __init__(self, strength: float) -> None:
        self._expression = Expression(strength) if strength > 0 else None
        self._generation = -1
        self._ends: list[int] = []  # words of the reply up to the end of each clause
        self._emotions: list[Emotion] = []

    def clause(self, said: str, generation: int) -> None:
        """A clause of the reply ``generation`` will be spoken after those before it."""
        if self._expression is None or not said:
            return
        if generation != self._generation:
            self._generation, self._ends, self._emotions = generation, [], []
        self._ends.append((self._ends[-1] if self._ends else 0) + len(said.split()))
        self._emotions.append(emotion_of(said))

    def face(self, motion: FloatArray, utterance: Utterance, *, sounding: bool) -> FloatArray:
        """This tick's face (61,): with the emotion of the clause that sounds, calming down after it."""
        if self._expression is None:
            return motion
        now = self._now(utterance) if sounding else CALM
        return self._expression.step(motion, now.valence, now.arousal)

    def _now(self, utterance: Utterance) -> Emotion:
        if utterance.generation != self._generation or not self._emotions:
            return CALM
        over = sum(last_frame < utterance.next_frame for _, last_frame in utterance.words)
        return self._emotions[min(bisect_right(self._ends, over), len(self._emotions) - 1)]
