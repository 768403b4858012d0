"""The synthetic users: espeak-ng's speakers, each text spoken once, always the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.recordings import half_of
from orchestration.turn_bench.sound import levelled, trimmed
from orchestration.turn_bench.texts import (
    BACKCHANNELS,
    FILLERS,
    INTERRUPTIONS,
    LISTS,
    SENTENCES,
    SIDE_TALK,
)
from speech.audio import resample
from speech.espeak import own_espeak

# Of each half, speakers of their own, none of which breathes (those never sound the same twice).
SPEAKERS: Final = {
    Half.DEVELOPMENT: ("en-us+m3", "en-gb+f1", "en-us+f4", "en-gb+m1"),
    Half.TEST: ("en-us+m7", "en-gb+linda", "en-us+f1", "en-gb-x-rp+m5"),
}
PACE: Final = 165  # words a minute


@dataclass(frozen=True, slots=True)
class SyntheticSentence:
    """A sentence in one speaker's voice, in the parts between which the speaker may stop to think."""

    name: str
    parts: tuple[FloatArray, ...]  # each said on its own, trimmed
    whole: FloatArray
    filler: FloatArray


@dataclass(frozen=True, slots=True)
class SyntheticVoices:
    """Everything that the synthetic users of one half say; sounds are (samples,) at 16 kHz."""

    sentences: tuple[SyntheticSentence, ...]
    lists: tuple[tuple[FloatArray, ...], ...]
    backchannels: tuple[tuple[str, FloatArray], ...]
    interruptions: tuple[tuple[str, FloatArray], ...]
    side_talk: tuple[tuple[str, FloatArray], ...]


def synthetic_voices(half: Half) -> SyntheticVoices:
    """Speak all that belongs to the half: a text's MD5 says where it belongs.

    Backchannels are few, so both halves have all of them, in voices of their own.
    """
    espeak = own_espeak()

    def say(text: str, speaker: str) -> FloatArray:
        sound = espeak.speak(text, speaker, words_per_minute=PACE)
        pcm = resample(sound.pcm, espeak.sample_rate, USER_SAMPLE_RATE)
        return levelled(trimmed(pcm))

    speakers = SPEAKERS[half]

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
        tuple(sentences),
        tuple(lists),
        short([(text, speaker) for speaker in speakers for text in BACKCHANNELS]),
        short(of_half(INTERRUPTIONS)),
        short(of_half(SIDE_TALK)),
    )
