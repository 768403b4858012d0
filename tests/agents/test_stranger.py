"""Whose voice it is: how likely somebody else's, and what follows from that. Numbers in, decisions out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.turn_taking.interruption import Act, Judged, Overlap
from agents.turn_taking.stranger import Whose, stranger

KEEP, HOLD, STOP, RESUME = Act.KEEP, Act.HOLD, Act.STOP, Act.RESUME
OTHER, USER, OPEN = 0.95, 0.1, 0.5


class TestProbability:
    @given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 30))
    def test_the_more_it_sounds_like_the_user_the_less_it_is_somebody_else(self, one, two, seconds):
        less, more = sorted((one, two))
        assert 0 <= stranger(more, seconds) <= stranger(less, seconds) <= 1

    def test_what_is_near_in_a_moment_is_far_in_two_seconds(self):
        assert stranger(0.66, 0.56) < 0.45 < 0.65 < stranger(0.66, 2.0)

    @pytest.mark.parametrize(("likeness", "seconds"), [(math.nan, 1.0), (0.5, 0.0), (0.5, math.inf)])
    def test_what_says_nothing_is_refused(self, likeness, seconds):
        with pytest.raises(ValueError, match="finite numbers"):
            stranger(likeness, seconds)


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(0.4, stranger=OPEN, heard=0.4), HOLD, id="it isn't known yet: silent at once"),
        pytest.param(Overlap(0.8, stranger=OTHER, heard=0.8), KEEP, id="somebody else: it talks on"),
        pytest.param(Overlap(0.8, stranger=USER, heard=0.8), HOLD, id="the user"),
        pytest.param(Overlap(2.5, stranger=OTHER, heard=3.2), HOLD, id="somebody else who insists"),
        pytest.param(
            Overlap(2.5, stranger=OTHER, heard=3.2, gone_on=True), STOP, id="who insists though it went on"
        ),
        pytest.param(
            Overlap(1.0, stranger=0.4, heard=1.0, gone_on=True),
            STOP,
            id="it went on, over the user after all",
        ),
        pytest.param(
            Overlap(1.0, stranger=0.7, heard=1.0, gone_on=True), KEEP, id="it went on, and still can't tell"
        ),
        pytest.param(
            Overlap(0.5, stranger=OPEN, heard=0.5, level=-5), HOLD, id="faint, but hardly heard yet"
        ),
        pytest.param(
            Overlap(0.9, stranger=OTHER, heard=0.9, over=True, words="See you on Monday."),
            KEEP,
            id="somebody else's words, to somebody else",
        ),
        pytest.param(
            Overlap(0.9, stranger=OTHER, heard=0.9, over=True, words="Stop it."), STOP, id="but not a command"
        ),
        pytest.param(Overlap(0.8, stranger=0.75, heard=0.8, level=-5), KEEP, id="perhaps, and further away"),
        pytest.param(Overlap(0.8, stranger=0.75, heard=0.8, level=4), HOLD, id="perhaps, but louder"),
        pytest.param(
            Overlap(0.5, held=0.2, stranger=OPEN, heard=0.5), KEEP, id="silent: more is to be heard"
        ),
        pytest.param(
            Overlap(0.8, held=0.5, stranger=OPEN, heard=0.8),
            KEEP,
            id="silent: words as long as a user's, whose?",
        ),
        pytest.param(Overlap(0.8, held=0.5, stranger=USER, heard=0.8), STOP, id="silent: the user's"),
        pytest.param(Overlap(0.8, held=0.5), STOP, id="silent: nobody can tell whose"),
        pytest.param(Overlap(1.7, held=1.4, stranger=OPEN, heard=1.7), STOP, id="silent: it can't be told"),
        pytest.param(Overlap(0.7, held=0.4, stranger=OTHER, heard=0.7), RESUME, id="silent: somebody else's"),
        pytest.param(
            Overlap(0.7, held=0.6, over=True, words="See you.", stranger=OTHER, heard=0.7),
            RESUME,
            id="silent: somebody else has finished",
        ),
        pytest.param(
            Overlap(0.7, held=0.6, over=True, words="Wait!", stranger=OTHER, heard=0.7),
            STOP,
            id="silent: somebody else wants it to wait",
        ),
    ],
)
def test_what_a_voice_may_do(overlap, act):
    assert Judged().judge(overlap) is act


def test_what_was_said_is_forgotten_only_if_it_certainly_was_somebody_else():
    perhaps, surely = Overlap(1.0, stranger=0.85, heard=1.0), Overlap(1.0, stranger=0.95, heard=1.0)
    policy = Judged()
    assert policy.is_other(perhaps) and not policy.is_other(perhaps, certain=True)
    assert policy.is_other(surely, certain=True)


@given(st.floats(0, 1), st.floats(-60, 20), st.floats(0, 10))
def test_nobody_is_shut_out_for_longer_than_they_insist(unlike, level, heard):
    whose = Whose()
    if whose.is_other(unlike, level, heard):
        assert heard < whose.insists
        assert not whose.is_other(unlike, level, heard + whose.insists)
