"""Every measure of a face's quality, on motion whose answer is known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from avatar.evaluation.quality.cues import cues
from avatar.evaluation.quality.lips import lip_rows
from avatar.evaluation.quality.listening import listening_rows
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.responsiveness import listening_frames, responsiveness_rows, shift_test
from avatar.evaluation.quality.row import Row
from avatar.evaluation.quality.script import Placed, Script, converse, frames_within, recite
from avatar.evaluation.quality.switches import switch_rows, switches
from avatar.evaluation.quality.timing import lag_row, silence_row
from avatar.evaluation.quality.vowels import vowel_rows
from avatar.motion import COLUMNS, Column
from avatar.training.dyads.utterance import Phone, Utterance

Motion = NDArray[np.float32]
BROW = Column.browInnerUp


def said(phones: str, length: float = 0.12, voice: str = "asterisk", name: str = "one") -> Utterance:
    """An utterance of equally long phones, a buzz where they sound."""
    names = phones.split()
    pieces = [
        np.zeros(round(length * SAMPLE_RATE), np.float32)
        if phone == "SIL"
        else (0.2 * np.sign(np.sin(2 * np.pi * 120 * np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE)))
        for phone in names
    ]
    spans = tuple(Phone(phone, i * length, (i + 1) * length) for i, phone in enumerate(names))
    pcm = np.concatenate(pieces).astype(np.float32)
    return Utterance(name, voice, "test", phones.lower(), pcm, spans)


def still(script: Script) -> Motion:
    return np.zeros((script.frames, COLUMNS), np.float32)


def value(row: Row) -> float:
    assert row.value is not None, row.why
    return row.value


def inside(phone: Phone, margin: float = 0.0) -> slice:
    first, last = frames_within(phone.start, phone.end, margin)
    return slice(first, last + 1)


def phones_of(script: Script) -> list[Phone]:
    return [phone for placed in script.agent for phone in placed.phones]


# --- scripts


def test_a_recital_keeps_phones_where_the_sound_is() -> None:
    script = recite([said("SIL M AA SIL", name=str(i)) for i in range(5)], seed=3)
    loud = np.abs(script.agent_pcm) > 0
    for placed in script.agent:
        start, end = placed.spoken
        assert loud[round(start * SAMPLE_RATE) + 1 : round(end * SAMPLE_RATE) - 1].mean() > 0.95
    assert not script.user_pcm.any()
    assert sorted(item.utterance.name for item in script.agent) == list("01234")


def test_a_conversation_alternates_and_never_overlaps() -> None:
    script = converse([said("SIL " + "AA " * 15, name=str(i)) for i in range(3)], minutes=1)
    assert 60 <= script.seconds < 64
    assert abs(len(script.agent) - len(script.user)) <= 1
    assert not ((script.agent_pcm != 0) & (script.user_pcm != 0)).any()
    order = sorted([*script.agent, *script.user], key=lambda item: item.first)
    assert all(a.last <= b.first for a, b in pairwise(order))


@given(start=st.floats(0, 10), length=st.floats(0, 1), margin=st.floats(0, 0.1))
def test_frames_within_have_their_middle_inside_or_are_the_nearest(
    start: float, length: float, margin: float
) -> None:
    first, last = frames_within(start, start + length, margin)
    middles = (np.arange(first, last + 1) + 0.5) / FRAME_RATE
    assert len(middles) >= 1
    if len(middles) > 1 or start - margin <= middles[0] <= start + length + margin:
        assert middles[0] >= start - margin - 1e-6
        assert middles[-1] <= start + length + margin + 1e-6
        assert middles[0] - 1 / FRAME_RATE < start - margin + 1e-6 or first == 0
        assert middles[-1] + 1 / FRAME_RATE > start + length + margin - 1e-6
    else:
        assert abs(middles[0] - (start + length / 2)) <= 0.5 / FRAME_RATE + 1e-6


# --- lips


def lips(motion: Motion, script: Script) -> tuple[Row, Row]:
    closure, opening = lip_rows([Performance("asterisk", script, motion)], "s", "human")
    return closure, opening


def open_but_on(script: Script, names: str) -> Motion:
    motion = still(script)
    motion[:, Column.jawOpen] = 0.3
    for phone in phones_of(script):
        if phone.name in names.split():
            motion[inside(phone), Column.mouthClose] = 0.3
    return motion


def test_lips_that_close_on_every_p_b_m_score_one() -> None:
    script = recite([said("SIL AA P IY B AA M EH K AA SIL", name=str(i)) for i in range(4)])
    closure, opening = lips(open_but_on(script, "P B M"), script)
    assert value(closure) == 1.0 and closure.met and closure.count == 12
    assert value(opening) == 1.0 and opening.met
    assert closure.details["chance"] < 0.8
    assert closure.interval == (1.0, 1.0)


def test_each_open_closure_is_counted() -> None:
    script = recite([said("SIL AA P IY B AA M EH K AA SIL", name=str(i)) for i in range(4)])
    closure, _ = lips(open_but_on(script, "P M"), script)
    assert value(closure) == pytest.approx(2 / 3)
    assert closure.met is False
    assert closure.details["/b/"] == 0.0 and closure.details["/p/"] == 1.0


@pytest.mark.parametrize(("frame", "counts"), [(8, False), (9, True), (12, True), (13, False)])
def test_a_closure_counts_up_to_40_ms_beside_the_phone(frame: int, counts: bool) -> None:
    pcm = np.zeros(25 * FRAME_SAMPLES, np.float32)
    phones = (Phone("AA", 0.0, 0.40), Phone("M", 0.40, 0.48), Phone("AA", 0.48, 1.0))
    script = Script(pcm, pcm, (Placed(Utterance("a", "v", "test", "", pcm, phones), 0, 25),))
    motion = still(script)
    motion[:, Column.jawOpen] = 0.3
    motion[frame, Column.mouthClose] = 0.3
    closure, _ = lips(motion, script)
    assert value(closure) == float(counts)


def test_a_mouth_that_never_opens_closes_on_nothing() -> None:
    script = recite([said("SIL AA P IY B AA M EH K AA SIL")])
    closure, opening = lips(still(script), script)
    assert closure.value is None and closure.met is False
    assert "chance 100 %" in closure.why
    assert value(opening) == 0.0 and opening.met is False


def test_without_p_b_m_nothing_is_claimed() -> None:
    closure, _ = lips(still(script := recite([said("SIL AA T SIL")])), script)
    assert closure.value is None and closure.met is None


# --- vowels


def vowels(motion: Motion, script: Script) -> tuple[Row, Row]:
    order, rounding = vowel_rows([Performance("asterisk", script, motion)], "s", "human")
    return order, rounding


def shaped(script: Script, jaw: dict[str, float], pucker: dict[str, float]) -> Motion:
    motion = still(script)
    for phone in phones_of(script):
        motion[inside(phone), Column.jawOpen] = jaw.get(phone.name, 0.0)
        motion[inside(phone), Column.mouthPucker] = pucker.get(phone.name, 0.0) / 2
        motion[inside(phone), Column.mouthFunnel] = pucker.get(phone.name, 0.0) / 2
    return motion


def test_vowels_in_order_score_one_and_reversed_ones_nothing() -> None:
    script = recite([said("SIL AA T EH T IY T UW T AE SIL", name=str(i)) for i in range(3)])
    jaw = {"AA": 0.5, "AE": 0.5, "EH": 0.3, "IY": 0.1, "UW": 0.1}
    order, rounding = vowels(shaped(script, jaw, {"UW": 0.6}), script)
    assert value(order) == 1.0 and value(rounding) == 1.0 and order.met and rounding.met
    upside_down = {name: 0.6 - jaw[name] for name in jaw}
    order, rounding = vowels(shaped(script, upside_down, {"EH": 0.5, "IY": 0.5, "AE": 0.5}), script)
    assert value(order) == 0.0 and value(rounding) == 0.0


def test_a_still_face_orders_no_vowels() -> None:
    script = recite([said("SIL AA T EH T IY T UW SIL")])
    order, rounding = vowels(still(script), script)
    assert value(order) == 0.0 and value(rounding) == 0.0


@given(
    st.lists(st.tuples(st.sampled_from(["AA", "EH", "IY", "T"]), st.integers(0, 9)), min_size=2, max_size=14)
)
def test_the_share_of_pairs_is_what_counting_them_gives(vowels_said: list[tuple[str, int]]) -> None:
    length = 0.12
    names = " ".join(name for name, _ in vowels_said)
    utterances = [said(f"SIL {names} SIL", length, name=str(i)) for i in range(2)]
    script = recite(utterances)
    motion = still(script)
    values: dict[str, list[int]] = {"AA": [], "EH": [], "IY": [], "T": []}
    for placed in script.agent:
        for phone, (_, height) in zip(placed.phones[1:], vowels_said, strict=False):
            motion[inside(phone), Column.jawOpen] = height / 10
            values[phone.name].append(height)
    pairs = [(a, b) for over, under in (("AA", "EH"), ("EH", "IY"), ("AA", "IY"))
             for a in values[over] for b in values[under]]  # fmt: skip
    order, _ = vowels(motion, script)
    if not pairs:
        assert order.value is None
        return
    assert value(order) == pytest.approx(np.mean([a > b for a, b in pairs]))
    assert order.samples is not None and (order.samples >= 0).all() and (order.samples <= 1).all()


def test_vowels_of_different_voices_are_never_compared() -> None:
    quiet, loud = recite([said("SIL AA T IY SIL")]), recite([said("SIL AA T IY SIL")])
    low = shaped(quiet, {"AA": 0.2, "IY": 0.1}, {})
    high = shaped(loud, {"AA": 0.9, "IY": 0.8}, {})  # its close vowel is wider than the other's open one
    order, _ = vowel_rows([Performance("a", quiet, low), Performance("b", loud, high)], "s", "x")
    assert value(order) == 1.0 and order.count == 2


# --- silence and lag


def test_a_mouth_shut_in_silence_scores_one_and_one_open_frame_is_seen() -> None:
    script = recite([said("SIL AA M AA SIL", name=str(i)) for i in range(4)])
    motion = still(script)
    for phone in phones_of(script):
        if phone.name == "AA":
            motion[inside(phone, 0.15), Column.jawOpen] = 0.4  # within 200 ms of speech it may be open
    row = silence_row([Performance("asterisk", script, motion)], "s", "human")
    assert value(row) == 1.0 and row.met
    motion[script.agent[0].last + 10, Column.jawOpen] = 0.1
    row = silence_row([Performance("asterisk", script, motion)], "s", "human")
    assert value(row) == pytest.approx(1 - 1 / row.count)


def test_lips_apart_over_a_shut_jaw_are_not_silence() -> None:
    script = recite([said("SIL AA M AA SIL", name=str(i)) for i in range(2)])
    motion = still(script)
    motion[:, Column.jawOpen] = 0.4
    row = silence_row([Performance("asterisk", script, motion)], "s", "human")
    assert value(row) == 0.0 and row.met is False


def swelling(seconds: float) -> Utterance:
    """A buzz that swells and fades irregularly."""
    rng = np.random.default_rng(1)
    count = round(seconds * FRAME_RATE)
    level = np.repeat(rng.uniform(0.01, 0.5, count // 3 + 1), 3)[:count]
    pcm = (np.repeat(level, FRAME_SAMPLES) * np.sign(rng.standard_normal(count * FRAME_SAMPLES))).astype(
        np.float32
    )
    return Utterance("swell", "asterisk", "test", "", pcm, (Phone("AA", 0.0, seconds),))


@pytest.mark.parametrize(("late", "met"), [(-2, False), (-1, True), (0, True), (1, True), (3, False)])
def test_the_lag_of_the_jaw_is_found(late: int, met: bool) -> None:
    script = recite([swelling(12.0)])
    level = np.sqrt((script.agent_pcm.reshape(-1, FRAME_SAMPLES) ** 2).mean(axis=1))
    motion = still(script)
    motion[:, Column.jawOpen] = np.roll(np.log10(level + 0.005) + 2.4, late) / 4
    row = lag_row([Performance("asterisk", script, motion)], "s", "human")
    assert value(row) == pytest.approx(late / FRAME_RATE)
    assert row.met is met
    assert row.interval == pytest.approx((late / FRAME_RATE,) * 2)


@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_a_jaw_that_moves_with_no_sound_has_no_lag(spread: float) -> None:
    script = recite([swelling(12.0)])
    motion = still(script)
    motion[:, Column.jawOpen] = np.random.default_rng(0).uniform(0, spread, script.frames)
    row = lag_row([Performance("asterisk", script, motion)], "s", "human")
    assert row.value is None and row.met is False


# --- a conversation


def talk(minutes: float = 3.0) -> Script:
    """Turns of 2 to 4 s whose phrases end inside and at the end."""
    turns = [
        said("SIL " + "AA T " * 8 + "SIL SIL " + "IY T " * (4 + index % 5) + "SIL", name=str(index))
        for index in range(9)
    ]
    return converse(turns, minutes)


def rows_by_key(rows: list[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows}


def nod(motion: Motion, at: int, rate: float = 3.5) -> None:
    length = round(2 / rate * FRAME_RATE)
    end = min(at + length, len(motion))
    cycle = 0.08 * (0.5 - 0.5 * np.cos(2 * np.pi * rate * np.arange(length) / FRAME_RATE))
    motion[at:end, Column.headPitch] += cycle[: end - at].astype(np.float32)


def blink(motion: Motion, at: int) -> None:
    lid = [0.4, 1.0, 0.8, 0.4, 0.1][: len(motion) - at]
    motion[at : at + len(lid), Column.eyeBlinkLeft] = lid


def test_nods_blinks_and_gaze_are_counted_by_role() -> None:
    script = talk()
    motion = still(script)
    for item in script.user:
        nod(motion, item.first + 20)
        blink(motion, item.first + 30)
    for item in script.agent:
        blink(motion, item.first + 15)
        blink(motion, item.first + 30)
        motion[item.first : item.last, Column.leftEyeYaw] = 0.3
    rows = rows_by_key(listening_rows(Performance("c", script, motion)))
    listened = sum(end - start for start, end in (item.spoken for item in script.user)) / 60
    assert value(rows["listening.nods"]) == pytest.approx(len(script.user) / listened, rel=0.02)
    assert value(rows["listening.nod_rate"]) == pytest.approx(3.5, rel=0.1)
    assert value(rows["listening.blink_ratio"]) == pytest.approx(2.0, rel=0.15)
    assert rows["listening.blink_ratio"].met
    assert value(rows["listening.gaze"]) == 1.0 and rows["listening.gaze"].met is False
    assert value(rows["listening.gaze_speaking"]) == 0.0


def test_a_listener_that_moves_its_head_more_than_a_speaker_fails() -> None:
    script = talk()
    times = np.arange(script.frames) / FRAME_RATE
    motion = still(script)
    motion[:, Column.headYaw] = 0.02 * np.sin(2 * np.pi * times)
    calm = rows_by_key(listening_rows(Performance("c", script, motion)))["listening.head"]
    assert value(calm) == pytest.approx(1.0, abs=0.05)
    for item in script.user:
        motion[item.first : item.last, Column.headYaw] *= 2
    row = rows_by_key(listening_rows(Performance("c", script, motion)))["listening.head"]
    assert value(row) == pytest.approx(0.5, abs=0.08) and row.met is False


def test_a_still_face_fails_what_it_never_does() -> None:
    script = talk()
    rows = rows_by_key(
        [
            *listening_rows(Performance("c", script, still(script))),
            *responsiveness_rows(Performance("c", script, still(script))),
        ]
    )
    for key in ("listening.nods", "listening.nod_rate", "listening.blinks", "listening.blink_length"):
        assert rows[key].met is False, key
    assert rows["responsiveness.nods"].met is False
    assert rows["responsiveness.nods"].why == "nothing moves"


# --- responsiveness


def test_cues_are_ends_of_phrases_and_stretches_of_low_pitch() -> None:
    seconds, rate = 3.0, SAMPLE_RATE
    times = np.arange(round(seconds * rate)) / rate
    pitch = np.where((times > 1.5) & (times < 1.8), 90.0, 130.0 + 20 * np.sin(2 * np.pi * times))
    buzz = 0.3 * (np.diff(np.floor(np.cumsum(pitch) / rate), prepend=0) > 0).astype(np.float32)
    buzz = np.convolve(buzz, np.exp(-np.arange(60) / 15), mode="same").astype(np.float32)
    pcm = np.concatenate([buzz, np.zeros(rate, np.float32), buzz[: rate // 2]])
    phones = (
        Phone("AA", 0.0, 3.0), Phone("SIL", 3.0, 4.0), Phone("AA", 4.0, 4.5),
    )  # fmt: skip
    placed = Placed(Utterance("a", "v", "test", "", pcm, phones), 0, len(pcm) // FRAME_SAMPLES)
    found = cues(pcm, [placed])
    assert found.phrase_ends.tolist() == [3.0]  # the second phrase is too short to be answered
    assert any(abs(time - 1.5) < 0.1 for time in found.low_pitch)
    assert all(time >= 0.7 for time in found.low_pitch)


def test_nods_after_phrase_ends_are_answers() -> None:
    script = talk(6.0)
    motion = still(script)
    for time in cues(script.user_pcm, script.user).phrase_ends:
        nod(motion, round((time + 0.4) * FRAME_RATE))
    rows = rows_by_key(responsiveness_rows(Performance("c", script, motion)))
    assert value(rows["responsiveness.nods"]) < 0.01 and rows["responsiveness.nods"].met
    assert value(rows["responsiveness.pitch"]) < 0.01
    assert rows["responsiveness.nods"].details["effect_in_sigma"] > 3


@pytest.mark.parametrize("seed", range(4))
def test_nods_at_any_time_while_listening_are_no_answers(seed: int) -> None:
    script = talk(6.0)
    motion = still(script)
    rng = np.random.default_rng(seed)
    heard = np.flatnonzero(listening_frames(script))
    for frame in np.sort(rng.choice(heard, 80, replace=False)):
        nod(motion, int(frame))
    row = rows_by_key(responsiveness_rows(Performance("c", script, motion)))["responsiveness.nods"]
    assert value(row) > 0.01 and row.met is False


def test_knowing_who_speaks_is_not_yet_an_answer() -> None:
    script = talk(6.0)
    motion = still(script)
    heard = listening_frames(script)
    times = np.arange(script.frames) / FRAME_RATE
    motion[heard, Column.headPitch] = 0.05 * np.sin(2 * np.pi * 1.3 * times)[heard]
    row = rows_by_key(responsiveness_rows(Performance("c", script, motion)))["responsiveness.pitch"]
    assert value(row) > 0.01


def test_the_least_p_is_one_over_shifts_and_one() -> None:
    answering = np.zeros(2000, dtype=np.bool_)
    answering[100:2000:200] = True
    rng = np.random.default_rng(0)
    moved = answering.astype(np.float64)
    moved[rng.integers(0, 2000, 20)] = 1.0
    test = shift_test(moved, answering, seed=0, shifts=500)
    assert test is not None
    assert test.p >= 1 / 501
    assert len(test.shifted) == 500
    assert test.shifted.mean() == pytest.approx(1.0, abs=0.3)


# --- role switches


def swaying(script: Script) -> Motion:
    times = np.arange(script.frames) / FRAME_RATE
    motion = still(script)
    motion[:, Column.headYaw] = 0.05 * np.sin(2 * np.pi * 0.4 * times)
    motion[:, Column.headPitch] = 0.05 * np.sin(2 * np.pi * 0.3 * times + 1)
    motion[:, BROW] = 0.2 + 0.2 * np.sin(2 * np.pi * 0.5 * times)
    for item in script.agent:
        for phone in item.phones:
            if phone.name == "AA":
                motion[inside(phone), Column.jawOpen] = 0.2
    return motion


def test_a_face_that_flows_on_has_no_jumps() -> None:
    script = talk()
    rows = switch_rows(Performance("c", script, swaying(script)))
    assert [value(row) for row in rows] == [1.0, 1.0, 1.0]
    assert all(row.met for row in rows)


@pytest.mark.parametrize(
    ("column", "by", "key"),
    [(Column.headYaw, 0.2, "head"), (BROW, 0.5, "expression"), (Column.mouthPucker, 0.7, "mouth")],
)
def test_one_jump_at_one_switch_is_found(column: Column, by: float, key: str) -> None:
    script = talk()
    motion = swaying(script)
    at = switches(script)
    lonely = next(
        f for i, f in enumerate(at[1:-1], 1) if at[i] - at[i - 1] > 11 and at[i + 1] - f > 11
    )  # no other switch is near
    motion[lonely + 2, column] += by * (-1 if motion[lonely + 2, column] > 0.5 else 1)
    rows = rows_by_key(switch_rows(Performance("c", script, motion)))
    row = rows[f"switches.{key}"]
    assert value(row) == pytest.approx(1 - 1 / len(at)) and row.met is False


def test_a_jump_at_every_switch_does_not_raise_its_own_bar() -> None:
    script = talk()
    motion = swaying(script)
    at = switches(script)
    motion[:, Column.headYaw] += 0.15 * (np.searchsorted(at, np.arange(script.frames), side="right") % 2)
    row = rows_by_key(switch_rows(Performance("c", script, motion)))["switches.head"]
    assert value(row) == 0.0


def test_a_nod_at_a_switch_is_no_jump_but_a_twitch_is() -> None:
    script = talk()
    motion = swaying(script)
    for frame in switches(script)[1::4]:
        nod(motion, int(frame) - 4)
    row = rows_by_key(switch_rows(Performance("c", script, motion)))["switches.head"]
    assert row.met, row.details
    motion[switches(script)[2] + 1, Column.headPitch] += 0.1  # there and back within a frame
    row = rows_by_key(switch_rows(Performance("c", script, motion)))["switches.head"]
    assert row.met is False


def test_a_blink_at_a_switch_is_no_jump() -> None:
    script = talk()
    motion = swaying(script)
    for frame in switches(script):
        blink(motion, int(frame))
    assert all(row.met for row in switch_rows(Performance("c", script, motion)))


def test_motion_of_another_length_is_refused() -> None:
    script = talk(1.0)
    with pytest.raises(ValueError, match="frames of motion"):
        Performance("c", script, still(script)[:-1])
