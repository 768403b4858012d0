"""Our decoding against the library's, on real speech."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from whisper.model import Whisper
from whisper.timing import dtw_cpu, find_alignment

from speech.audio import load_audio
from speech.whisper.checkpoint import load_checkpoint
from speech.whisper.decoder import TextDecoder
from speech.whisper.decoding import Decoding
from speech.whisper.encoder import Encoder
from speech.whisper.errors import DecodingStopped
from speech.whisper.windows import LATEST, windows
from speech.whisper.words import time_words, warp

PROMPTS = ("vm-nobodyavail", "conf-now-muted", "privacy-prompt", "tt-allbusy")
OPTIONS = whisper.DecodingOptions(language="en", without_timestamps=True, fp16=False)
GO_ON = threading.Event()
MAX_TOKENS = 200


@dataclass(frozen=True)
class Rig:
    model: Whisper
    encoder: Encoder
    decoder: TextDecoder
    decoding: Decoding


@pytest.fixture(scope="module")
def whisper_rig(model_file: Callable[[str], Path]) -> Iterator[Rig]:
    torch.set_num_threads(1)
    with torch.inference_mode():
        model = load_checkpoint(str(model_file("whisper-tiny.en")))
        encoder = Encoder(model)
        decoder = TextDecoder(model, encoder.silence())
        yield Rig(model, encoder, decoder, Decoding(model, decoder, "en"))


@pytest.fixture(scope="module")
def whisper_prompts(asterisk_prompts: dict[str, Path]) -> dict[str, np.ndarray]:
    return {name: load_audio(asterisk_prompts[name]) for name in PROMPTS}


@pytest.mark.slow
def test_the_full_window_gives_the_library_s_tokens_probabilities_and_word_times(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    for name, pcm in whisper_prompts.items():
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(pcm))
        theirs = whisper.decode(whisper_rig.model, mel, OPTIONS)
        encoded = whisper_rig.encoder.encode(pcm, None, GO_ON)
        whisper_rig.decoder.listen(encoded)
        ours = whisper_rig.decoding.decode(GO_ON, max_tokens=MAX_TOKENS)
        assert ours.tokens == tuple(theirs.tokens) and ours.text == theirs.text, name
        assert ours.avg_logprob == pytest.approx(theirs.avg_logprob, abs=1e-3)
        no_speech = whisper_rig.decoding.no_speech_probability(ours)
        assert no_speech == pytest.approx(theirs.no_speech_prob, abs=1e-3)

        tokenizer = whisper_rig.decoding.tokenizer
        whisper_rig.decoder.feed([tokenizer.eot])
        attention = whisper_rig.decoder.attention(encoded.speech_positions)
        words = time_words(tokenizer, ours, attention, len(whisper_rig.decoding.prompt), 0.0)
        timed = find_alignment(whisper_rig.model, tokenizer, theirs.tokens, mel, 2 * encoded.speech_positions)
        starts = [timing.start for timing in timed if timing.word.strip().isalnum()]
        assert " ".join(word.text for word in words) == theirs.text
        np.testing.assert_allclose([word.start for word in words], starts, atol=0.0401)


def test_the_short_window_gives_the_same_text_and_nearly_the_same_word_times(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    for name in ("vm-nobodyavail", "conf-now-muted"):
        texts, starts = [], []
        for tail in (None, 0.5):
            encoded = whisper_rig.encoder.encode(whisper_prompts[name], tail, GO_ON)
            whisper_rig.decoder.listen(encoded)
            decoded = whisper_rig.decoding.decode(GO_ON, max_tokens=MAX_TOKENS)
            whisper_rig.decoder.feed([whisper_rig.decoding.tokenizer.eot])
            attention = whisper_rig.decoder.attention(encoded.speech_positions)
            words = time_words(whisper_rig.decoding.tokenizer, decoded, attention, 2, 0.0)
            texts.append(decoded.text)
            starts.append([word.start for word in words])
        assert texts[0] == texts[1]
        np.testing.assert_allclose(starts[0], starts[1], atol=0.1)


def test_an_utterance_is_heard_the_same_after_a_longer_one(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    """What the longer one left in the caches is silence again."""

    def hear(name: str) -> tuple[tuple[int, ...], float]:
        whisper_rig.decoder.listen(whisper_rig.encoder.encode(whisper_prompts[name], 0.5, GO_ON))
        decoded = whisper_rig.decoding.decode(GO_ON, max_tokens=MAX_TOKENS)
        return decoded.tokens, decoded.avg_logprob

    first = hear("conf-now-muted")
    hear("tt-allbusy")
    assert hear("conf-now-muted") == first


def test_feeding_tokens_one_by_one_equals_feeding_them_at_once(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    decoder = whisper_rig.decoder
    decoder.listen(whisper_rig.encoder.encode(whisper_prompts["conf-now-muted"], 0.5, GO_ON))
    tokens = [
        *whisper_rig.decoding.prompt,
        *whisper_rig.decoding.tokenizer.encode(" The conference is now muted."),
    ]
    whole = decoder.feed(tokens)
    decoder.rewind()
    pieces = torch.cat([decoder.feed(tokens[:3]), *(decoder.feed([token]) for token in tokens[3:])])
    torch.testing.assert_close(pieces, whole, rtol=1e-3, atol=1e-3)


def test_our_decoder_s_hidden_states_give_the_library_s_logits(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    encoded = whisper_rig.encoder.encode(whisper_prompts["conf-now-muted"], None, GO_ON)
    whisper_rig.decoder.listen(encoded)
    tokens = whisper_rig.decoding.prompt
    hidden = whisper_rig.decoder.feed(tokens)
    theirs = whisper_rig.model.decoder(torch.tensor([tokens]), encoded.features[None])[0]
    ours = torch.stack([whisper_rig.decoder.logits(state) for state in hidden])
    torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=2e-2)


def test_a_set_stop_flag_ends_encoding_and_decoding(
    whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]
) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(DecodingStopped):
        whisper_rig.encoder.encode(whisper_prompts["conf-now-muted"], 0.5, stop)
    whisper_rig.decoder.listen(whisper_rig.encoder.encode(whisper_prompts["conf-now-muted"], 0.5, GO_ON))
    with pytest.raises(DecodingStopped):
        whisper_rig.decoding.decode(stop, max_tokens=MAX_TOKENS)


def test_sampling_follows_its_generator(whisper_rig: Rig, whisper_prompts: dict[str, np.ndarray]) -> None:
    whisper_rig.decoder.listen(whisper_rig.encoder.encode(whisper_prompts["conf-now-muted"], 0.5, GO_ON))

    def sample(seed: int) -> tuple[int, ...]:
        rng = np.random.default_rng(seed)
        return whisper_rig.decoding.decode(GO_ON, max_tokens=8, temperature=1.0, rng=rng).tokens

    assert sample(3) == sample(3)
    assert len({sample(seed) for seed in range(4)}) > 1
    with pytest.raises(ValueError, match="random generator"):
        whisper_rig.decoding.decode(GO_ON, max_tokens=8, temperature=1.0)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 40)), elements=st.floats(-3, 3)))
def test_warping_finds_a_path_as_cheap_as_the_library_s(cost: np.ndarray) -> None:
    rows, columns = warp(cost)
    theirs = dtw_cpu(cost)
    assert (rows[0], columns[0]) == (0, 0) and (rows[-1] + 1, columns[-1] + 1) == cost.shape
    steps = np.stack((np.diff(rows), np.diff(columns)))
    assert ((steps == 0) | (steps == 1)).all() and (steps.sum(axis=0) > 0).all()
    assert cost[rows, columns].sum() == pytest.approx(cost[theirs[0], theirs[1]].sum(), abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seconds=st.integers(0, 130), seed=st.integers(0, 9))
def test_windows_cover_the_sound_exactly_and_fit_the_model(seconds: int, seed: int) -> None:
    pcm = np.random.default_rng(seed).normal(0, 0.1, seconds * 16_000 + seed).astype(np.float32)
    pieces = windows(pcm)
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in pieces]), pcm)
    starts = np.cumsum([0, *(len(piece) for _, piece in pieces[:-1])])
    assert [start for start, _ in pieces] == starts.tolist()
    assert all(len(piece) <= LATEST for _, piece in pieces)


def test_long_sound_is_cut_in_its_pause() -> None:
    pcm = np.random.default_rng(0).normal(0, 0.1, 40 * 16_000).astype(np.float32)
    pcm[25 * 16_000 : 26 * 16_000] = 0
    start = windows(pcm)[1][0]
    assert 25 * 16_000 < start < 26 * 16_000
