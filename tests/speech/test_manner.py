"""One text said faster, higher or softer than another by the packaged voice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from speech.audio import FRAME_SAMPLES, resample
from speech.coqui import CoquiConfig, CoquiSynthesizer
from speech.levels import active_level
from speech.manner import PLAIN, Manner
from speech.pitch import PitchTracker
from speech.synthesizer import SpeaksInManners, SpokenWord

RATE = 24_000
JOY = Manner(pace=1.1, pitch=1.1, gain_db=1.5)
SADNESS = Manner(pace=0.88, pitch=0.92, gain_db=-3)
TEXT = "The last tour of the day begins at a quarter past four, and my colleague will show you the way."


@pytest.fixture(scope="module")
def joe(model_file: Callable[[str], Path]) -> Iterator[CoquiSynthesizer]:
    with CoquiSynthesizer(CoquiConfig(model=str(model_file("joe")))) as synthesizer:
        yield synthesizer


async def _say(
    synthesizer: CoquiSynthesizer, manner: Manner, text: str = TEXT
) -> tuple[NDArray[np.float32], list[SpokenWord]]:
    chunks = [chunk async for chunk in synthesizer.synthesize_in(manner, text)]
    return np.concatenate([chunk.pcm for chunk in chunks]), [w for chunk in chunks for w in chunk.words]


def _pitch(pcm: NDArray[np.float32]) -> float:
    """Median fundamental, Hz."""
    sound, tracker = resample(pcm, RATE, 16_000), PitchTracker()
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return float(np.nanmedian([tracker.step(frame).hz for frame in frames]))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"pace": 0.1}, r"pace = 0\.1", id="too slow"),
        pytest.param({"pitch": 2.0}, "pitch = 2", id="too high"),
        pytest.param({"gain_db": 40}, "gain_db = 40", id="too loud"),
        pytest.param({"pace": float("nan")}, "pace = nan", id="no number"),
    ],
)
def test_what_is_no_manner_of_speaking_is_refused(values: dict[str, float], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Manner(**values)


@pytest.mark.slow
async def test_joy_is_faster_higher_and_louder_than_sadness(joe: CoquiSynthesizer) -> None:
    assert isinstance(joe, SpeaksInManners)
    glad, glad_words = await _say(joe, JOY)
    sad, sad_words = await _say(joe, SADNESS)
    lasts = [words[-1].end - words[0].start for words in (glad_words, sad_words)]
    assert lasts[1] / lasts[0] == pytest.approx(1.1 / 0.88, abs=0.12)
    assert _pitch(glad) / _pitch(sad) == pytest.approx(1.1 / 0.92, abs=0.08)
    levels = [active_level(pcm, RATE) for pcm in (glad, sad)]
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(4.5, abs=1.5)


@pytest.mark.slow
@pytest.mark.parametrize("manner", [PLAIN, JOY, SADNESS], ids=["plain", "joy", "sadness"])
async def test_a_word_begins_where_its_sound_begins_in_every_manner(
    joe: CoquiSynthesizer, manner: Manner
) -> None:
    pcm, words = await _say(joe, manner, "Stop. Begin. Carry on.")
    assert [word.text for word in words] == ["Stop.", "Begin.", "Carry", "on."]
    for word in words[1:3]:
        at = round(word.start * RATE)
        before, after = np.mean(pcm[at - 2_400 : at - 1_200] ** 2), np.mean(pcm[at : at + 2_400] ** 2)
        assert after > 100 * before
    assert words[-1].end <= len(pcm) / RATE


@pytest.mark.slow
async def test_speaking_plainly_is_speaking_as_ever_whatever_came_before(joe: CoquiSynthesizer) -> None:
    ever = np.concatenate([chunk.pcm async for chunk in joe.synthesize("As it was.")])
    await _say(joe, SADNESS, "As it was.")
    plain, _ = await _say(joe, PLAIN, "As it was.")
    np.testing.assert_array_equal(plain, ever)
