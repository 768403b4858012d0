"""When turns begin and end, from hand-made and from random voice activity."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn, TurnSignal

# With these numbers: speech after 3 frames, again after 2, pause after 5 silent frames, end after 13.
CONFIG = EndOfTurnConfig(
    start_threshold=0.5,
    end_threshold=0.35,
    min_speech=0.12,
    min_resume=0.08,
    pause=0.2,
    silence=0.52,
    max_turn=4,
)
LEVELS = {"#": 0.9, "+": 0.4, ".": 0.05}  # speech, between the thresholds, silence


def heard(pattern: str, config: EndOfTurnConfig = CONFIG) -> list[tuple[int, str, int]]:
    """(frame of the decision, kind, frame that it speaks of) for a pattern such as ``...###``."""
    policy = SilenceEndOfTurn(config)
    return [
        (now, str(signal.kind), signal.frame)
        for now, mark in enumerate(pattern)
        for signal in policy.step(LEVELS[mark])
    ]


CASES = {
    "silence says nothing": ("." * 50, []),
    "a click of two frames is no speech": ("..##" + "." * 30, []),
    "two clicks in a row are no speech": ("##.##.##" + "." * 30, []),
    "murmur between the thresholds is no speech": ("+" * 40, []),
    "three frames are speech, dated at the first": ("..###", [(4, "speech_started", 2)]),
    "a dip to the middle doesn't break the beginning": ("#++", [(2, "speech_started", 0)]),
    "a turn ends after its silence, dated at the end of speech": (
        "..#####" + "." * 13,
        [(4, "speech_started", 2), (11, "paused", 7), (19, "turn_ended", 7)],
    ),
    "speech goes on above the lower threshold": ("###" + "+" * 20, [(2, "speech_started", 0)]),
    "a gap shorter than the pause is part of the speech": ("####....####", [(2, "speech_started", 0)]),
    "a pause is taken back when speech resumes": (
        "####" + "." * 6 + "##",
        [(2, "speech_started", 0), (8, "paused", 4), (11, "resumed", 10)],
    ),
    "a click in a pause neither resumes nor delays the end": (
        "####" + "." * 7 + "#" + "." * 5,
        [(2, "speech_started", 0), (8, "paused", 4), (16, "turn_ended", 4)],
    ),
    "speech that begins as the silence runs out keeps the turn": (
        "####" + "." * 12 + "##",
        [(2, "speech_started", 0), (8, "paused", 4), (17, "resumed", 16)],
    ),
    "a click as the silence runs out only waits for its own end": (
        "####" + "." * 12 + "#.",
        [(2, "speech_started", 0), (8, "paused", 4), (17, "turn_ended", 4)],
    ),
    "after a resumption the end is that of the last speech": (
        "####" + "." * 6 + "###" + "." * 13,
        [(2, "speech_started", 0), (8, "paused", 4), (11, "resumed", 10), (17, "paused", 13),
         (25, "turn_ended", 13)],
    ),
    "two turns": (
        ("###" + "." * 13) * 2,
        [(2, "speech_started", 0), (7, "paused", 3), (15, "turn_ended", 3),
         (18, "speech_started", 16), (23, "paused", 19), (31, "turn_ended", 19)],
    ),
    "a turn without end is cut at its limit and the next one follows at once": (
        "#" * 101,
        [(2, "speech_started", 0), (99, "paused", 100), (99, "turn_ended", 100),
         (100, "speech_started", 100)],
    ),
    "a turn in a pause is cut at its limit too": (
        "#" * 93 + "." * 7,
        [(2, "speech_started", 0), (97, "paused", 93), (99, "turn_ended", 93)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_signals_of(name: str) -> None:
    pattern, expected = CASES[name]
    assert heard(pattern) == expected


def test_a_pause_as_long_as_the_silence_gives_both_signals_at_once() -> None:
    config = CONFIG.model_copy(update={"pause": 0.2, "silence": 0.2})
    assert heard("###" + "." * 5, config)[1:] == [(7, "paused", 3), (7, "turn_ended", 3)]


LEGAL = re.compile(r"(S(PR)*PE)*(S(PR)*P?)?")
LETTERS = {"speech_started": "S", "paused": "P", "resumed": "R", "turn_ended": "E"}
probabilities = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 30)).map(lambda run: [run[0]] * run[1]), max_size=40
).map(lambda runs: [p for run in runs for p in run])


def run(policy: SilenceEndOfTurn, stream: list[float]) -> list[tuple[int, TurnSignal]]:
    return [(now, signal) for now, p in enumerate(stream) for signal in policy.step(p)]


@given(probabilities)
def test_signals_alternate_legally_for_any_stream(stream: list[float]) -> None:
    letters = "".join(LETTERS[signal.kind] for _, signal in run(SilenceEndOfTurn(CONFIG), stream))
    assert LEGAL.fullmatch(letters), letters


@given(probabilities)
def test_frames_never_lie_in_the_future_nor_run_backwards(stream: list[float]) -> None:
    last = 0
    for now, signal in run(SilenceEndOfTurn(CONFIG), stream):
        assert last <= signal.frame <= now + 1
        last = signal.frame


@given(probabilities)
def test_no_speech_long_enough_is_lost(stream: list[float]) -> None:
    """Every run of three loud frames lies in some turn, between its start and its end."""
    signals = run(SilenceEndOfTurn(CONFIG), stream)
    inside = [False] * len(stream)
    start = None
    for _, signal in signals:
        if signal.kind == "speech_started":
            start = signal.frame
        elif signal.kind == "turn_ended":
            assert start is not None
            inside[start : signal.frame] = [True] * (signal.frame - start)
            start = None
    if start is not None:
        inside[start:] = [True] * (len(stream) - start)
    for at in range(len(stream) - 2):
        if all(p >= 0.5 for p in stream[at : at + 3]):
            assert all(inside[at : at + 3])


@given(probabilities)
def test_reset_forgets_the_stream(stream: list[float]) -> None:
    policy = SilenceEndOfTurn(CONFIG)
    first = run(policy, stream)
    policy.reset()
    assert run(policy, stream) == first


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_a_probability_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        SilenceEndOfTurn().step(bad)


def test_thresholds_and_silences_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="end_threshold"):
        EndOfTurnConfig(start_threshold=0.4, end_threshold=0.6)
    with pytest.raises(ValidationError, match="pause"):
        EndOfTurnConfig(pause=0.6, silence=0.5)
    with pytest.raises(ValidationError):
        EndOfTurnConfig.model_validate({"silense": 0.5})


class TestWaits:
    """What evidence about one pause does to it."""

    @staticmethod
    def ended(pattern: str, waits: dict[int, float]) -> list[int]:
        """Frames at which turns end, when before frame n ``waits[n]`` seconds are asked for."""
        policy, ends = SilenceEndOfTurn(CONFIG), []
        for now, mark in enumerate(pattern):
            if now in waits:
                policy.wait(waits[now])
            signals = policy.step(LEVELS[mark])
            ends += [now for signal in signals if signal.kind == "turn_ended"]
        return ends

    @pytest.mark.parametrize(
        ("waits", "ends"),
        [
            pytest.param({}, [16], id="without evidence the configured silence ends the turn"),
            pytest.param({10: 0.28}, [10], id="a turn that is surely over ends early"),
            pytest.param({12: 0.2}, [12], id="a silence that has passed already ends it with the next frame"),
            pytest.param({10: 1.0}, [28], id="a turn that is unfinished waits longer"),
            pytest.param({10: 1.0, 15: 0.6}, [18], id="later evidence replaces earlier"),
            pytest.param({2: 0.2}, [16], id="evidence that comes while the user speaks changes nothing"),
        ],
    )
    def test_a_pause_is_given_its_own_silence(self, waits: dict[int, float], ends: list[int]) -> None:
        assert self.ended("####" + "." * 40, waits) == ends

    def test_the_wait_of_one_pause_is_forgotten_when_speech_goes_on(self) -> None:
        assert self.ended("####" + "." * 8 + "####" + "." * 20, {10: 2.0}) == [28]

    def test_the_wait_of_one_turn_is_forgotten_in_the_next(self) -> None:
        pattern = "####" + "." * 10
        assert self.ended(pattern + "####" + "." * 20, {10: 0.24}) == [10, 30]

    @pytest.mark.parametrize("seconds", [-0.1, float("nan"), float("inf")])
    def test_a_silence_that_can_never_be_reached_is_refused(self, seconds: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            SilenceEndOfTurn(CONFIG).wait(seconds)
