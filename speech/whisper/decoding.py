"""Greedy and sampled decoding of one utterance, with the library's suppression rules."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from whisper.model import Whisper
from whisper.tokenizer import Tokenizer, get_tokenizer

from speech.whisper.decoder import TextDecoder
from speech.whisper.errors import DecodingStopped
from speech.whisper.guards import repeats


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one pass over an utterance gave.

    ``probabilities`` holds one number 0..1 a token (among text tokens, unsuppressed). ``avg_logprob`` is in
    nats a token, the end included, as in `whisper.decode`. ``runaway`` says that decoding was cut for
    repeating itself or for saying more than a mouth can.
    """

    tokens: tuple[int, ...]
    text: str
    language: str
    probabilities: tuple[float, ...]
    avg_logprob: float
    runaway: bool
    start: Tensor  # (n_state,): the hidden state at start-of-transcript, for `no_speech_probability`


class Decoding:
    """Turns an encoded utterance into tokens; tokenizer and suppressed tokens are built once."""

    def __init__(self, model: Whisper, decoder: TextDecoder, language: str | None) -> None:
        self._decoder = decoder
        self.tokenizer: Tokenizer = get_tokenizer(
            model.is_multilingual,
            num_languages=model.num_languages,
            language=language or "en",
            task="transcribe",
        )
        self.prompt = list(self.tokenizer.sot_sequence_including_notimestamps)
        self._multilingual = bool(model.is_multilingual)
        self._detects = model.is_multilingual and language is None
        self._language = language or "en"
        self._max_tokens = model.dims.n_text_ctx // 2
        self._suppress = self._mask(model, self._never())
        self._suppress_first = self._mask(
            model, [*self._never(), *self.tokenizer.encode(" "), self.tokenizer.eot]
        )
        if self._detects:
            tokens = set(self.tokenizer.all_language_tokens)
            self._suppress_text = self._mask(model, [t for t in range(model.dims.n_vocab) if t not in tokens])

    def knows(self, language: str) -> bool:
        """Whether the model can be told to hear ``language``, a Whisper code."""
        if not self.tokenizer.language:  # an English model's tokenizer has none
            return language == "en"
        return language in self.tokenizer.all_language_codes

    def _never(self) -> list[int]:
        t = self.tokenizer
        # As whisper.decoding.DecodingTask with suppress_tokens "-1". Unlike it we also forbid timestamps:
        # the prompt asks for none, and one would only be dropped from the text.
        special = [t.transcribe, t.translate, t.sot, t.sot_prev, t.sot_lm, t.no_speech]
        return [*t.non_speech_tokens, *special]

    def _mask(self, model: Whisper, tokens: list[int]) -> Tensor:
        mask = torch.zeros(model.dims.n_vocab, device=self._decoder.device)
        mask[tokens] = -torch.inf
        return mask

    def detect_language(self) -> str:
        """The most probable language of the utterance at hand; rewinds the decoder."""
        logits = self._decoder.logits(self._decoder.feed([self.tokenizer.sot])[0])
        self._decoder.rewind()
        token = int((logits + self._suppress_text).argmax())
        return str(self.tokenizer.decode([token])).strip("<|>")

    def no_speech_probability(self, decoded: Decoded) -> float:
        """Probability (0..1) that nobody speaks, as the model saw it at the start of ``decoded``."""
        assert self.tokenizer.no_speech is not None
        return float(torch.softmax(self._decoder.logits(decoded.start), dim=0)[self.tokenizer.no_speech])

    def decode(
        self,
        stop: threading.Event,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        rng: np.random.Generator | None = None,
        language: str | None = None,
    ) -> Decoded:
        """Decode the utterance that the decoder listens to, from its first token, in ``language`` if given.

        Greedy at ``temperature`` 0, else sampled with ``rng``. At most ``max_tokens`` tokens (and half the
        text context). Raises `DecodingStopped` before the next token once ``stop`` is set.
        """
        prompt, heard = list(self.prompt), language or self._language
        self._decoder.rewind()
        if self._detects and language is None:
            heard = self.detect_language()
        if self._multilingual:
            prompt[1] = self.tokenizer.to_language_token(heard)
        limit = min(max_tokens, self._max_tokens)
        tokens: list[int] = []
        probabilities: list[float] = []
        total = 0.0
        runaway = True
        hidden = self._decoder.feed(prompt)
        start = hidden[0]
        while len(tokens) < limit and not repeats(tokens):
            if stop.is_set():
                raise DecodingStopped
            logits = self._decoder.logits(hidden[-1])
            allowed = logits + (self._suppress if tokens else self._suppress_first)
            token = _choose(allowed, temperature, rng)
            total += float(allowed[token] - torch.logsumexp(allowed, dim=0))
            if token == self.tokenizer.eot:
                runaway = False
                break
            tokens.append(token)
            among_text = logits[: self.tokenizer.eot]
            probability = torch.exp(logits[token] - torch.logsumexp(among_text, dim=0))
            probabilities.append(min(1.0, float(probability)))
            hidden = self._decoder.feed([token])
        return Decoded(
            tokens=tuple(tokens),
            text=self.tokenizer.decode(tokens).strip(),
            language=heard,
            probabilities=tuple(probabilities),
            avg_logprob=total / (len(tokens) + 1),
            runaway=runaway,
            start=start,
        )


def _choose(logits: Tensor, temperature: float, rng: np.random.Generator | None) -> int:
    if temperature == 0:
        return int(logits.argmax())
    if rng is None:
        raise ValueError("sampling at a temperature above 0 needs a random generator")
    # Adding Gumbel noise and taking the largest samples from the softmax.
    noise = torch.from_numpy(rng.gumbel(size=logits.shape[0])).to(logits)
    return int((logits / temperature + noise).argmax())
