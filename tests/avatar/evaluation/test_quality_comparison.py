"""Targets, verdicts, confidence, and a face beside a recorded one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from avatar.animator import FRAME_RATE, FRAME_SAMPLES, SAMPLE_RATE
from avatar.evaluation.quality import QualityError, Row, compare, gather
from avatar.evaluation.quality.bootstrap import block_sums, correlation, interval, ratio
from avatar.evaluation.quality.compare import Verdict, verdict
from avatar.evaluation.quality.recorded import RecordedClip, load_clip, neck_of, recorded_rows
from avatar.evaluation.quality.row import Unit
from avatar.evaluation.quality.targets import AtLeast, Below, Near, Target, Within
from avatar.motion import COLUMNS, HEAD, Column
from avatar.retarget.flame import FlameMotion, FlameRetargeting
from avatar.retarget.flame_map import FlameMap
from avatar.training.dyads.bank import BankError, BankIndex, write_index, write_voice
from avatar.training.dyads.utterance import Phone, Utterance

FRAMES = 250


def row(value: float | None, target: Target, samples: np.ndarray | None = None, **more: object) -> Row:  # type: ignore[type-arg]
    return Row("k", "s", "w", value, target, Unit.NUMBER, 1, "things", samples=samples, **more)  # type: ignore[arg-type]


# --- targets and verdicts


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_values_inside_a_range_are_all_equally_good(a: float, b: float) -> None:
    target = Within(-1.0, 1.0, "")
    assert target.met(a) == (-1 <= a <= 1) or abs(abs(a) - 1) < 1e-8
    one, other = row(a, target), row(b, target)
    if target.met(a) and target.met(b) and max(abs(a), abs(b)) <= 1:
        assert verdict(one, other) is Verdict.EQUAL
    elif target.met(a) and abs(b) > 1.001:
        assert verdict(one, other) is Verdict.BETTER


@pytest.mark.parametrize(
    ("target", "just", "better", "worse"),
    [
        (AtLeast(0.9, ""), 0.9, 0.95, 0.8),
        (Below(10.0, ""), 9.999, 5.0, 12.0),
        (Near(1.0, 2.0, ""), 2.0, 1.1, 3.0),
        (Near(1.0, 2.0, ""), 0.5, 0.9, 0.1),
    ],
)
def test_scores_and_verdicts_agree_about_what_is_better(
    target: Target, just: float, better: float, worse: float
) -> None:
    assert target.score(just) == pytest.approx(1.0, abs=1e-3)
    assert target.score(better) > 1 > target.score(worse)
    assert target.met(just) and target.met(better) and not target.met(worse)
    assert verdict(row(better, target), row(just, target)) is Verdict.BETTER
    assert verdict(row(worse, target), row(just, target)) is Verdict.WORSE


def test_what_chance_may_have_made_is_equal() -> None:
    target = AtLeast(0.9, "")
    rng = np.random.default_rng(0)
    mine, noise = rng.normal(0.93, 0.01, 1000), rng.normal(0, 0.03, 1000)
    assert verdict(row(0.93, target, mine), row(0.92, target, mine - 0.01 + noise)) is Verdict.EQUAL
    assert verdict(row(0.93, target, mine), row(0.92, target, mine - 0.01)) is Verdict.BETTER


def test_a_face_that_does_nothing_is_worse_than_one_that_does_it_badly() -> None:
    target = Within(2.6, 6.5, "")
    nothing = row(None, target, why="it never nods", failed=True)
    assert nothing.met is False
    assert verdict(nothing, row(9.0, target)) is Verdict.WORSE
    assert verdict(row(9.0, target), nothing) is Verdict.BETTER
    assert verdict(nothing, nothing) is Verdict.EQUAL


def test_what_the_material_cannot_tell_is_unknown() -> None:
    target = Below(1.0, "")
    unknown = row(None, target, why="needs a map")
    assert unknown.met is None
    assert verdict(unknown, row(0.5, target)) is Verdict.UNKNOWN


def test_some_rows_are_met_only_if_the_other_is_beaten_too() -> None:
    target = Below(1.0, "")
    mine, better = row(0.5, target, beat_both=True), row(0.3, target, beat_both=True)
    assert compare("a", [mine]).pairs[0].met is True
    assert compare("a", [mine], "b", [better]).pairs[0].met is False
    assert compare("a", [better], "b", [mine]).pairs[0].met is True
    assert compare("a", [mine], "b", [mine]).pairs[0].met is False


# --- confidence


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        prompts = rng.beta(8, 2, 40)  # each prompt with a share of its own, 0.8 on average
        said = rng.integers(1, 6, 40).astype(np.float64)
        low, high = interval(ratio(rng.binomial(said.astype(int), prompts).astype(np.float64), said))
        covered += low <= 0.8 <= high
    assert 0.88 <= covered / 200 <= 1.0


@given(st.integers(0, 1000), st.integers(1, 30))
def test_block_sums_give_the_usual_correlation(seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal(50), rng.standard_normal(50)
    where = rng.random(50) < 0.7
    where[:3] = True
    sums = block_sums(a, b, where, block).sum(axis=0)
    assert float(correlation(sums)) == pytest.approx(np.corrcoef(a[where], b[where])[0, 1], abs=1e-9)


# --- a recorded face


@pytest.fixture
def flame_map() -> FlameMap:
    rng = np.random.default_rng(0)
    names = ("jawOpen", "browInnerUp", "mouthPucker")
    jaw = np.zeros((3, 3))
    jaw[0, 0] = 0.3
    return FlameMap.of(rng.normal(0, 1, (3, 50)), jaw, names)


def moving(seed: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    """Motion with a jaw, brows and a head that move."""
    rng = np.random.default_rng(seed)
    times = np.arange(FRAMES) / FRAME_RATE
    motion = np.zeros((FRAMES, COLUMNS), np.float32)
    motion[:, Column.jawOpen] = np.repeat(rng.uniform(0, 0.6, FRAMES // 5), 5)
    motion[:, Column.browInnerUp] = 0.3 + 0.3 * np.sin(times)
    motion[:, Column.headYaw] = 0.2 * np.sin(1.7 * times)
    motion[:, Column.headPitch] = 0.1 * np.cos(2.3 * times)
    return motion


def clip_of(motion: np.ndarray, flame_map: FlameMap) -> RecordedClip:  # type: ignore[type-arg]
    noise = np.random.default_rng(5).normal(0, 0.1, FRAMES * FRAME_SAMPLES).astype(np.float32)
    return RecordedClip("clip", noise, np.zeros_like(noise), FlameRetargeting(flame_map).to_flame(motion))


def by_key(rows: list[Row]) -> dict[str, Row]:
    return {one.key: one for one in rows}


def test_the_real_face_itself_is_perfect(flame_map: FlameMap) -> None:
    rows = by_key(recorded_rows(clip_of(moving(), flame_map), [moving()], flame_map))
    assert rows["recorded.jaw"].value == pytest.approx(1.0, abs=1e-6)
    assert rows["recorded.head"].value == pytest.approx(1.0, abs=1e-5)
    for part in ("exp", "jaw", "pose"):
        assert rows[f"recorded.fd_{part}"].value == pytest.approx(0.0, abs=1e-6)
        assert rows[f"recorded.fd_{part}"].met


def test_a_frozen_face_reaches_nothing(flame_map: FlameMap) -> None:
    frozen = np.repeat(moving().mean(axis=0)[None], FRAMES, axis=0).astype(np.float32)
    rows = by_key(recorded_rows(clip_of(moving(), flame_map), [frozen], flame_map))
    assert rows["recorded.jaw"].value == pytest.approx(0.0, abs=1e-6)
    assert rows["recorded.head"].value == pytest.approx(0.0, abs=1e-9)
    assert not any(one.met for one in rows.values())
    covariance = np.cov(neck_of(moving()).T)
    assert rows["recorded.fd_pose"].value == pytest.approx(np.trace(covariance), rel=1e-4)


def test_a_head_that_moves_twice_as_far_has_four_times_the_variance(flame_map: FlameMap) -> None:
    wild = moving()
    wild[:, HEAD] *= 2
    rows = by_key(recorded_rows(clip_of(moving(), flame_map), [wild], flame_map))
    assert rows["recorded.head"].value == pytest.approx(4.0, rel=0.02)
    assert rows["recorded.head"].met is False


def test_the_jaw_is_compared_where_the_agent_speaks(flame_map: FlameMap) -> None:
    clip = clip_of(moving(), flame_map)
    clip.agent_pcm[100 * FRAME_SAMPLES :] = 0
    motion = moving()
    motion[110:, Column.jawOpen] = moving(9)[110:, Column.jawOpen]  # nonsense where it is silent
    rows = by_key(recorded_rows(clip, [motion], flame_map))
    assert rows["recorded.jaw"].value == pytest.approx(1.0, abs=1e-6)
    assert rows["recorded.jaw"].count == 100


def test_without_a_map_only_jaw_and_head_are_measured(flame_map: FlameMap) -> None:
    rows = by_key(recorded_rows(clip_of(moving(), flame_map), [moving()], None))
    assert rows["recorded.fd_exp"].met is None and "map" in rows["recorded.fd_exp"].why
    assert rows["recorded.fd_jaw"].value is None
    assert rows["recorded.fd_pose"].met and rows["recorded.jaw"].met


def test_the_neck_is_the_head_as_a_rotation_vector() -> None:
    motion = moving()
    motion[:, Column.headRoll] = 0.05
    turned = Rotation.from_rotvec(neck_of(motion)).as_euler("YXZ")
    assert np.allclose(turned, motion[:, HEAD], atol=1e-6)


# --- reading


def write_clip(folder: Path, flame: FlameMotion, rate: int = SAMPLE_RATE) -> None:
    folder.mkdir()
    for speaker in (1, 2):
        soundfile.write(folder / f"talk_speaker{speaker}.wav", np.zeros(FRAMES * FRAME_SAMPLES), rate)
    np.savez(folder / "talk_speaker1.npz", exp=flame.expression, pose=np.hstack([flame.neck, flame.jaw]))


def test_a_clip_is_read_with_the_neck_before_the_jaw(tmp_path: Path, flame_map: FlameMap) -> None:
    flame = FlameRetargeting(flame_map).to_flame(moving())
    write_clip(tmp_path / "clip", flame)
    clip = load_clip(tmp_path / "clip")
    assert clip.name == "talk"
    assert np.array_equal(clip.truth.jaw, flame.jaw) and np.array_equal(clip.truth.neck, flame.neck)


def test_an_incomplete_clip_says_what_is_missing(tmp_path: Path, flame_map: FlameMap) -> None:
    with pytest.raises(QualityError, match=r"0 files \*_speaker1.npz"):
        load_clip(tmp_path)
    flame = FlameRetargeting(flame_map).to_flame(moving())
    write_clip(tmp_path / "deaf", flame)
    (tmp_path / "deaf" / "talk_speaker2.wav").unlink()
    with pytest.raises(QualityError, match=r"talk_speaker2.wav: no such file"):
        load_clip(tmp_path / "deaf")
    write_clip(tmp_path / "slow", flame, rate=8000)
    with pytest.raises(QualityError, match="8000 Hz"):
        load_clip(tmp_path / "slow")
    write_clip(tmp_path / "blind", flame)
    np.savez(tmp_path / "blind" / "talk_speaker1.npz", exp=flame.expression)
    with pytest.raises(QualityError, match="missing pose"):
        load_clip(tmp_path / "blind")


def utterance(name: str, voice: str, material: str, backchannel: bool = False) -> Utterance:
    pcm = np.full(SAMPLE_RATE * 2, 0.1, np.float32)
    phones = (Phone("SIL", 0.0, 0.5), Phone("AA", 0.5, 1.8), Phone("SIL", 1.8, 2.0))
    return Utterance(name, voice, material, "ah", pcm, phones, backchannel)


def write_bank(folder: Path, utterances: list[Utterance]) -> Path:
    voices = sorted({one.voice for one in utterances})
    records = [
        write_voice(
            folder, [u for u in utterances if u.voice == voice], source="made here", licence="CC0-1.0"
        )
        for voice in voices
    ]
    write_index(folder, BankIndex(seed=0, voices=tuple(records)))
    return folder


def test_only_held_out_speech_is_gathered(tmp_path: Path) -> None:
    bank = write_bank(
        tmp_path,
        [
            utterance("a", "asterisk-allison", "test"),
            utterance("b", "asterisk-allison", "train"),
            utterance("c", "asterisk-allison", "validation"),
            *(utterance(f"d{i}", "joan", "test") for i in range(5)),
            utterance("e", "joe", "train"),
            utterance("mm", "joan", "test", backchannel=True),
        ],
    )
    material = gather(bank, a_voice=3)
    assert [one.name for one in material.human] == ["a"]
    assert list(material.synthetic) == ["joan"] and len(material.synthetic["joan"]) == 3
    assert not any(one.backchannel for one in material.synthetic["joan"])
    assert any("only 1 held-out human prompts; 100 are due" in told for told in material.missing)


def test_a_bank_without_human_prompts_or_no_bank_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BankError, match="visavis corpus bank"):
        gather(tmp_path / "nowhere")
    with pytest.raises(QualityError, match="no held-out human prompt"):
        gather(write_bank(tmp_path, [utterance("d", "joan", "test")]))
