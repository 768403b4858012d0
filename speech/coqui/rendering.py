"""One piece of text through one voice: sound as it's played, and when its words sound."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from speech.coqui.config import CoquiConfig
from speech.coqui.sound import EMPTY, Resampler, Trimmer, limit
from speech.coqui.voice import TokenTime, Voice
from speech.levels import active_level
from speech.manner import PLAIN, Manner
from speech.spoken_text import Token
from speech.synthesizer import SYNTHESIZER_SAMPLE_RATE, SpeechChunk, SpokenWord

_LARGEST_GAIN = 20.0  # a voice that is quieter still is broken, and noise shouldn't be amplified


def measure_gain(voice: Voice, config: CoquiConfig, tokens: tuple[Token, ...]) -> float:
    """The factor that brings the voice to the configured level, measured once on ``tokens``; 1 for a mute
    voice.
    """
    pcm = np.concatenate([EMPTY, *(sound.pcm for sound in voice.speak(tokens, config.seed))])
    level = active_level(np.nan_to_num(pcm), voice.sample_rate)
    return min(10 ** (config.level / 20) / level, _LARGEST_GAIN) if level > 0 else 1.0


def render(
    voice: Voice, config: CoquiConfig, tokens: tuple[Token, ...], gain: float, manner: Manner = PLAIN
) -> Iterator[SpeechChunk]:
    """Speak one piece: chunks at 24 kHz, words timed from the piece's first sample, in the chunk where they
    begin.

    Each step makes only the model calls needed for the next sound. The last chunk ends with the configured
    pause.
    """
    pitch = config.pitch * manner.pitch if voice.paces else config.pitch
    gain *= 10 ** (manner.gain_db / 20)
    pause = config.sentence_pause if tokens[-1].ends_sentence else config.clause_pause
    resampler = Resampler(voice.sample_rate, pitch)
    trimmer = Trimmer(config.leading_silence, pause)
    sounds = voice.speak(tokens, config.seed, manner)
    waiting: list[TokenTime] = []
    played = 0  # samples
    compute = 0.0  # seconds
    last = False
    while not last:
        begun = time.perf_counter()
        sound = next(sounds, None)
        compute += time.perf_counter() - begun
        last = sound is None or sound.last
        pcm = EMPTY if sound is None else np.nan_to_num(sound.pcm * np.float32(gain))
        pcm = trimmer.feed(resampler.feed(pcm, last=last))
        if last:
            pcm = np.concatenate([pcm, trimmer.finish()])
        if sound is not None:
            waiting += sound.times
        if not len(pcm):
            continue
        played += len(pcm)
        reached = played / SYNTHESIZER_SAMPLE_RATE
        words = [_word(entry, tokens, pitch, trimmer.dropped) for entry in waiting]
        begins = len(words) if last else sum(word.start < reached for word in words)
        if last:
            words = [
                SpokenWord(word.text, min(word.start, reached), min(word.end, reached)) for word in words
            ]
        said = tuple(word for word in words[:begins] if word.text)  # a very long word goes on without text
        yield SpeechChunk(limit(pcm), said, compute)
        waiting = waiting[begins:]
        compute = 0.0


def _word(entry: TokenTime, tokens: tuple[Token, ...], pitch: float, dropped: float) -> SpokenWord:
    """From the voice's own seconds to played ones: raised pitch is faster sound, and the start may have been
    cut.
    """
    start, end = (max(0.0, seconds / pitch - dropped) for seconds in (entry.start, entry.end))
    return SpokenWord(tokens[entry.token].text, start, end)
