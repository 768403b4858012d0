"""When a listener answers without taking the turn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from agents.turn_taking.backchannel import (
    FRAME_SECONDS,
    Backchannel,
    BackchannelCue,
    BackchannelKind,
    BackchannelPolicy,
    BackchannelRates,
    Heard,
    finishing,
)

OFTEN = BackchannelRates(nods=120, sounds=0)  # rates that are never in the way
NAN = float("nan")
LOW, HIGH = 90.0, 130.0  # Hz, below and above the speaker's 26th percentile


def voice(seconds: float, hz: float = HIGH, **changes: object) -> Iterator[Heard]:
    """A stretch of the user; ``hz`` 0 is silence."""
    heard = {"speaking": hz > 0, "hz": hz or NAN, "low_hz": 100.0, "finishing": None, "listening": True}
    heard.update(changes)
    for _ in range(round(seconds / FRAME_SECONDS)):
        yield Heard(**heard)  # type: ignore[arg-type]


def answers(
    *stretches: Iterator[Heard], rates: BackchannelRates = OFTEN, seed: int = 1, interrupted: bool = False
) -> list[tuple[float, Backchannel]]:
    """Seconds at which the listener answers, and how."""
    policy = BackchannelPolicy(rates, np.random.default_rng(seed))
    if interrupted:
        policy.interrupted()
    given, now = [], 0.0
    for stretch in stretches:
        for heard in stretch:
            answer = policy.step(heard)
            if answer is not None:
                given.append((round(now, 2), answer))
            now += FRAME_SECONDS
    return given


def ever(*stretches_of: object, **options: object) -> int:
    """Of twenty seeds, how many answer at all; ``stretches_of`` are arguments of ``voice``."""
    return sum(
        bool(answers(*(voice(*s) if isinstance(s, tuple) else s() for s in stretches_of), seed=n, **options))  # type: ignore[arg-type,operator]
        for n in range(20)
    )


def ending(probability: float | None):  # type: ignore[no-untyped-def]
    return lambda: voice(0.6, 0, finishing=probability)


TALK = (2.0, HIGH)
FALL = (0.2, LOW)
NEVER, MOSTLY = 0, 10


@pytest.mark.parametrize(
    ("stretches", "least", "most"),
    [
        pytest.param([TALK, FALL, TALK], MOSTLY, 20, id="a fall to low pitch inside speech is answered"),
        pytest.param(
            [TALK, (0.12, LOW), TALK], NEVER, 0, id="low pitch of 120 ms in windows of 64 ms is too short"
        ),
        pytest.param(
            [TALK, TALK, TALK], NEVER, 0, id="six seconds without a fall or a pause aren't answered"
        ),
        pytest.param(
            [(0.4, HIGH), FALL, (1.0, HIGH)], NEVER, 0, id="a fall within the first 700 ms of speech"
        ),
        pytest.param([TALK, (0.6, 0.0)], MOSTLY, 20, id="a pause after two seconds of speech is answered"),
        pytest.param([TALK, (0.16, 0.0), TALK], NEVER, 0, id="a gap of 160 ms between words is no pause"),
        pytest.param([(0.8, HIGH), (0.6, 0.0)], NEVER, 0, id="a pause after less than a second of speech"),
        pytest.param([TALK, ending(0.9)], NEVER, 0, id="a pause in which the user is about to finish"),
        pytest.param([TALK, ending(0.1)], MOSTLY, 20, id="a pause in which the user surely goes on"),
        pytest.param([TALK, FALL, (0.4, HIGH), ending(0.9)], NEVER, 0, id="a fall before a finish"),
        pytest.param(
            [lambda: voice(2.0, HIGH, listening=False), lambda: voice(0.6, 0, listening=False)],
            NEVER,
            0,
            id="a user who talks while the agent has the floor",
        ),
        pytest.param(
            [TALK, FALL, lambda: voice(0.4, 0, listening=False), TALK],
            NEVER,
            0,
            id="an answer that was due when the floor went away is not given later",
        ),
        pytest.param(
            [lambda: voice(2.0, LOW, low_hz=NAN), TALK],
            NEVER,
            0,
            id="low pitch of a speaker whose habit isn't known yet",
        ),
    ],
)
def test_places(stretches: list[object], least: int, most: int) -> None:
    assert least <= ever(*stretches) <= most


def test_low_pitch_is_answered_seven_tenths_of_a_second_later() -> None:
    given = answers(voice(*TALK), voice(*FALL), voice(*TALK), seed=3)
    assert [(when, answer.cue) for when, answer in given] == [
        (pytest.approx(2.0 + 0.16 + 0.7, abs=0.04), BackchannelCue.LOW_PITCH)
    ]


def test_a_pause_is_answered_inside_it() -> None:
    for seed in range(20):
        for when, answer in answers(voice(*TALK), voice(0.5, 0), voice(*TALK), seed=seed):
            assert answer.cue is BackchannelCue.PAUSE
            assert 2.2 <= when < 2.5


def test_an_answer_to_a_pause_that_is_over_is_not_given() -> None:
    assert ever(TALK, (0.24, 0.0), TALK) <= 10, "only what came at once"
    for seed in range(20):
        assert all(when < 2.24 for when, _ in answers(voice(*TALK), voice(0.24, 0), voice(*TALK), seed=seed))


def test_a_judgement_that_is_awaited_is_waited_for_but_not_for_ever() -> None:
    waiting = [answers(voice(*TALK), voice(0.9, 0, finishing=NAN), seed=seed) for seed in range(20)]
    assert any(waiting)
    assert all(2.2 + 0.28 <= when <= 2.8 for given in waiting for when, _ in given)


def test_a_user_who_has_just_interrupted_gets_no_answer_for_three_seconds() -> None:
    speech = [voice(1.2) if part % 2 == 0 else voice(0.4, 0) for part in range(12)]
    given = answers(*speech, interrupted=True)
    assert given
    assert min(when for when, _ in given) >= 3.0


@pytest.mark.parametrize("nods", [2, 8])
def test_answers_keep_to_their_rate_a_minute_of_speech(nods: int) -> None:
    minutes, phrase = 10, 1.5
    phrases = [part for _ in range(int(minutes * 60 / phrase)) for part in (voice(phrase), voice(0.4, 0))]
    given = answers(*phrases, rates=BackchannelRates(nods=nods, sounds=1))
    sounds = sum(answer.kind is BackchannelKind.SOUND for _, answer in given)
    assert 0.8 * nods * minutes <= len(given) <= nods * minutes + 2
    assert sounds == 0, "in a pause that nobody judges the turn may be over: nods only"


def test_sounds_are_rarer_than_nods_and_keep_to_their_own_rate() -> None:
    phrases = [p for _ in range(200) for p in (voice(3.0), voice(0.5, 0, finishing=0.1))]
    given = answers(*phrases, rates=BackchannelRates(nods=8, sounds=3))
    sounds = sum(answer.kind is BackchannelKind.SOUND for _, answer in given)
    assert 20 <= sounds <= 31, "ten minutes at three a minute"
    assert 70 <= len(given) <= 82


@pytest.mark.parametrize("rates", [BackchannelRates(0, 0), BackchannelRates(nods=0, sounds=30)])
def test_a_listener_whose_rates_are_zero_only_listens(rates: BackchannelRates) -> None:
    assert ever(TALK, (0.6, 0.0), TALK, (0.6, 0.0), rates=rates) == 0


def test_there_are_eight_tenths_of_a_second_between_two_answers() -> None:
    phrases = [part for _ in range(100) for part in (voice(1.0), voice(0.36, 0))]
    times = [when for when, _ in answers(*phrases)]
    assert len(times) > 20
    assert np.diff(times).min() >= 0.8 - 1e-6


def test_the_same_seed_gives_the_same_answers_and_another_doesn_t() -> None:
    def give(seed: int) -> list[tuple[float, Backchannel]]:
        return answers(*(part for _ in range(20) for part in (voice(1.5), voice(0.4, 0))), seed=seed)

    assert give(1) == give(1) != give(2)


@pytest.mark.parametrize(
    ("needed", "awaited", "expected"),
    [
        pytest.param(None, False, None, id="nobody judges"),
        pytest.param(0.2, False, 1.0, id="a short wait is for those who have finished"),
        pytest.param(2.0, False, 0.0, id="a long wait is for those who think"),
        pytest.param(0.65, False, 0.5, id="in between nobody knows"),
        pytest.param(0.65, True, NAN, id="more may be known soon"),
        pytest.param(0.2, True, 1.0, id="a short wait is enough to know"),
    ],
)
def test_the_silence_that_a_pause_is_given_says_how_likely_the_user_finishes(
    needed: float | None, awaited: bool, expected: float | None
) -> None:
    assert finishing(needed, awaited) == pytest.approx(expected, nan_ok=True)
