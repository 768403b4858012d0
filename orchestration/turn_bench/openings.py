"""What the user says before the agent talks, by which their voice is known from that of side talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Case, Column, Half, Kind
from orchestration.turn_bench.recordings import Recording
from orchestration.turn_bench.voices import SPEAKERS, SyntheticVoices

OPENING: Final = 2.0  # seconds, shortest sentence that a conversation begins with


class Openings:
    """The opening of every case of one half."""

    def __init__(
        self, half: Half, said: Sequence[Recording], spoken: SyntheticVoices, *, others: bool
    ) -> None:
        self._speakers = SPEAKERS[half]
        self._person = next(
            one.pcm for one in said if one.is_sentence and one.flows and one.seconds >= OPENING
        )
        self._spoken = {speaker: _sentence(speaker, spoken) for speaker in self._speakers}
        self._others = others  # side talk of the human column is other people's

    def of(self, case: Case) -> FloatArray:
        """A sentence (samples,) at 16 kHz in the voice of the case's user."""
        aside = case.kind is Kind.SIDE_TALK
        if case.column is Column.SYNTHETIC:
            speaker = speaker_of(case.name, self._spoken)
            if aside:
                speaker = self._speakers[(self._speakers.index(speaker) + 1) % len(self._speakers)]
            return self._spoken[speaker]
        if aside and not self._others:
            return self._spoken[self._speakers[0]]  # the person's own recordings are the side talk
        return self._person


def speaker_of(name: str, speakers: Mapping[str, object]) -> str:
    """Whose voice a synthetic case has, by its name; the first one's if it doesn't say."""
    known = [speaker for speaker in speakers if name.startswith(f"{speaker}-")]
    return max(known, key=len, default=next(iter(speakers)))


def _sentence(speaker: str, spoken: SyntheticVoices) -> FloatArray:
    mine = [one.whole for one in spoken.sentences if one.name.startswith(f"{speaker}-")]
    long = [pcm for pcm in mine if pcm.size >= OPENING * USER_SAMPLE_RATE]
    return long[0] if long else max(mine, key=len)
