"""What it is learnt from who wants the floor, and that what runs is what was learnt."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from orchestration.corpus.voices import VOICES
from orchestration.session.heard_claim import HeardClaim
from orchestration.turn_bench.case import Half
from orchestration.turn_bench.claim_examples import LAST, LEAD, examples
from orchestration.turn_bench.claim_fitting import ClaimNetwork, fit, opinions
from orchestration.turn_bench.claim_sounds import ESPEAK, MANNERS, ClaimSound, claim_texts, noises
from orchestration.turn_bench.recordings import half_of
from orchestration.turn_bench.texts import INTERRUPTIONS, SENTENCES
from orchestration.turn_bench.voices import SPEAKERS
from speech.audio import FRAME_SAMPLES, SAMPLE_RATE
from speech.claim import FEATURES, STEPS

TIME = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def _tone(hertz: float, seconds: float):
    return (0.1 * np.sin(2 * np.pi * hertz * TIME))[: round(seconds * SAMPLE_RATE)].astype(np.float32)


def _speaker(voice: str) -> str:
    return voice.rpartition("+")[2]


def _odd(name: str) -> bool:
    return bool(int(hashlib.md5(name.encode()).hexdigest(), 16) % 2)


def test_no_speaker_is_one_of_those_that_are_reported_on():
    reported = {_speaker(voice) for voice in SPEAKERS[Half.TEST]}
    reported |= {_speaker(voice.espeak) for voice in VOICES if voice.espeak and _odd(voice.name)}
    assert not {_speaker(voice) for voice in ESPEAK} & reported
    manners = {voice.pitch for voice in VOICES if not (voice.espeak or voice.kokoro) and _odd(voice.name)}
    assert not {pitch for pitch, _ in MANNERS} & manners


def test_no_sentence_is_one_of_those_that_are_reported_on():
    reported = {text.replace(" |", "") for text in (*SENTENCES, *INTERRUPTIONS) if half_of(text) is Half.TEST}
    assert not [said for said in claim_texts() if any(text.startswith(said) for text in reported)]


@pytest.fixture(scope="module")
def tones():
    """Long tones that rise want the floor, short low ones don't: of two sources that sound differently."""
    sounds = [
        ClaimSound(source, f"{hertz}", _tone(hertz * (1.5 if claims else 1), 0.9 if claims else 0.3), claims)
        for source, base in (("a", 300), ("b", 900))
        for claims in (True, False)
        for hertz in range(base, base + 100, 50)
    ]
    return examples(sounds, 3, np.random.default_rng(1))


def test_both_answers_of_every_source_weigh_what_those_of_any_other_do(tones):
    sources = np.array(tones.sources)
    totals = {
        (source, claims): tones.weights[(sources == source) & (tones.claims == claims)].sum()
        for source in "ab"
        for claims in (0, 1)
    }
    assert totals["a", 0] == pytest.approx(totals["b", 0], rel=1e-4)
    assert totals["a", 1] == pytest.approx(totals["b", 1], rel=1e-4)


def test_an_example_shows_the_sound_so_far_and_no_more_than_is_kept(tones):
    assert tones.seen.shape[1:] == (STEPS, FEATURES)
    assert tones.elapsed.max() <= LAST
    late, early = tones.elapsed > 0.5, tones.elapsed < 0.25
    assert np.median(tones.steps[late]) > np.median(tones.steps[early])
    assert (tones.seen[0, tones.steps[0] :] == -1).all()


def test_what_runs_judges_as_what_was_learnt(tones):
    torch.manual_seed(3)
    network = ClaimNetwork().eval()
    learnt, weights = opinions(network, tones), network.weights()
    ran = [weights.judged(tones.seen[n, : tones.steps[n]]) for n in range(10)]
    assert ran == pytest.approx(learnt[:10], abs=1e-4)


def test_what_is_different_is_learnt(tones):
    network = fit(tones, seed=1, epochs=40)
    right = (opinions(network, tones) > 0.5) == (tones.claims > 0.5)
    assert right.mean() > 0.9


def test_noises_are_bursts_of_nobody_who_wants_the_floor():
    bursts = list(noises(np.random.default_rng(1), 6))
    assert not any(burst.claims for burst in bursts)
    assert all(0 < np.abs(burst.pcm).max() <= 0.11 and burst.pcm.size > LEAD for burst in bursts)


def test_a_second_stretch_is_judged_together_with_the_first():
    """After a short pause the seconds of sure speech begin anew; what is judged doesn't."""
    begun, anew = HeardClaim(), HeardClaim()
    speech = np.random.default_rng(4).normal(0, 0.1, (14, FRAME_SAMPLES)).astype(np.float32)
    speech[6:9] *= 0.001
    for n, frame in enumerate(speech):
        begun.step(frame)
        anew.step(frame)
        if n in (3, 4, 5):
            begun.claim(0.04 * (n + 1))
    assert begun.claim(0.2) != anew.claim(0.2)
    begun.forget()
    assert begun.claim(0.2) == anew.claim(0.2)
    assert begun.claim(0.08) is None, "a tenth of a second says nothing"
