"""Who goes on when both speak: tables of cases, numbers in and decisions out."""

from __future__ import annotations

import pytest

from agents.turn_taking.interruption import (
    Act,
    Immediate,
    Judged,
    MinWords,
    Overlap,
    is_backchannel,
    is_command,
)

KEEP, HOLD, STOP, RESUME = Act.KEEP, Act.HOLD, Act.STOP, Act.RESUME


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(0.12), KEEP, id="a tenth of a second of speech isn't enough"),
        pytest.param(Overlap(0.32), HOLD, id="articulate speech makes it fall silent"),
        pytest.param(Overlap(0.32, articulation=1.2), KEEP, id="a syllable that dies away doesn't"),
        pytest.param(Overlap(0.6, articulation=1.2), HOLD, id="unless it goes on"),
        pytest.param(Overlap(0.6, articulation=1.2, openness=-32), KEEP, id="a hum may go on for longer"),
        pytest.param(Overlap(1.5, articulation=1.2, openness=-32), HOLD, id="but not for ever"),
        pytest.param(Overlap(0.5, echo=0.9), KEEP, id="its own voice coming back"),
        pytest.param(Overlap(0.5, echo=0.3), HOLD, id="somebody who talks over its own voice"),
        pytest.param(Overlap(2.0, level=-12), KEEP, id="somebody else in the room"),
        pytest.param(Overlap(0.5, level=-3), HOLD, id="the user, a little quieter than usual"),
        pytest.param(Overlap(0.5, left=0.1), KEEP, id="it has nearly finished anyway"),
        pytest.param(Overlap(0.25, over=True), KEEP, id="a short sound whose words aren't known"),
        pytest.param(Overlap(0.25, over=True, words="Wait."), STOP, id="a short command"),
        pytest.param(Overlap(0.25, over=True, words="Yeah."), KEEP, id="a listener's word"),
        pytest.param(Overlap(0.25, over=True, words=""), KEEP, id="a cough"),
        pytest.param(
            Overlap(0.25, over=True, words="Tuesday."), KEEP, id="a short word that commands nothing"
        ),
        pytest.param(Overlap(0.7, over=True, words="It was Tuesday."), STOP, id="words that came late"),
        pytest.param(Overlap(0.25, over=True, words="Wait.", level=-12), KEEP, id="others who command"),
    ],
)
def test_while_the_agent_speaks(overlap, act):
    assert Judged().judge(overlap) is act


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(0.25, claim=0.85), HOLD, id="what sounds like an interruption, at once"),
        pytest.param(Overlap(0.16, claim=0.85), KEEP, id="but not before there is something to hear"),
        pytest.param(Overlap(0.4, claim=0.6), KEEP, id="what may be either is heard for longer"),
        pytest.param(Overlap(0.6, claim=0.6), HOLD, id="until waiting any longer would be rude"),
        pytest.param(Overlap(0.6, claim=0.4), KEEP, id="and longer, the more it sounds like a listener"),
        pytest.param(Overlap(0.85, claim=0.4), HOLD, id="though not as long as one who surely listens"),
        pytest.param(Overlap(0.9, claim=0.1), KEEP, id="a listener may say three words"),
        pytest.param(Overlap(1.0, claim=0.1), HOLD, id="who says more isn't one"),
        pytest.param(Overlap(0.4, claim=0.1, articulation=6.0), KEEP, id="however much the mouth moves"),
        pytest.param(Overlap(1.1, claim=0.1, openness=-32), KEEP, id="a long hum"),
        pytest.param(Overlap(0.3, claim=0.9, openness=-32), HOLD, id="words that begin with closed lips"),
        pytest.param(Overlap(0.5, claim=0.9, level=-12), KEEP, id="somebody else in the room who claims it"),
        pytest.param(Overlap(0.5, claim=0.9, echo=0.9), KEEP, id="its own voice, which claims it too"),
        pytest.param(
            Overlap(0.3, claim=0.1, over=True, words="Stop."), STOP, id="a command that sounded meek"
        ),
        pytest.param(Overlap(0.7, claim=0.1, over=True, words="Um um."), KEEP, id="a listener misheard"),
        pytest.param(
            Overlap(0.7, claim=0.4, over=True, words="It was Tuesday."), STOP, id="unclear, then words"
        ),
    ],
)
def test_while_the_agent_speaks_and_hears_claims(overlap, act):
    assert Judged(hears_claims=True).judge(overlap) is act


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(0.4, held=0.1), KEEP, id="it waits for words"),
        pytest.param(Overlap(0.4, held=0.4, words="please tell"), KEEP, id="it hears them out"),
        pytest.param(
            Overlap(0.4, over=True, held=0.4, words="Tuesday"), STOP, id="words that aren't a listener's"
        ),
        pytest.param(
            Overlap(0.5, over=True, held=0.4, words="Okay."), RESUME, id="a listener's, and it's over"
        ),
        pytest.param(Overlap(0.5, over=True, held=0.4, words=""), RESUME, id="no words at all"),
        pytest.param(Overlap(0.5, over=True, held=0.4), KEEP, id="it is over, words may come"),
        pytest.param(Overlap(0.5, over=True, held=0.9), RESUME, id="time is up and nobody speaks"),
        pytest.param(Overlap(0.5, held=0.9), STOP, id="time is up and somebody speaks"),
        pytest.param(Overlap(1.0, held=0.6), STOP, id="so long that words don't matter"),
        pytest.param(Overlap(0.8, claim=0.9, held=0.5), STOP, id="so long, having claimed the floor"),
        pytest.param(
            Overlap(0.8, claim=0.5, held=0.1), KEEP, id="it just fell silent for what may be either"
        ),
        pytest.param(Overlap(1.3, claim=0.1, held=0.3), STOP, id="what sounded like a listener and goes on"),
    ],
)
def test_while_the_reply_is_held(overlap, act):
    assert Judged().judge(overlap) is act


@pytest.mark.parametrize(
    ("yielding", "spoken", "act"),
    [
        pytest.param(0.0, 0.4, KEEP, id="an unyielding agent talks on"),
        pytest.param(0.0, 0.6, HOLD, id="for twice as long"),
        pytest.param(1.0, 0.16, HOLD, id="a yielding one falls silent in half the time"),
    ],
)
def test_yielding_moves_how_long_it_talks_on(yielding, spoken, act):
    assert Judged(yielding).judge(Overlap(spoken)) is act


@pytest.mark.parametrize("yielding", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("over", [True, False])
@pytest.mark.parametrize("words", [None, "", "okay", "please go on"])
def test_no_hold_outlasts_its_limit(yielding, over, words):
    overlap = Overlap(0.4, over=over, words=words, held=0.9)
    assert Judged(yielding, decides_within=0.9).judge(overlap) in (STOP, RESUME)


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(0.1), STOP, id="any sure speech"),
        pytest.param(Overlap(0.08), KEEP, id="not what is shorter"),
        pytest.param(Overlap(0.3, over=True), KEEP, id="not what has ended"),
    ],
)
def test_immediate_stops_for(overlap, act):
    assert Immediate(0.1).judge(overlap) is act


@pytest.mark.parametrize(
    ("overlap", "act"),
    [
        pytest.param(Overlap(2.0), KEEP, id="not sound alone"),
        pytest.param(Overlap(2.0, words="okay"), KEEP, id="not one word"),
        pytest.param(Overlap(0.8, words="okay then"), STOP, id="two words"),
    ],
)
def test_min_words_stops_for(overlap, act):
    assert MinWords(2).judge(overlap) is act


@pytest.mark.parametrize(
    "words", ["Mm-hmm.", "Yeah, I see.", "Uh-huh", "That's right", "Oh no.", "OK, of course", "Ha ha ha"]
)
def test_a_listeners_words(words):
    assert is_backchannel(words)
    assert not is_command(words)


@pytest.mark.parametrize(
    "words", ["Wait.", "No, stop", "Yeah, but what", "Hold on", "Okay, hold on", "Sorry?"]
)
def test_words_that_want_the_floor(words):
    assert is_command(words)
    assert not is_backchannel(words)


@pytest.mark.parametrize("words", ["", "...", "Please enter your number", "the table was broken, so we stop"])
def test_words_that_are_neither(words):
    assert not is_command(words)
    assert not is_backchannel(words)
