"""Conversations for tests of the training corpus, composed of syllables."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.training.dyads.compose import Conversation, converse
from avatar.training.dyads.options import DyadOptions
from avatar.training.dyads.utterance import Utterance
from tests.avatar.training.talk import SECONDS, bank


@pytest.fixture(scope="session")
def utterances() -> list[Utterance]:
    """A bank of three voices."""
    return bank()


@pytest.fixture(scope="session")
def conversations(utterances: list[Utterance]) -> list[Conversation]:
    """Some twenty minutes of talk, before any room."""
    return [
        converse(utterances, np.random.default_rng(seed), SECONDS, DyadOptions(room=None))
        for seed in range(14)
    ]
