"""The Whisper recogniser: never blocks the event loop, stops within a token, says what it refuses."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from speech.audio import SAMPLE_RATE, is_silent
from speech.recognizer import Transcript, Word
from speech.whisper.checkpoint import load_checkpoint
from speech.whisper.config import WhisperConfig
from speech.whisper.decoder import TextDecoder
from speech.whisper.decoding import Decoded, Decoding
from speech.whisper.encoder import Encoded, Encoder
from speech.whisper.errors import (
    DecodingStopped,
    RecognizerBusyError,
    RecognizerTimeoutError,
    UtteranceError,
)
from speech.whisper.guards import Rejection, compresses, is_silence_phrase
from speech.whisper.windows import windows
from speech.whisper.words import time_words

log = logging.getLogger(__name__)

TOKEN_ALLOWANCE = 12  # tokens that even the shortest utterance may have
WARM_UP_SECONDS = 2
DECODER_THREADS = 1


@dataclass(frozen=True, slots=True)
class _Window:
    """What one window of at most 30 s gave."""

    text: str
    language: str
    rejected: str = ""
    words: tuple[Word, ...] = ()


class WhisperRecognizer:
    """Implements `speech.recognizer.Recognizer` on openai-whisper's weights.

    The model runs in a thread of its own with a bounded number of CPU threads. Loading happens in the
    constructor and raises `ModelFileError`. ``counts`` says how many utterances were transcribed, retried,
    stopped and rejected.
    """

    def __init__(self, config: WhisperConfig) -> None:
        self.config = config
        self.counts: Counter[str] = Counter()
        self._pending: set[threading.Event] = set()
        self._closed = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="whisper")
        try:
            self._executor.submit(self._load).result()
        except BaseException:
            self._executor.shutdown()
            raise

    @torch.inference_mode()
    def _load(self) -> None:
        torch.set_num_threads(
            self.config.threads
        )  # of this thread: torch keeps the number per calling thread
        model = load_checkpoint(self.config.model, download=self.config.download == "allow")
        device = torch.device(self.config.device)
        model = model.to(device)
        dtype = torch.float16 if device.type == "cuda" else torch.float32
        self._encoder = Encoder(model, dtype)
        self._decoder = TextDecoder(model, self._encoder.silence())
        self._decoding = Decoding(model, self._decoder, self.config.language)

    async def warm_up(self) -> None:
        """Run every path once, so that the first real utterance isn't the slow one."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._warm_up)

    @torch.inference_mode()
    def _warm_up(self) -> None:
        noise = np.random.default_rng(self.config.seed).normal(0, 0.01, WARM_UP_SECONDS * SAMPLE_RATE)
        stop = threading.Event()
        for tail in {self._tail, None}:
            encoded = self._encode(noise.astype(np.float32), tail, stop)
            decoded = self._decoding.decode(stop, max_tokens=TOKEN_ALLOWANCE)
            self._words(decoded, encoded, 0.0)

    async def transcribe(self, pcm: NDArray[np.float32], *, words: bool = True) -> Transcript:
        """Transcribe float32 mono ``pcm`` of shape (samples,), 16 kHz, -1..1; see `Recognizer.transcribe`.

        No samples, one sample or silence give an empty text, rejected as ``silence``. Raises
        `UtteranceError` on another shape or type, NaN, or too long a sound, `RecognizerBusyError` when too
        many requests wait and `RecognizerTimeoutError` when the time limit passes.
        """
        return await self._transcript_of(pcm, words, None)

    async def transcribe_in(
        self, language: str, pcm: NDArray[np.float32], *, words: bool = True
    ) -> Transcript:
        """Like ``transcribe``, in ``language`` (a Whisper code) whatever the model is set to.

        Raises `UtteranceError` too where the model doesn't know the language.
        """
        if not self._decoding.knows(language):
            raise UtteranceError(
                f"{self.config.model} doesn't know the language {language!r}; use a multilingual model"
            )
        return await self._transcript_of(pcm, words, language)

    async def _transcript_of(self, pcm: NDArray[np.float32], words: bool, language: str | None) -> Transcript:
        utterance = self._checked(pcm)
        if len(self._pending) >= self.config.max_pending:
            raise RecognizerBusyError(
                f"{len(self._pending)} requests wait for the recogniser; add a replica or raise max_pending"
            )
        stop = threading.Event()
        self._pending.add(stop)
        try:
            async with asyncio.timeout(self.config.timeout):
                return await asyncio.get_running_loop().run_in_executor(
                    self._executor, self._transcribe, utterance, words, stop, language
                )
        except TimeoutError as error:
            self.counts["timeout"] += 1
            raise RecognizerTimeoutError(
                f"no transcript of {utterance.shape[0] / SAMPLE_RATE:.1f} s of sound within "
                f"{self.config.timeout:g} s; use a smaller model or raise timeout"
            ) from error
        except DecodingStopped as error:
            raise RuntimeError("the recogniser was closed while it transcribed") from error
        finally:
            # Whatever ended the wait, cancellation included, nobody wants the result any more.
            stop.set()
            self._pending.discard(stop)

    def close(self) -> None:
        """Stop what runs, refuse what comes, and end the worker thread."""
        self._closed = True
        for stop in tuple(self._pending):
            stop.set()
        self._executor.shutdown()

    def _checked(self, pcm: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._closed:
            raise RuntimeError("the recogniser is closed; create a new one")
        if pcm.ndim != 1 or pcm.dtype != np.float32:
            raise UtteranceError(
                f"sound is {pcm.dtype} of shape {pcm.shape} where float32 (samples,) is due; use speech.audio"
            )
        if pcm.shape[0] > self.config.max_duration * SAMPLE_RATE:
            raise UtteranceError(
                f"{pcm.shape[0] / SAMPLE_RATE:.1f} s of sound are more than the limit of "
                f"{self.config.max_duration:g} s; cut it or raise max_duration"
            )
        if not np.isfinite(pcm).all():
            raise UtteranceError("the sound holds NaN or infinity; check where it was recorded or computed")
        return pcm.copy()  # the caller may go on filling its buffer

    @property
    def _tail(self) -> float | None:
        return self.config.tail if self.config.short_window else None

    @torch.inference_mode()
    def _transcribe(
        self, pcm: NDArray[np.float32], words: bool, stop: threading.Event, language: str | None
    ) -> Transcript:
        begin = time.perf_counter()
        try:
            parts = [
                self._window(piece, first / SAMPLE_RATE, words, stop, language)
                for first, piece in windows(pcm)
            ]
        except DecodingStopped:
            self.counts["stopped"] += 1
            raise
        text = " ".join(part.text for part in parts if part.text)
        rejected = "" if text else next((part.rejected for part in parts if part.rejected), "")
        spoken = next((part for part in parts if part.text), parts[0])
        self.counts["transcribed"] += 1
        return Transcript(
            text=text,
            words=tuple(word for part in parts for word in part.words),
            language=spoken.language,
            rejected=rejected,
            compute=time.perf_counter() - begin,
        )

    def _window(
        self,
        pcm: NDArray[np.float32],
        offset: float,
        words: bool,
        stop: threading.Event,
        language: str | None,
    ) -> _Window:
        if stop.is_set():
            raise DecodingStopped
        if is_silent(pcm, self.config.silence_dbfs):
            return self._reject(Rejection.SILENCE, "", language or self.config.language or "en")
        encoded, decoded = self._decode(pcm, self._tail, 0.0, stop, language)
        if self._loops(decoded):
            self.counts["retried"] += 1
            log.warning("decoding looped, trying again with the full window: %.80r", decoded.text)
            temperature = 0.0 if self.config.short_window else self.config.retry_temperature
            encoded, decoded = self._decode(pcm, None, temperature, stop, language)
            if self._loops(decoded):
                return self._reject(Rejection.LOOP, decoded.text, decoded.language)
        if self._hallucinated(decoded):
            return self._reject(Rejection.HALLUCINATION, decoded.text, decoded.language)
        timed = self._words(decoded, encoded, offset) if words else ()
        return _Window(decoded.text, decoded.language, words=timed)

    def _encode(self, pcm: NDArray[np.float32], tail: float | None, stop: threading.Event) -> Encoded:
        # The encoder gains from several threads. The decoder only reads weights, one token at a time: more
        # threads gain nothing on a quiet machine and wait for each other on a busy one (8 times slower,
        # measured).
        torch.set_num_threads(self.config.threads)
        encoded = self._encoder.encode(pcm, tail, stop)
        self._decoder.listen(encoded)
        torch.set_num_threads(DECODER_THREADS)
        return encoded

    def _decode(
        self,
        pcm: NDArray[np.float32],
        tail: float | None,
        temperature: float,
        stop: threading.Event,
        language: str | None,
    ) -> tuple[Encoded, Decoded]:
        encoded = self._encode(pcm, tail, stop)
        seconds = pcm.shape[0] / SAMPLE_RATE
        decoded = self._decoding.decode(
            stop,
            max_tokens=TOKEN_ALLOWANCE + int(self.config.max_tokens_per_second * seconds),
            temperature=temperature,
            language=language,
            # A generator per utterance: its text depends on nothing that was heard before.
            rng=np.random.default_rng(self.config.seed),
        )
        return encoded, decoded

    def _loops(self, decoded: Decoded) -> bool:
        return decoded.runaway or compresses(decoded.text, self.config.compression_threshold)

    def _hallucinated(self, decoded: Decoded) -> bool:
        phrase = is_silence_phrase(decoded.text)
        doubtful = decoded.avg_logprob < self.config.logprob_threshold
        if not (phrase or doubtful):
            return False  # the usual case, without the price of the no-speech probability
        no_speech = self._decoding.no_speech_probability(decoded)
        log.debug(
            "doubtful text %.80r: logprob %.2f, no speech %.2f", decoded.text, decoded.avg_logprob, no_speech
        )
        return no_speech > self.config.no_speech_threshold

    def _reject(self, rejection: Rejection, text: str, language: str) -> _Window:
        self.counts[rejection] += 1
        if text:
            log.info("rejected as %s: %.80r", rejection, text)
        return _Window("", language, rejected=str(rejection))

    def _words(self, decoded: Decoded, encoded: Encoded, offset: float) -> tuple[Word, ...]:
        # The alignment is normalised over all tokens, the end included, which decoding had no need to feed.
        self._decoder.feed([self._decoding.tokenizer.eot])
        attention = self._decoder.attention(encoded.speech_positions)
        return time_words(self._decoding.tokenizer, decoded, attention, len(self._decoding.prompt), offset)
