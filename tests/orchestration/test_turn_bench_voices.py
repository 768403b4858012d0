"""The synthetic users of the bench: who they are, what they say, and that it is spoken once."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from orchestration.corpus.voices import VOICES
from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.models.errors import ModelError
from orchestration.turn_bench.case import Case, Column, Half, Kind
from orchestration.turn_bench.cases import NEURAL, SYNTHETIC, fewer
from orchestration.turn_bench.openings import Openings
from orchestration.turn_bench.overlaps import synthetic_overlaps
from orchestration.turn_bench.recordings import Recording, half_of
from orchestration.turn_bench.saying import kept_at, model_digest, neural_say
from orchestration.turn_bench.texts import BACKCHANNELS, INTERRUPTIONS, LISTS, SENTENCES, SIDE_TALK
from orchestration.turn_bench.turns import synthetic_turns
from orchestration.turn_bench.voices import NEURAL_SPEAKERS, SyntheticVoices, spoken

SPEAKERS = NEURAL_SPEAKERS[Half.TEST]
HERTZ = {speaker: 100.0 + 20 * index for index, speaker in enumerate(SPEAKERS)}


def hummed(text: str, speaker: str) -> FloatArray:
    """A tone of the speaker's own, as long as the text."""
    time = np.arange(round(0.07 * len(text) * USER_SAMPLE_RATE)) / USER_SAMPLE_RATE
    return (0.1 * np.sin(2 * np.pi * HERTZ[speaker] * time)).astype(np.float32)


@cache
def voices() -> SyntheticVoices:
    return spoken(Column.NEURAL, Half.TEST, SPEAKERS, hummed)


def build(counts: dict[Kind, int], seed: int = 0) -> list[Case]:
    rng = np.random.default_rng(seed)
    return [*synthetic_turns(voices(), counts, rng), *synthetic_overlaps(voices(), counts, rng)]


def hertz(pcm: FloatArray) -> float:
    spectrum = np.abs(np.fft.rfft(pcm))
    return float(np.fft.rfftfreq(pcm.size, 1 / USER_SAMPLE_RATE)[spectrum.argmax()])


class TestWhoSpeaks:
    def test_each_half_has_four_speakers_of_its_own_that_no_face_was_learnt_from(self):
        known = {voice.kokoro for voice in VOICES}
        development, test = (set(NEURAL_SPEAKERS[half]) for half in (Half.DEVELOPMENT, Half.TEST))
        assert len(development) == len(test) == 4
        assert not development & test
        assert not (development | test) & known

    @pytest.mark.parametrize("half", Half)
    def test_nothing_is_said_that_belongs_to_the_other_half(self, half):
        said: set[str] = set()

        def note(text: str, speaker: str) -> FloatArray:
            said.add(text)
            return np.ones(1600, np.float32)

        spoken(Column.NEURAL, half, NEURAL_SPEAKERS[half], note)
        whole = {text.replace(" |", ""): text for text in SENTENCES}
        mine = {text for name, text in whole.items() if name in said}
        mine |= {text for text in (*INTERRUPTIONS, *SIDE_TALK) if text in said}
        mine |= {" ".join(items) for items in LISTS if {f"{item}," for item in items[:-1]} <= said}
        assert len(mine) > 20
        assert {half_of(text) for text in mine} == {half}
        assert set(BACKCHANNELS) <= said


class TestCasesOfNeuralVoices:
    def test_they_are_as_many_as_those_of_the_formant_voices_but_for_noise_and_echo(self):
        made = Counter(case.kind for case in build(NEURAL))
        assert made == Counter(
            {kind: count for kind, count in SYNTHETIC.items() if kind not in (Kind.NOISY_TURN, Kind.ECHO)}
        )

    def test_they_are_a_column_of_their_own_with_a_name_each(self):
        cases = build(NEURAL)
        assert {case.column for case in cases} == {Column.NEURAL}
        assert max(Counter((case.kind, case.name) for case in cases).values()) == 1

    def test_the_same_seed_gives_the_same_bytes(self):
        first, again = build(fewer(NEURAL, 6)), build(fewer(NEURAL, 6))
        assert all(np.array_equal(a.pcm, b.pcm) for a, b in zip(first, again, strict=True))

    def test_the_user_asks_in_their_own_voice_and_somebody_else_talks_beside_them(self):
        person = Recording("person", hummed("x" * 60, SPEAKERS[0]))
        openings = Openings([person], [voices()], others=True)
        for case in build(NEURAL):
            if not case.agent_talks:
                continue
            speaker = next(one for one in SPEAKERS if case.name.startswith(f"{one}-"))
            same = hertz(openings.of(case)) == pytest.approx(HERTZ[speaker], abs=2)
            assert same is (case.kind is not Kind.SIDE_TALK), case.name


class TestWhatIsKept:
    def test_what_is_there_is_not_spoken_again_and_needs_no_model(self, tmp_path, monkeypatch):
        monkeypatch.setattr("orchestration.turn_bench.saying.opened", None)
        sound = hummed("It is there.", SPEAKERS[0])
        np.save(kept_at(tmp_path, model_digest(), "am_eric", "It is there."), sound)
        with neural_say(tmp_path) as say:
            assert np.array_equal(say("It is there.", "am_eric"), sound)

    def test_another_text_speaker_or_model_is_kept_elsewhere(self, tmp_path):
        places = {
            kept_at(tmp_path, model, speaker, text)
            for model in ("a" * 64, "b" * 64)
            for speaker in SPEAKERS
            for text in ("yes.", "no.")
        }
        assert len(places) == 2 * len(SPEAKERS) * 2

    def test_a_missing_model_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with neural_say() as say, pytest.raises(ModelError, match=r"kokoro-v1\.0.*visavis models install"):
            say("Good morning.", "am_eric")

    @pytest.mark.slow
    def test_kokoro_speaks_a_text_once_and_every_speaker_in_another_way(self, tmp_path):
        with neural_say(tmp_path) as say:
            first = {speaker: say("Wait, please.", speaker) for speaker in SPEAKERS[:2]}
        kept = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        with neural_say(tmp_path) as say:
            again = {speaker: say("Wait, please.", speaker) for speaker in SPEAKERS[:2]}
        assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept and len(kept) == 2
        assert all(np.array_equal(first[speaker], again[speaker]) for speaker in first)
        one, other = first.values()
        assert all(
            0.4 < pcm.size / USER_SAMPLE_RATE < 2.5 and np.abs(pcm).max() > 0.05 for pcm in (one, other)
        )
        assert one.size != other.size or not np.allclose(one, other, atol=0.01)
