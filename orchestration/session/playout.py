"""The agent's sound on its way out: cut into frames, stamped with a generation, bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

import numpy as np
import soxr

from orchestration.media import (
    AGENT_FRAME_SAMPLES,
    AGENT_SAMPLE_RATE,
    AHEAD_FRAMES,
    FRAME_RATE,
    USER_FRAME_SAMPLES,
    USER_SAMPLE_RATE,
    FloatArray,
    silence,
)
from orchestration.session.utterance import Utterance
from speech.synthesizer import SpeechChunk


@dataclass(frozen=True, slots=True)
class PlayoutFrame:
    """40 ms of agent sound: (960,) at 24 kHz for the speaker, (640,) at 16 kHz for the animator."""

    pcm: FloatArray
    animator_pcm: FloatArray
    speech: bool
    beside: FloatArray | None = None  # (640,) at 16 kHz of the sound that the lips don't move to

    @property
    def audible(self) -> FloatArray:
        """What the loudspeaker plays, (640,) at 16 kHz."""
        return self.animator_pcm if self.beside is None else self.beside


FADE = 0.02  # seconds in which held sound comes back
RECALLED = 50  # frames sent of which the sound is kept, in case some have to be said again
WORD_AGAIN = 20  # frames: a word that began longer ago isn't begun again
AGAIN = 5  # frames of such a word that are said again
UNTOLD = 25  # frames by which a client's word of what it played may trail; beyond, it isn't waited for

SILENT = PlayoutFrame(silence(AGENT_FRAME_SAMPLES), silence(USER_FRAME_SAMPLES), speech=False)


class Playout:
    """The queue between synthesis and the metronome; holds at most ``limit_seconds`` of sound."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit = max(1, round(limit_seconds * FRAME_RATE))  # frames
        self._frames: deque[PlayoutFrame] = deque()
        self._sent: deque[PlayoutFrame] = deque(maxlen=RECALLED)  # of the current utterance, latest last
        self.held = False  # its sound waits for `resume` or `cancel`
        self._rest = silence(0)  # samples short of a frame
        self._written = 0  # samples of the current utterance so far, padding included
        self._room = asyncio.Event()
        self._room.set()
        self.utterance = Utterance(generation=0, complete=True)
        self.underruns = 0
        self.pausing = False  # the reply waits for something on purpose: its silence is no underrun

    def begin(self, generation: int) -> Utterance:
        """Start a new utterance; what is left of an older one is dropped."""
        self._drop()
        self.pausing = False
        self.utterance = Utterance(generation)
        return self.utterance

    async def append(self, generation: int, chunk: SpeechChunk, spoken_before: int) -> None:
        """Queue a chunk of the clause of which ``spoken_before`` samples were queued already.

        Waits while the queue is full. A chunk of an old generation is dropped.
        """
        await self._room.wait()
        if generation != self.utterance.generation or self.utterance.cut:
            return
        clause_start = self._written - spoken_before
        for word in chunk.words:
            start, end = (clause_start + round(at * AGENT_SAMPLE_RATE) for at in (word.start, word.end))
            self.utterance.add_word(word.text, end, start)
        self._written += chunk.pcm.size
        self._cut(np.concatenate((self._rest, chunk.pcm)))

    def show(self, text: str) -> None:
        """Words of the current utterance that get no sound."""
        if not self.utterance.cut:
            self.utterance.show(text)

    def finish(self, generation: int) -> None:
        """Nothing more will come for this generation."""
        if generation == self.utterance.generation and not self.utterance.cut:
            self._pad_rest()
            self.utterance.complete = True

    def cancel(self) -> None:
        """Flush the queue; the current utterance, unless it is over, ends here."""
        if not self.drained:
            self.utterance.cut = True
            self.utterance.complete = True
        self._drop()

    def hold(self, carrier: int) -> None:
        """Fall silent and keep what is left; from here on, packets of generation ``carrier`` hold it."""
        self.held = True
        self.utterance.carrier = carrier

    def resume(self) -> int:
        """Go on from the beginning of the word that was cut; returns how many frames are said again.

        What the client is not known to have played counts as cut. The sound comes back within ``FADE``.
        """
        self.held = False
        utterance = self.utterance
        sent = utterance.next_frame
        unheard = min(max(utterance.first_unheard(), sent - UNTOLD), sent)
        word = utterance.word_at(unheard)
        again = unheard if word is None else word
        if unheard - again > WORD_AGAIN:
            again = unheard - AGAIN
        count = min(sent - again, len(self._sent))
        self._frames.extendleft(self._sent.pop() for _ in range(count))
        utterance.next_frame = sent - count
        if self._frames:
            self._frames[0] = _risen(self._frames[0])
        return count

    @property
    def seconds_left(self) -> float | None:
        """What is still to be played of the current utterance; None while more of it is being made."""
        return len(self._frames) / FRAME_RATE if self.utterance.complete else None

    @property
    def drained(self) -> bool:
        """The current utterance is complete and all of it has been taken."""
        return self.utterance.complete and not self._frames and not self.held

    def take(self, pts: int) -> PlayoutFrame:
        """The frame to be sent at ``pts``; silence if there is none."""
        if self.held:
            return SILENT
        if not self._frames and not self.utterance.complete:
            if self._rest.size:
                self._pad_rest()  # the next clause is late: let the end of this one out
            elif self.utterance.next_frame and not self.pausing:
                self.underruns += 1
        if not self._frames:
            return SILENT
        frame = self._frames.popleft()
        if len(self._frames) < self._limit:
            self._room.set()
        self._sent.append(frame)
        self.utterance.sent(pts)
        return frame

    def ahead(self) -> FloatArray:
        """What the animator will be given next, (AHEAD_FRAMES, 640); NaN where that isn't known yet."""
        unknown = 0.0 if self.utterance.complete or self.held else np.nan
        frames = np.full((AHEAD_FRAMES, USER_FRAME_SAMPLES), unknown, np.float32)
        if self.held:
            return frames
        for row, frame in zip(frames, self._frames, strict=False):
            row[:] = frame.animator_pcm
        return frames

    def _cut(self, pcm: FloatArray) -> None:
        frames = pcm.size // AGENT_FRAME_SAMPLES
        self._rest = pcm[frames * AGENT_FRAME_SAMPLES :]
        if not frames:
            return
        whole = pcm[: frames * AGENT_FRAME_SAMPLES]
        heard = soxr.resample(whole, AGENT_SAMPLE_RATE, USER_SAMPLE_RATE).astype(np.float32)
        for_speaker = whole.reshape(frames, AGENT_FRAME_SAMPLES)
        for_animator = np.resize(heard, frames * USER_FRAME_SAMPLES).reshape(frames, USER_FRAME_SAMPLES)
        for speaker, animator in zip(for_speaker, for_animator, strict=True):
            self._frames.append(PlayoutFrame(speaker, animator, speech=True))
        if len(self._frames) >= self._limit:
            self._room.clear()

    def _pad_rest(self) -> None:
        if self._rest.size:
            padding = AGENT_FRAME_SAMPLES - self._rest.size
            self._written += padding
            self._cut(np.concatenate((self._rest, silence(padding))))

    def _drop(self) -> None:
        self._frames.clear()
        self._sent.clear()
        self.held = False
        self._rest = silence(0)
        self._written = 0
        self._room.set()


def _risen(frame: PlayoutFrame) -> PlayoutFrame:
    def rise(pcm: FloatArray, rate: int) -> FloatArray:
        samples = round(FADE * rate)
        return np.concatenate((pcm[:samples] * np.linspace(0, 1, samples, dtype=np.float32), pcm[samples:]))

    return PlayoutFrame(
        rise(frame.pcm, AGENT_SAMPLE_RATE), rise(frame.animator_pcm, USER_SAMPLE_RATE), frame.speech
    )
