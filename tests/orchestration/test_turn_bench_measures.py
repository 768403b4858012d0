"""What the bench of turn-taking makes of packets and events that are known."""

from __future__ import annotations

import numpy as np
import pytest

from orchestration.media import AGENT_FRAME_SAMPLES, FRAME_SECONDS, MOTION_SIZE, USER_SAMPLE_RATE
from orchestration.protocol import AgentFrame, Event
from orchestration.session.events import EventType
from orchestration.turn_bench.case import Case, Column, Half, Kind
from orchestration.turn_bench.intervals import median_interval, wilson
from orchestration.turn_bench.measures import MEASURES
from orchestration.turn_bench.outcome import Outcome, Played, observe
from orchestration.turn_bench.placement import placed
from orchestration.turn_bench.report import as_dict, joined, markdown, outcomes_of

BY_KEY = {measure.key: measure for measure in MEASURES}
LENGTH = 10.0  # seconds of every script here


def frames(*speech: tuple[float, float], seconds: float = LENGTH) -> list[AgentFrame]:
    """Packets of which those between these times hold the agent's speech."""
    sent = []
    for pts in range(round(seconds / FRAME_SECONDS)):
        at = (pts + 0.5) * FRAME_SECONDS
        sounds = any(begin <= at < end for begin, end in speech)
        sent.append(
            AgentFrame(
                pts=pts,
                generation=1,
                pcm=np.zeros(AGENT_FRAME_SAMPLES, np.float32),
                motion=np.zeros(MOTION_SIZE, np.float32),
                user_pts=pts,
                speech=sounds,
                flush=False,
            )
        )
    return sent


def event(type: str, t: float, **data: object) -> Event:
    return Event(pts=round(t / FRAME_SECONDS), t=t, type=type, generation=1, data=data)


def turn(kind: Kind, onset: float, end: float, *pauses: tuple[float, float]) -> Case:
    def sample(seconds: float) -> int:
        return round(seconds * USER_SAMPLE_RATE)

    return Case(
        name="case",
        kind=kind,
        column=Column.HUMAN,
        pcm=np.zeros(sample(LENGTH), np.float32),
        onset=sample(onset),
        end=sample(end),
        pauses=tuple((sample(a), sample(b)) for a, b in pauses),
        agent_talks=kind in (Kind.BACKCHANNEL, Kind.INTERRUPTION),
    )


def seen(case: Case, speech: list[tuple[float, float]], *events: Event) -> Outcome:
    sent = frames(*speech)
    heard = [(frame.pts * FRAME_SECONDS, frame.speech) for frame in sent]
    return observe(case, Played(sent, events, heard, script_start=0.0))


class TestTurns:
    CASE = turn(Kind.PAUSE, 1.0, 5.0, (2.0, 3.0))

    @pytest.mark.parametrize(
        ("speech", "early", "after"),
        [
            pytest.param([], False, False, id="an agent that never speaks takes no floor"),
            pytest.param([(5.6, 7)], False, True, id="an answer after the end is a take-over at the end"),
            pytest.param([(2.6, 3.2)], True, False, id="sound in the pause is a take-over in the pause"),
            pytest.param([(2.6, 3.2), (5.6, 7)], True, True, id="both may happen in one case"),
            pytest.param([(3.5, 6)], True, False, id="an agent that talks on through the end took it early"),
            pytest.param([(0.2, 0.8)], False, False, id="what was said before the user began counts nowhere"),
        ],
    )
    def test_a_take_over_is_sound_that_begins_while_the_user_has_the_floor(self, speech, early, after):
        outcome = seen(self.CASE, speech)
        assert (outcome.spoke_early, outcome.spoke_after) == (early, after)

    def test_delays_count_from_the_real_end_to_the_decision_about_it(self):
        ends = [event(EventType.TURN_ENDED, 2.5), event(EventType.TURN_ENDED, 5.52)]
        outcome = seen(self.CASE, [(6.0, 7.0)], *ends)
        assert outcome.decided_early == 1
        assert outcome.decision == pytest.approx(0.52)
        assert outcome.first_sound == pytest.approx(1.0)

    def test_nods_and_soft_sounds_of_the_agent_are_counted_a_minute_of_speech(self):
        nod = event(EventType.BACKCHANNEL, 2.4, nod=True, sound="")
        sound = event(EventType.BACKCHANNEL, 3.4, nod=True, sound="Mm-hmm.")
        late = event(EventType.BACKCHANNEL, 6.4, nod=True, sound="")
        outcome = seen(self.CASE, [(6.0, 7.0)], nod, sound, late)
        assert outcome.backchannels == (pytest.approx(1.4), pytest.approx(2.4))
        assert outcome.soft_sounds == 1
        assert BY_KEY["backchannels"].figure([outcome]).value == pytest.approx(30.0)
        assert BY_KEY["soft_sounds"].figure([outcome]).value == pytest.approx(15.0)

    def test_an_answer_in_a_pause_or_after_a_low_voice_is_in_its_place(self):
        def rising(begin: float, end: float, seconds: float) -> np.ndarray:
            hz = np.linspace(begin, end, round(seconds * USER_SAMPLE_RATE))
            phase = 2 * np.pi * np.cumsum(hz) / USER_SAMPLE_RATE
            return 0.1 * sum(np.sin(n * phase) / n for n in range(1, 8))

        quiet = np.zeros(round(0.5 * USER_SAMPLE_RATE))
        usual, low = rising(180, 260, 2.0), rising(120, 121, 0.4)
        speech = np.concatenate((usual, quiet, usual, low, rising(195, 260, 2.0))).astype(np.float32)
        in_the_pause, after_low_pitch, elsewhere = 2.2, 4.9 + 0.7, 1.9
        assert placed(speech, (in_the_pause,)) == placed(speech, (after_low_pitch,)) == 1
        assert placed(speech, (elsewhere,)) == 0


class TestOverlaps:
    CASE = turn(Kind.INTERRUPTION, 4.0, 6.0)

    @pytest.mark.parametrize(
        ("speech", "stopped", "resumed"),
        [
            pytest.param([(1, 10)], None, None, id="an agent that talks on has not stopped"),
            pytest.param([(1, 4.4)], 0.4, None, id="stopping counts from the user's onset"),
            pytest.param([(1, 4.4), (5.0, 10)], 0.4, 0.6, id="a reply that goes on was resumed"),
            pytest.param([(1, 4.4), (4.52, 10)], None, None, id="a gap of three frames is no stop"),
            pytest.param([(1, 2), (3, 10)], None, None, id="a gap before the user's onset is none of it"),
        ],
    )
    def test_a_stop_is_a_gap_after_the_onset(self, speech, stopped, resumed):
        outcome = seen(self.CASE, speech)
        assert outcome.stopped == (None if stopped is None else pytest.approx(stopped))
        assert outcome.resumed == (None if resumed is None else pytest.approx(resumed))

    def test_what_sounds_after_the_reply_was_given_up_is_an_answer_and_not_resumed(self):
        outcome = seen(self.CASE, [(1, 4.4), (5.0, 10)], event(EventType.INTERRUPTED, 4.4))
        assert outcome.stopped == pytest.approx(0.4)
        assert outcome.resumed is None

    def test_an_agent_that_has_said_everything_was_not_stopped(self):
        assert seen(self.CASE, [(1, 5)], event(EventType.REPLY_FINISHED, 5.0)).stopped is None


class TestFigures:
    def outcomes(self, kind: Kind, stops: int, of: int) -> list[Outcome]:
        return [
            Outcome(f"{n}", kind, Column.HUMAN, stopped=0.1 * (n + 1) if n < stops else None)
            for n in range(of)
        ]

    def test_shares_and_medians_are_those_of_the_rows_own_kinds(self):
        mixed = self.outcomes(Kind.INTERRUPTION, 3, 4) + self.outcomes(Kind.BACKCHANNEL, 1, 10)
        stopped = BY_KEY["stopped_for_interruption"].of(mixed, Column.HUMAN)
        assert (stopped.value, stopped.count) == (0.75, 4)
        assert BY_KEY["kept_over_backchannel"].of(mixed, Column.HUMAN).value == 0.9
        assert BY_KEY["stop_delay"].of(mixed, None).value == pytest.approx(200)
        assert BY_KEY["stop_delay"].of(mixed, Column.SYNTHETIC).value is None

    def test_an_agent_that_goes_on_after_an_interruption_has_not_stopped_for_it(self):
        held = Outcome("a", Kind.INTERRUPTION, Column.HUMAN, stopped=0.1, resumed=0.8)
        assert BY_KEY["stopped_for_interruption"].of([held], Column.HUMAN).value == 0

    def test_an_agent_that_goes_on_after_a_backchannel_kept_the_floor_but_not_on_speaking(self):
        held = Outcome("a", Kind.BACKCHANNEL, Column.HUMAN, stopped=0.1, resumed=0.8)
        late = Outcome("b", Kind.BACKCHANNEL, Column.HUMAN, stopped=0.1, resumed=1.8)
        assert BY_KEY["kept_over_backchannel"].of([held, late], Column.HUMAN).value == 0
        assert BY_KEY["floor_over_backchannel"].of([held, late], Column.HUMAN).value == 0.5

    def test_only_what_was_stopped_can_be_resumed(self):
        kept = Outcome("a", Kind.NOISE, Column.SOUND)
        quickly = Outcome("b", Kind.NOISE, Column.SOUND, stopped=0.1, resumed=0.8)
        never = Outcome("c", Kind.NOISE, Column.SOUND, stopped=0.1)
        figure = BY_KEY["resumed"].of([kept, quickly, never], None)
        assert (figure.value, figure.count) == (0.5, 2)

    def test_targets_are_met_on_their_right_side(self):
        assert BY_KEY["takeover_in_pause"].met(0.1)
        assert not BY_KEY["takeover_in_pause"].met(0.11)
        assert BY_KEY["takeover_at_end"].met(0.95)
        assert BY_KEY["kept_over_noise"].met(0.2) is None

    @pytest.mark.parametrize(
        ("hits", "of", "low", "high"),
        [(0, 0, 0.0, 1.0), (0, 20, 0.0, 0.1611), (10, 20, 0.2993, 0.7007), (20, 20, 0.8389, 1.0)],
    )
    def test_wilsons_interval_is_the_published_one(self, hits, of, low, high):
        assert wilson(hits, of) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))

    def test_more_hits_than_cases_are_refused(self):
        with pytest.raises(ValueError, match="3 of 2"):
            wilson(3, 2)

    def test_a_medians_interval_covers_it_as_often_as_promised(self):
        rng = np.random.default_rng(0)
        covered = 0
        for _ in range(400):
            low, high = median_interval(rng.exponential(size=41).tolist())
            covered += low <= np.log(2) <= high
        assert 0.93 <= covered / 400 <= 0.995

    def test_a_report_holds_every_outcome_and_the_table_every_policy(self):
        results = {"a": self.outcomes(Kind.INTERRUPTION, 4, 4), "b": self.outcomes(Kind.INTERRUPTION, 1, 4)}
        report = as_dict(results, Half.TEST, 0, {})
        assert outcomes_of(report) == results
        assert report["figures"]["a"]["stopped_for_interruption"]["human"]["met"] is True
        table = markdown(results)
        assert "| a | b |" in table
        assert "**100 %** (51-100; 4)" in table

    def test_a_table_has_only_the_policies_with_cases_of_its_column(self):
        neural = [Outcome("a", Kind.PAUSE, Column.NEURAL), Outcome("b", Kind.PAUSE, Column.HUMAN)]
        results = {"fused": neural, "silence": self.outcomes(Kind.PAUSE, 1, 2)}
        human, voices = markdown(results).split("\n\n")
        assert human.startswith("| Human recordings | aim | fused | silence |\n|---|---|---|---|\n")
        assert voices.startswith("| Neural voices (Kokoro) | aim | fused |\n|---|---|---|\n")
        assert "| **0 %** (0-79; 1) |" in voices

    def test_what_is_played_again_takes_the_place_of_its_kind_and_column_only(self):
        def played(name: str) -> list[Outcome]:
            pairs = ((Kind.PAUSE, Column.HUMAN), (Kind.PAUSE, Column.NEURAL), (Kind.LIST, Column.NEURAL))
            return [Outcome(name, kind, column) for kind, column in pairs]

        before, now = played("before"), played("now")[1:2]
        assert joined(before, now) == [before[0], before[2], *now]
        assert joined([], now) == now
