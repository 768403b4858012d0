"""The synthetic users: espeak-ng's and Kokoro's speakers, each text spoken once, always the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestration.media import FloatArray
from orchestration.turn_bench.case import Column, Half
from orchestration.turn_bench.recordings import half_of
from orchestration.turn_bench.saying import Say, formant_say, neural_say
from orchestration.turn_bench.sound import levelled, trimmed
from orchestration.turn_bench.texts import (
    BACKCHANNELS,
    FILLERS,
    INTERRUPTIONS,
    LISTS,
    SENTENCES,
    SIDE_TALK,
)

# Of each half, speakers of their own, none of which breathes (those never sound the same twice).
SPEAKERS: Final = {
    Half.DEVELOPMENT: ("en-us+m3", "en-gb+f1", "en-us+f4", "en-gb+m1"),
    Half.TEST: ("en-us+m7", "en-gb+linda", "en-us+f1", "en-gb-x-rp+m5"),
}
# Of Kokoro's, whom neither the face nor anything that hears was learnt from; none of which whispers.
NEURAL_SPEAKERS: Final = {
    Half.DEVELOPMENT: ("am_echo", "bf_lily", "af_kore", "bm_fable"),
    Half.TEST: ("am_eric", "bf_isabella", "af_sarah", "bm_george"),
}


@dataclass(frozen=True, slots=True)
class SyntheticSentence:
    """A sentence in one speaker's voice, in the parts between which the speaker may stop to think."""

    name: str
    parts: tuple[FloatArray, ...]  # each said on its own, trimmed
    whole: FloatArray
    filler: FloatArray


@dataclass(frozen=True, slots=True)
class SyntheticVoices:
    """Everything that the synthetic users of one half say; sounds are (samples,) at 16 kHz.

    What a speaker says is named after them; ``column`` says what kind of voices they have.
    """

    column: Column
    speakers: tuple[str, ...]
    sentences: tuple[SyntheticSentence, ...]
    lists: tuple[tuple[FloatArray, ...], ...]
    backchannels: tuple[tuple[str, FloatArray], ...]
    interruptions: tuple[tuple[str, FloatArray], ...]
    side_talk: tuple[tuple[str, FloatArray], ...]


def synthetic_voices(half: Half) -> SyntheticVoices:
    """What espeak-ng's speakers of the half say."""
    return spoken(Column.SYNTHETIC, half, SPEAKERS[half], formant_say())


def neural_voices(half: Half, folder: Path | None = None) -> SyntheticVoices:
    """What Kokoro's speakers of the half say, minutes of work where ``folder`` (None: in the cache) lacks it.

    Raises what :func:`~orchestration.turn_bench.saying.neural_say` does.
    """
    with neural_say(folder) as say:
        return spoken(Column.NEURAL, half, NEURAL_SPEAKERS[half], say)


def spoken(column: Column, half: Half, speakers: tuple[str, ...], speak: Say) -> SyntheticVoices:
    """Speak all that belongs to the half: a text's MD5 says where it belongs.

    Backchannels are few, so both halves have all of them, in voices of their own.
    """

    def say(text: str, speaker: str) -> FloatArray:
        return levelled(trimmed(speak(text, speaker)))

    def of_half(texts: tuple[str, ...]) -> list[tuple[str, str]]:
        mine = [text for text in texts if half_of(text) is half]
        return [(text, speakers[index % len(speakers)]) for index, text in enumerate(mine)]

    sentences = []
    for index, (text, first) in enumerate(of_half(SENTENCES)):
        for speaker in (first, speakers[(speakers.index(first) + 1) % len(speakers)]):
            sentences.append(
                SyntheticSentence(
                    f"{speaker}-{text.split(' |')[0].replace(' ', '-').lower()}",
                    tuple(
                        say(part.strip() + ("," if index < text.count("|") else ""), speaker)
                        for index, part in enumerate(text.split("|"))
                    ),
                    say(text.replace(" |", ""), speaker),
                    say(FILLERS[index % len(FILLERS)], speaker),
                )
            )
    lists = [
        tuple(say(item + ("," if item != items[-1] else "."), speaker) for item in items)
        for items in LISTS
        if half_of(" ".join(items)) is half
        for speaker in speakers[:2]
    ]

    def short(texts: list[tuple[str, str]]) -> tuple[tuple[str, FloatArray], ...]:
        return tuple((f"{speaker}-{text}", say(text, speaker)) for text, speaker in texts)

    return SyntheticVoices(
        column,
        speakers,
        tuple(sentences),
        tuple(lists),
        short([(text, speaker) for speaker in speakers for text in BACKCHANNELS]),
        short(of_half(INTERRUPTIONS)),
        short(of_half(SIDE_TALK)),
    )
