"""What the user says before the agent talks, by which their voice is known from that of side talk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Case, Column, Kind
from orchestration.turn_bench.recordings import Recording
from orchestration.turn_bench.voices import SyntheticVoices

OPENING: Final = 2.0  # seconds, shortest sentence that a conversation begins with


class Openings:
    """The opening of every case of one half."""

    def __init__(self, said: Sequence[Recording], voices: Sequence[SyntheticVoices], *, others: bool) -> None:
        self._person = next(
            one.pcm for one in said if one.is_sentence and one.flows and one.seconds >= OPENING
        )
        self._spoken = {
            one.column: {speaker: _sentence(speaker, one) for speaker in one.speakers} for one in voices
        }
        self._others = others  # side talk of the human column is other people's

    def of(self, case: Case) -> FloatArray:
        """A sentence (samples,) at 16 kHz in the voice of the case's user."""
        aside = case.kind is Kind.SIDE_TALK
        spoken = self._spoken.get(case.column)
        if spoken is not None:
            speakers = tuple(spoken)
            speaker = speaker_of(case.name, speakers)
            if aside:
                speaker = speakers[(speakers.index(speaker) + 1) % len(speakers)]
            return spoken[speaker]
        if aside and not self._others:  # the person's own recordings are the side talk
            return next(iter(self._spoken[Column.SYNTHETIC].values()))
        return self._person


def speaker_of(name: str, speakers: Iterable[str]) -> str:
    """Whose voice a synthetic case has, by its name; the first one's if it doesn't say."""
    known = [speaker for speaker in speakers if name.startswith(f"{speaker}-")]
    return max(known, key=len, default=next(iter(speakers)))


def _sentence(speaker: str, spoken: SyntheticVoices) -> FloatArray:
    mine = [one.whole for one in spoken.sentences if one.name.startswith(f"{speaker}-")]
    long = [pcm for pcm in mine if pcm.size >= OPENING * USER_SAMPLE_RATE]
    return long[0] if long else max(mine, key=len)
