# ruff: noqa: RUF001 - the International Phonetic Alphabet
"""espeak-ng's own phonemes and times as phones: exact, where an aligner trained on people would guess.

PocketSphinx knows recorded Americans; on formant synthesis it finds no path for a quarter of the sentences.
espeak-ng tells what it speaks when. Two things are put right: it counts the silence before the burst of an
unvoiced stop to the sound before, while lips and tongue are closed for the stop; and what it calls a pause
between two vowels sounds, so it belongs to the first.
"""

from __future__ import annotations

import numpy as np

from avatar.animator import FloatArray
from avatar.training.dyads.utterance import Phone
from orchestration.corpus.edges import SILENCE
from orchestration.corpus.errors import AlignmentFailed
from speech.espeak_sound import EspeakSound, TimedPhoneme

# English of espeak-ng 1.52: American, British and Received Pronunciation. Several phones share the time.
PHONES: dict[str, tuple[str, ...]] = {
    **{symbol: (symbol.upper(),) for symbol in "bdfklmnpstvwz"}, "h": ("HH",),
    "ɡ": ("G",), "j": ("Y",), "ɹ": ("R",), "r": ("R",), "ŋ": ("NG",), "θ": ("TH",), "ð": ("DH",),
    "ʃ": ("SH",), "ʒ": ("ZH",), "tʃ": ("CH",), "dʒ": ("JH",), "ɾ": ("D",), "ʔ": ("T",), "x": ("K",),
    "n̩": ("AH", "N"),
    "əl": ("AH", "L"), "ə": ("AH",), "ɐ": ("AH",), "ʌ": ("AH",), "ᵻ": ("IH",), "ɪ": ("IH",), "i": ("IY",),
    "iː": ("IY",), "iə": ("IY", "AH"), "ɪɹ": ("IH", "R"), "ɪə": ("IH", "R"), "ɛ": ("EH",), "e": ("EH",),
    "ɛɹ": ("EH", "R"), "eə": ("EH", "AH"), "ɛə": ("EH", "AH"), "æ": ("AE",), "a": ("AE",), "aː": ("AA",),
    "ɑː": ("AA",), "ɑ": ("AA",), "ɒ": ("AA",), "ɑːɹ": ("AA", "R"), "ɔ": ("AO",), "ɔː": ("AO",),
    "ɔːɹ": ("AO", "R"), "oːɹ": ("AO", "R"), "ʊ": ("UH",), "ʊɹ": ("UH", "R"), "ʊə": ("UH", "AH"), "u": ("UW",),
    "uː": ("UW",), "ɚ": ("ER",), "ɜː": ("ER",), "əɹ": ("ER",), "aɪ": ("AY",), "aɪɚ": ("AY", "ER"),
    "aɪə": ("AY", "AH"), "aʊ": ("AW",), "aʊɚ": ("AW", "ER"), "eɪ": ("EY",), "ɔɪ": ("OY",), "oʊ": ("OW",),
    "əʊ": ("OW",), "oː": ("AO",),
}  # fmt: skip
_BURSTS = frozenset(["p", "t", "k", "tʃ"])
_LONGEST_CLOSURE = 0.15  # s
_FIRST_CLOSURE = 0.06  # s before a stop that follows a pause: nothing of it is heard
_LEAST_LEFT = 0.03  # s of the sound that a closure is taken from
_BLOCK = 0.005  # s
_CLOSED_DB = -30.0  # of the loudest block


def phones_of(sound: EspeakSound, sample_rate: int) -> tuple[Phone, ...]:
    """Phones that cover the sound, in seconds.

    Raises ``AlignmentFailed`` for a phoneme that has no phone, and where nothing was said.
    """
    closed = _closed(sound.pcm, sample_rate)
    phonemes = [one for one in sound.phonemes if one.ipa or _is_pause(one, closed)]
    if not any(phoneme.ipa for phoneme in phonemes):
        raise AlignmentFailed("words", "espeak-ng said nothing")
    starts = _with_closures(phonemes, closed)
    phones = [Phone(SILENCE, 0.0, starts[0])] if starts[0] > 0 else []
    for phoneme, start, end in zip(
        phonemes, starts, [*starts[1:], len(sound.pcm) / sample_rate], strict=True
    ):
        names = _names(phoneme)
        length = (end - start) / len(names)
        for at, name in enumerate(names):
            begin = start + at * length
            finish = end if at == len(names) - 1 else start + (at + 1) * length
            if phones and phones[-1].name == name == SILENCE:
                phones[-1] = Phone(SILENCE, phones[-1].start, finish)
            else:
                phones.append(Phone(name, begin, finish))
    return tuple(phones)


def _names(phoneme: TimedPhoneme) -> tuple[str, ...]:
    if not phoneme.ipa:
        return (SILENCE,)
    names = PHONES.get(phoneme.ipa)
    if names is None:
        raise AlignmentFailed("phoneme", f"espeak-ng's {phoneme.ipa!r} is no phone of English; map it")
    return names


def _is_pause(phoneme: TimedPhoneme, closed: list[bool]) -> bool:
    inside = closed[
        int(phoneme.start / _BLOCK) : max(int(phoneme.start / _BLOCK) + 1, int(phoneme.end / _BLOCK))
    ]
    return 2 * sum(inside) >= len(inside)


def _with_closures(phonemes: list[TimedPhoneme], closed: list[bool]) -> list[float]:
    """Where each phoneme begins, unvoiced stops with the silence before their burst."""
    starts = [phoneme.start for phoneme in phonemes]
    for at in range(1, len(starts)):
        if phonemes[at].ipa not in _BURSTS:
            continue
        longest = _LONGEST_CLOSURE if phonemes[at - 1].ipa else _FIRST_CLOSURE
        least = max(starts[at - 1] + _LEAST_LEFT, starts[at] - longest)
        block = int(starts[at] / _BLOCK)
        while block > 0 and (block - 1) * _BLOCK >= least and closed[block - 1]:
            block -= 1
        starts[at] = min(starts[at], max(least, block * _BLOCK))
    return starts


def _closed(pcm: FloatArray, sample_rate: int) -> list[bool]:
    """Per 5 ms: is it as silent as a closed mouth?"""
    size = round(_BLOCK * sample_rate)
    blocks = pcm[: len(pcm) // size * size].reshape(-1, size).astype(np.float64)
    power = np.mean(blocks**2, axis=1)
    quiet = power < np.max(power, initial=0.0) * 10 ** (_CLOSED_DB / 10)
    return [*quiet.tolist(), True]
