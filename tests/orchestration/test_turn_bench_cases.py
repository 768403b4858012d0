"""The cases of the bench of turn-taking: cut and joined to the sample, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest

from orchestration.media import USER_SAMPLE_RATE, FloatArray
from orchestration.turn_bench.case import Case, Column, Half, Kind
from orchestration.turn_bench.cases import HUMAN, SOUND, SYNTHETIC, fewer
from orchestration.turn_bench.hums import hum
from orchestration.turn_bench.overlaps import PLACES, human_overlaps, noises
from orchestration.turn_bench.policies import UnknownPolicy, columns_of, kinds_of, policy_of
from orchestration.turn_bench.recordings import NoRecordings, Recording, half_of, recordings_folder
from orchestration.turn_bench.sound import (
    ROOM,
    dips,
    gaps,
    in_room,
    joined,
    levelled,
    noise,
    samples,
    trimmed,
)
from orchestration.turn_bench.turns import PAUSES, human_turns, strata


def voice(*stretches: tuple[float, float]) -> FloatArray:
    """A buzz of (seconds, level) stretches at 16 kHz."""
    parts = []
    for seconds, level in stretches:
        time = np.arange(samples(seconds)) / USER_SAMPLE_RATE
        parts.append(level * sum(np.sin(2 * np.pi * 150 * n * time) / n for n in range(1, 8)))
    return np.concatenate(parts).astype(np.float32)


def sentence(name: str, seconds: float = 2.4) -> Recording:
    """A sentence of three words, with short dips between them."""
    word = (seconds - 0.2) / 3
    return Recording(name, voice((word, 0.2), (0.1, 0.001), (word, 0.2), (0.1, 0.001), (word, 0.2)))


def build(seed: int = 0) -> list[Case]:
    said = [sentence(f"sentence-{n}", 2.2 + 0.1 * n) for n in range(6)]
    items = [Recording(f"item-{n}", voice((0.3, 0.2))) for n in range(5)]
    counts = fewer(HUMAN, 10)
    rng = np.random.default_rng(seed)
    return [
        *human_turns(said, items, items, counts, rng),
        *human_overlaps(said, items, counts, rng),
        *noises(4, [one.pcm for one in said], rng),
    ]


@cache
def built() -> list[Case]:
    return build()


class TestSound:
    def test_trimming_leaves_the_sound_and_nothing_else(self):
        pcm = voice((0.5, 0.0), (1.0, 0.2), (0.3, 0.0))
        assert abs(trimmed(pcm).size - samples(1.0)) <= samples(0.01)
        assert trimmed(np.zeros(1000, np.float32)).size == 0

    def test_a_gap_is_found_where_it_is_and_long_ones_are_no_dips(self):
        pcm = voice((1.0, 0.2), (0.1, 0.0), (1.0, 0.2), (0.5, 0.0), (1.0, 0.2))
        assert gaps(pcm) == [(samples(1.0), samples(1.1)), (samples(2.1), samples(2.6))]
        assert dips(pcm) == [samples(1.05)]

    @pytest.mark.parametrize("length", [0.3, 0.777, 2.0])
    def test_a_pause_is_as_long_as_it_was_asked_for_to_the_sample(self, length):
        pieces = [voice((0.5, 0.2)), voice((0.7, 0.2))]
        pcm, places = joined(pieces, [length])
        assert pcm.size == pieces[0].size + samples(length) + pieces[1].size
        assert places == [(pieces[0].size, pieces[0].size + samples(length))]
        assert not pcm[slice(*places[0])].any()

    def test_pieces_and_pauses_that_do_not_fit_are_refused(self):
        with pytest.raises(ValueError, match="2 pieces have 1 pauses between them, not 0"):
            joined([voice((0.1, 0.1))] * 2, [])

    def test_levels_are_those_asked_for(self):
        loud = levelled(voice((1.0, 0.02), (1.0, 0.0)), -25)
        sounding = loud[: samples(1.0)]
        assert 10 * np.log10(np.mean(sounding.astype(np.float64) ** 2)) == pytest.approx(-25, abs=0.1)

    @pytest.mark.parametrize("kind", ["white", "pink", "hum", "babble"])
    def test_noise_of_every_kind_has_power_one(self, kind):
        sound = noise(kind, 16_000, np.random.default_rng(0), [voice((0.5, 0.2))])
        assert np.sqrt(np.mean(sound.astype(np.float64) ** 2)) == pytest.approx(1, abs=1e-3)

    def test_an_unknown_noise_is_named(self):
        with pytest.raises(ValueError, match="'rain'"):
            noise("rain", 10, np.random.default_rng(0))

    def test_a_room_is_quiet_but_never_digitally_silent(self):
        pcm, begin = in_room(voice((0.2, 0.2)), 0.5, 0.5, np.random.default_rng(0))
        assert begin == samples(0.5)
        assert np.sqrt(np.mean(pcm[:begin] ** 2)) == pytest.approx(ROOM, rel=0.05)

    def test_a_hum_lasts_as_long_as_asked_and_twice_has_a_gap(self):
        once, twice = (hum(voice((0.6, 0.2)), 0.2, twice=twice) for twice in (False, True))
        assert once.size == samples(0.2)
        assert twice.size == 2 * samples(0.2) + samples(0.06)


class TestCases:
    def test_the_same_seed_gives_the_same_bytes_and_another_one_others(self):
        first, again, other = built(), build(), build(seed=1)
        assert [case.name for case in first] == [case.name for case in again]
        assert all(np.array_equal(a.pcm, b.pcm) for a, b in zip(first, again, strict=True))
        assert not all(np.array_equal(a.pcm, b.pcm) for a, b in zip(first, other, strict=False))

    def test_no_two_cases_share_a_name(self):
        names = Counter((case.kind, case.column, case.name) for case in built())
        assert max(names.values()) == 1

    def test_what_is_known_of_a_turn_lies_within_it_in_order(self):
        for case in built():
            if case.onset is None or case.end is None:
                continue
            edges = [case.onset, *(edge for pause in case.pauses for edge in pause), case.end, case.pcm.size]
            assert edges == sorted(edges), case.name

    def test_pauses_are_quiet_and_speech_is_not(self):
        for case in (one for one in built() if one.kind is Kind.PAUSE):
            (begin, end) = case.pauses[0]
            assert end - begin == samples(float(case.detail["pause"]))
            assert np.abs(case.pcm[begin:end]).max() < 10 * ROOM
            assert case.onset is not None and case.end is not None
            for stretch in (case.pcm[case.onset : begin], case.pcm[end : case.end]):
                assert np.abs(stretch).max() > 100 * ROOM

    def test_pauses_are_spread_over_the_whole_range(self):
        drawn = sorted(strata(*PAUSES, 10, np.random.default_rng(3)))
        width = (PAUSES[1] - PAUSES[0]) / 10
        for index, length in enumerate(drawn):
            assert PAUSES[0] + index * width - 1e-3 <= length <= PAUSES[0] + (index + 1) * width + 1e-3

    def test_interruptions_come_early_in_the_middle_and_late(self):
        places = Counter(case.detail["place"] for case in built() if case.kind is Kind.INTERRUPTION)
        assert set(places) == set(PLACES)

    def test_only_the_agents_own_echo_comes_back(self):
        echoes = [case for case in built() if case.echo is not None]
        assert {case.kind for case in echoes} == {Kind.ECHO}
        assert all(-20 <= case.echo.gain <= -6 and 0.04 <= case.echo.delay <= 0.4 for case in echoes)

    def test_a_whole_run_has_hundreds_and_a_quick_one_three_of_each_at_least(self):
        assert sum(sum(counts.values()) for counts in (HUMAN, SYNTHETIC, SOUND)) >= 600
        assert min(fewer(HUMAN, 6).values()) >= 3
        assert sum(fewer(HUMAN, 6).values()) < sum(HUMAN.values()) / 4

    def test_every_kind_is_in_one_of_the_columns(self):
        assert set(HUMAN) | set(SYNTHETIC) | set(SOUND) == set(Kind)
        assert {case.column for case in built()} == {Column.HUMAN, Column.SOUND}


class TestChoices:
    def test_a_name_belongs_to_one_half_for_good(self):
        assert half_of("agent-pass") is Half.DEVELOPMENT
        assert half_of("vm-goodbye") is Half.TEST

    def test_missing_recordings_say_which_package_has_them(self, tmp_path):
        with pytest.raises(NoRecordings, match="asterisk-core-sounds-en-wav"):
            recordings_folder(tmp_path / "nowhere")

    def test_unknown_policies_and_kinds_are_answered_with_those_there_are(self):
        with pytest.raises(UnknownPolicy, match=r"'quick'.*silence"):
            policy_of("quick")
        with pytest.raises(UnknownPolicy, match=r"'cough'.*backchannel"):
            kinds_of("pause,cough")
        with pytest.raises(UnknownPolicy, match=r"no column is called 'robot'.*neural"):
            columns_of("human, robot")
        assert kinds_of("") == frozenset(Kind)
        assert columns_of("neural,human") == {Column.NEURAL, Column.HUMAN}
