"""What replies feel like, by their words."""

from __future__ import annotations

import pytest

from agents.emotion import emotion_of

# Written before any of them was tried.
GOOD = (
    "Congratulations, what a lovely idea!",
    "Yes, you will love the planetarium.",
    "Thank you so much, that is very kind of you.",
    "Great, I am happy to help you.",
    "That was a fantastic question.",
    "Welcome back, it is nice to see you again!",
)
BAD = (
    "Unfortunately the lift is broken.",
    "I am sorry, that is terrible news.",
    "No, that is dangerous and sadly forbidden.",
    "It was a horrible accident and two people died.",
    "I feel bad about the mistake.",
    "What a shame that you lost your ticket.",
)
PLAIN = (
    "The museum opens at nine.",
    "The dinosaurs are on the second floor.",
    "A ticket costs ten dollars.",
    "The tram stops in front of the door.",
    "It begins every full hour from eleven to four.",
    "Bags go into a locker.",
)


def test_most_replies_are_read_as_people_mean_them():
    signs = [(text, sign) for texts, sign in ((GOOD, 1), (BAD, -1), (PLAIN, 0)) for text in texts]
    right = [(emotion_of(text).valence > 0) - (emotion_of(text).valence < 0) == sign for text, sign in signs]
    assert sum(right) >= 16


def test_exclamations_excite():
    assert emotion_of("Look at that!").arousal > emotion_of("Look at that.").arousal
    assert emotion_of("Wonderful!!!!!!!!!").arousal <= 1


@pytest.mark.parametrize("text", ["", " ", "?!", "Das Museum öffnet um neun.", "😀" * 500, "a" * 10_000])
def test_any_text_has_an_emotion_within_its_range(text):
    emotion = emotion_of(text)
    assert -1 <= emotion.valence <= 1
    assert 0 <= emotion.arousal <= 1
