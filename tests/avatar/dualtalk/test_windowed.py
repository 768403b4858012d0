"""Official DualTalk live: slots, their windows, blending, and both motion spaces."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from avatar import AnimatorConfig, animate, load_animator
from avatar.device import DeviceError
from avatar.dualtalk import CheckpointError, WindowedDualTalk, save_checkpoint
from avatar.dualtalk.slots import WindowedSlots
from avatar.motion import ARTICULATORS, COLUMNS, HEAD, Column, MotionError, clip, validate
from avatar.procedural.animator import ProceduralAnimator
from avatar.retarget import FlameMap, FlameMotion, FlameRetargeting, RetargetError
from tests.avatar.dualtalk.conftest import Make, chirps

WINDOW = 25  # frames: 1 s
LONGEST = 430  # frames of a talk


def options(**window: object) -> AnimatorConfig:
    return AnimatorConfig.model_validate({"name": "dualtalk", "window": {"window_s": 1.0, **window}})


def talk(frames: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both sides' sound (frames, 640) and the user's motion (frames, 61)."""
    agent, user = (chirps(LONGEST * 640, 1, seed + part).numpy().reshape(LONGEST, 640) for part in (0, 50))
    random = np.random.default_rng(seed)
    motion = np.zeros((LONGEST, COLUMNS), np.float32)
    motion[:, :52] = random.random((LONGEST, 52)) * (random.random((LONGEST, 52)) < 0.2)
    motion[:, HEAD] = random.normal(0, 0.1, (LONGEST, 3))
    return agent[:frames], user[:frames], motion[:frames]


def run(animator: WindowedDualTalk, frames: int = 40, seed: int = 0, material: int = 0) -> np.ndarray:
    """The face of a talk whose agent's sound is known as far ahead as the animator looks."""
    agent, user, motion = talk(frames + animator.look_ahead, material)
    with animator.stream(seed) as face:
        return np.array(
            [
                face.step(agent[at], user[at], motion[at], agent[at + 1 : at + 1 + animator.look_ahead])
                for at in range(frames)
            ]
        )


class TestTiming:
    @pytest.mark.parametrize(("step", "ahead", "seed"), [(1, 0, 0), (3, 0, 0), (3, 0, 2), (2, 4, 0)], ids=str)
    def test_a_frame_is_what_the_model_makes_of_the_last_second(
        self, make: Make, step: int, ahead: int, seed: int
    ) -> None:
        """Without blending, each frame is one frame of one pass; the agent's sound runs ahead in it."""
        model = make(columns=61)
        config = options(step_frames=step, look_ahead_frames=ahead, blend_frames=0)
        animator = WindowedDualTalk(model, None, config)
        assert animator.look_ahead == step - 1 + ahead
        shown = run(animator, seed=seed)
        agent, user, motion = (np.concatenate([0 * part[:WINDOW], part]) for part in talk(50))
        for frame in range(20, 40):
            passed = frame - (frame + 1 + seed) % step  # the last frame on which a pass ran
            window = slice(passed + 1, passed + 1 + WINDOW)
            said = slice(window.start + animator.look_ahead, window.stop + animator.look_ahead)
            parts = (agent[said].reshape(1, -1), user[window].reshape(1, -1), motion[window][None])
            with torch.no_grad():
                made = model(*(torch.from_numpy(part) for part in parts))[0].numpy()
            of_its_sound = WINDOW - 1 - animator.look_ahead + frame - passed
            np.testing.assert_allclose(shown[frame], clip(made[of_its_sound]), atol=1e-4)

    def test_an_agent_that_is_interrupted_does_not_say_what_it_had_planned(self, make: Make) -> None:
        """What was promised ahead of time and then didn't come leaves no trace."""
        config = options(step_frames=1, look_ahead_frames=4, blend_frames=0)
        animator = WindowedDualTalk(make(columns=61), None, config)
        agent, user, _ = talk(30)
        silence, shown = np.zeros((4, 640), np.float32), []
        for planned in (agent, talk(30, seed=9)[0]):
            with animator.stream() as face:
                spoken = [face.step(agent[at], user[at], None, planned[at + 1 : at + 5]) for at in range(8)]
                cut = [face.step(silence[0], user[at], None, silence) for at in range(8, 12)]
            shown.append(np.array(spoken + cut))
        assert np.abs(shown[0][:8] - shown[1][:8]).max() > 0.01
        np.testing.assert_array_equal(shown[0][8:], shown[1][8:])

    def test_sound_ahead_that_is_not_known_counts_as_silence(self, make: Make) -> None:
        animator = WindowedDualTalk(make(columns=61), None, options(step_frames=3))
        agent, user, _ = talk(9)
        unknown, silent = np.full((2, 640), np.nan, np.float32), np.zeros((2, 640), np.float32)
        made = []
        for ahead in (None, unknown, silent, agent[:2]):
            with animator.stream() as face:
                made.append(np.array([face.step(agent[at], user[at], None, ahead) for at in range(9)]))
        np.testing.assert_array_equal(made[0], made[1])
        np.testing.assert_array_equal(made[0], made[2])
        assert np.abs(made[0] - made[3]).max() > 0.01

    def test_the_face_is_at_rest_before_the_first_pass_and_leaves_it_gently(self, make: Make) -> None:
        model = make(columns=61)
        shown = run(WindowedDualTalk(model, None, options(step_frames=4, blend_frames=9)), frames=12)
        assert not shown[:3].any() and shown[3].any()
        hard = run(WindowedDualTalk(model, None, options(step_frames=4, blend_frames=0)), frames=12)
        assert np.abs(shown[3]).max() < 0.5 * np.abs(hard[3]).max()

    def test_blending_takes_the_jumps_away_that_passes_make(self, make: Make) -> None:
        model = make(columns=61, seed=1)
        jump = {}
        for blend in (0, 8):
            shown = run(WindowedDualTalk(model, None, options(step_frames=5, blend_frames=blend)), frames=60)
            steps = np.abs(np.diff(shown[14:], axis=0)).max(axis=1)  # passes begin at 4, 9, 14, 19, ...
            jump[blend] = steps[4::5].max()
        assert jump[8] < 0.4 * jump[0]

    def test_frames_to_come_change_nothing(self, make: Make) -> None:
        animator = WindowedDualTalk(make(columns=61), None, options())
        whole = run(animator, frames=40)
        np.testing.assert_array_equal(run(animator, frames=25), whole[:25])


class TestSlots:
    def test_each_slot_is_what_a_single_stream_of_its_seed_would_be(self, make: Make) -> None:
        """Three conversations that begin, pause and end at different times, on two slots."""
        animator = WindowedDualTalk(make(columns=61), None, options(step_frames=3))
        single = {seed: run(animator, frames=20, seed=seed, material=seed) for seed in (5, 6, 7)}
        random = np.random.default_rng(0)
        sitting: list[int | None] = [5, None]
        waiting, heard, compared = [6, 7], {5: 0, 6: 0, 7: 0}, 0
        with animator.open_slots(2) as bank:
            bank.reset(0, 5)
            for tick in range(70):
                if sitting[1] is None and tick >= 4 and waiting:
                    sitting[1] = waiting.pop(0)
                    bank.reset(1, sitting[1])
                mask = np.array([seed is not None and random.random() < 0.7 for seed in sitting])
                agent, user = np.full((2, 2, 640), np.nan, np.float32)  # whoever doesn't run isn't looked at
                motion = np.full((2, COLUMNS), np.nan, np.float32)
                ahead = np.full((2, 2, 640), np.nan, np.float32)
                for slot in np.flatnonzero(mask):
                    seed = sitting[slot]
                    assert seed is not None
                    agent[slot], user[slot], motion[slot] = (part[heard[seed]] for part in talk(20, seed))
                    ahead[slot] = talk(22, seed)[0][heard[seed] + 1 : heard[seed] + 3]
                made = bank.step(mask, agent, user, motion, ahead)
                assert not made[~mask].any()
                for slot in np.flatnonzero(mask):
                    seed = sitting[slot]
                    assert seed is not None
                    np.testing.assert_allclose(made[slot], single[seed][heard[seed]], atol=1e-4)
                    compared += 1
                    heard[seed] += 1
                    if heard[seed] == 20:
                        sitting[slot] = None
        assert compared == 60

    def test_passes_of_slots_with_different_seeds_are_spread_over_frames(self, make: Make) -> None:
        batches: list[int] = []
        animator = WindowedDualTalk(make(columns=61), None, options(step_frames=4))
        passes = animator._passes

        def counted(agent: np.ndarray, user: np.ndarray, motion: np.ndarray) -> np.ndarray:
            batches.append(len(agent))
            return passes(agent, user, motion)

        counted.warm = passes.warm  # type: ignore[attr-defined]
        bank = WindowedSlots(counted, animator._space, animator.config, 8)  # type: ignore[arg-type]
        agent, user, _ = talk(8)
        for frame in range(8):
            bank.step(np.ones(8, np.bool_), np.tile(agent[frame], (8, 1)), np.tile(user[frame], (8, 1)))
        assert batches == [2] * 8

    def test_wrong_input_is_refused_before_any_state_has_changed(self, make: Make) -> None:
        animator = WindowedDualTalk(make(columns=61), None, options(step_frames=1))
        agent, user, motion = talk(6)
        both = np.ones(2, np.bool_)

        def two(part: np.ndarray, frame: int) -> np.ndarray:
            return np.tile(part[frame], (2, 1))

        with animator.open_slots(2) as bank, animator.open_slots(2) as undisturbed:
            broken = two(agent, 0).copy()
            broken[1, 7] = np.inf
            bad_motion = two(motion, 0).copy()
            bad_motion[1, 3] = np.nan
            for arguments, complaint in (
                ((both, broken, two(user, 0), two(motion, 0)), "agent sound: sample 7 is inf"),
                ((both, two(agent, 0), two(user, 0), bad_motion), "user motion: eyeLookOutLeft is nan"),
                ((both[:1], two(agent, 0), two(user, 0)), r"mask has shape \(1,\); 2 slots need \(2,\)"),
                ((both, agent[0], two(user, 0)), "agent sound has shape"),
                ((both, two(agent, 0), two(user, 0)[:, :600]), "user sound has shape"),
                ((both, two(agent, 0), two(user, 0), two(motion, 0)[:, :56]), "user motion has shape"),
                ((both.astype(np.float32), two(agent, 0), two(user, 0)), "mask must be boolean"),
                (
                    (both, two(agent, 0), two(user, 0), None, np.zeros((2, 1, 640), np.float32)),
                    r"agent sound ahead has shape \(2, 1, 640\); 2 slots need \(2, 0, 640\)",
                ),
            ):
                with pytest.raises(MotionError, match=complaint):
                    bank.step(*arguments)
            for frame in range(6):
                inputs = (two(agent, frame), two(user, frame), two(motion, frame))
                np.testing.assert_array_equal(bank.step(both, *inputs), undisturbed.step(both, *inputs))
            with pytest.raises(MotionError, match=r"no slot 2; the bank has 0\.\.1"):
                bank.reset(2, 0)
        with pytest.raises(MotionError, match="at least 1 slot"), animator.open_slots(0):
            pass

    def test_a_slot_whose_model_overflows_says_so_and_recovers(self, make: Make) -> None:
        model = make(columns=61)
        animator = WindowedDualTalk(model, None, options(step_frames=1))
        bias = model.synthesis_module.blendshape_predictor.bias
        agent, user, _ = talk(4)
        with animator.stream() as face, torch.no_grad():
            kept = bias.clone()
            assert np.isfinite(face.step(agent[0], user[0])).all()
            bias.fill_(torch.inf)
            assert np.isnan(face.step(agent[1], user[1])).all()
            bias.copy_(kept)
            assert np.isfinite(face.step(agent[2], user[2])).all()


class TestFlame:
    def test_faces_are_valid_and_the_head_is_the_necks(
        self, make: Make, retargeting: FlameRetargeting
    ) -> None:
        model = make()
        shown = run(WindowedDualTalk(model, retargeting, options(step_frames=1, blend_frames=0)), frames=30)
        validate(shown)
        agent, user, motion = talk(30)
        flame = retargeting.to_flame(motion).flame56[-WINDOW:]
        with torch.no_grad():
            made = model(
                *(torch.from_numpy(part[-WINDOW:].reshape(1, -1)) for part in (agent, user)),
                torch.from_numpy(flame)[None],
            )[0, -1:].numpy()
        due = retargeting.to_arkit(FlameMotion(made[:, :50], made[:, 50:53], made[:, 53:]))[0]
        mouth_and_head = [*ARTICULATORS, *range(HEAD.start, HEAD.stop)]
        np.testing.assert_allclose(shown[-1, mouth_and_head], due[mouth_and_head], atol=2e-3)
        assert np.abs(due[HEAD]).max() > 0.1

    def test_the_users_face_matters_and_an_unknown_one_is_a_face_at_rest(
        self, make: Make, retargeting: FlameRetargeting
    ) -> None:
        animator = WindowedDualTalk(make(), retargeting, options())
        agent, user, motion = talk(20)
        made = []
        for theirs in (motion, None, np.zeros_like(motion)):
            with animator.open_slots(1) as bank:
                for frame in range(20):
                    seen = None if theirs is None else theirs[frame : frame + 1]
                    last = bank.step(np.ones(1, np.bool_), agent[frame][None], user[frame][None], seen)
                made.append(last)
        known, unknown, at_rest = made
        assert np.abs(known - unknown).max() > 0.02
        np.testing.assert_allclose(unknown, at_rest, atol=1e-6)

    def test_a_face_without_eyes_of_its_own_blinks_and_looks_about(
        self, make: Make, retargeting: FlameRetargeting
    ) -> None:
        """The same seed blinks alike, another one differently."""
        animator = WindowedDualTalk(make(), retargeting, options(step_frames=20))
        one, again, other = (run(animator, frames=400, seed=seed) for seed in (20, 20, 40))
        np.testing.assert_array_equal(one, again)
        lids = one[:, Column.eyeBlinkLeft]
        assert lids.max() > 0.9 and np.median(lids) == 0
        assert one[:, Column.leftEyeYaw].std() > 0.01
        np.testing.assert_array_equal(one[:, HEAD], other[:, HEAD])
        assert np.abs(lids - other[:, Column.eyeBlinkLeft]).max() > 0.5

    def test_gains_move_mouth_and_head_apart(self, make: Make, retargeting: FlameRetargeting) -> None:
        def with_gains(**gains: float) -> np.ndarray:
            config = options().model_copy(update=gains)
            return run(WindowedDualTalk(make(), retargeting, config), frames=12)

        usual, still = with_gains(), with_gains(intensity=0.0)
        np.testing.assert_array_equal(usual[:, ARTICULATORS], still[:, ARTICULATORS])
        assert not still[:, HEAD].any() and usual[:, HEAD].any()
        assert not with_gains(articulation=0.0)[:, ARTICULATORS].any()

    def test_without_a_map_it_says_what_to_give(self, make: Make) -> None:
        with pytest.raises(RetargetError, match=r"give flame_map, a folder with bs2exp\.npy and bs2jaw\.npy"):
            WindowedDualTalk(make())

    def test_a_motion_space_of_neither_kind_is_refused(self, make: Make) -> None:
        with pytest.raises(CheckpointError, match=r"moves 20 columns; live faces need 56 \(FLAME\) or 61"):
            WindowedDualTalk(make(columns=20))


class TestPrecision:
    @pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
    def test_half_precision_makes_nearly_the_same_face(self, make: Make, dtype: str) -> None:
        exact = run(WindowedDualTalk(make(columns=61, seed=2), None, options()), frames=10)
        half = run(WindowedDualTalk(make(columns=61, seed=2), None, options(dtype=dtype)), frames=10)
        assert half.dtype == np.float32
        assert 0 < np.abs(half - exact).mean() < 0.1 * np.abs(exact).mean()

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    @pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
    def test_a_compiled_model_makes_the_same_faces_for_any_number_of_slots(self, make: Make) -> None:
        short = {"conv_dim": (8, 8, 8), "conv_stride": (10, 8, 4), "conv_kernel": (10, 8, 4)}
        model, twin = (make(columns=61, num_hidden_layers=1, **short) for _ in range(2))
        plain = WindowedDualTalk(model, None, options(step_frames=1))
        compiled = WindowedDualTalk(twin, None, options(step_frames=1, compile=True))
        agent, user, motion = talk(2)
        with plain.open_slots(2) as one, compiled.open_slots(2) as other:
            for frame, mask in enumerate(([True, True], [False, True])):
                inputs = (np.tile(part[frame], (2, 1)) for part in (agent, user, motion))
                given = (np.array(mask), *inputs)
                np.testing.assert_allclose(other.step(*given), one.step(*given), atol=1e-3)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_a_gpu_in_half_precision_makes_nearly_the_same_face(self, make: Make) -> None:
        exact = run(WindowedDualTalk(make(columns=61), None, options()), frames=10)
        config = options(dtype="float16").model_copy(update={"device": "cuda"})
        half = run(WindowedDualTalk(make(columns=61), None, config), frames=10)
        assert np.abs(half - exact).mean() < 0.1 * np.abs(exact).mean()

    @pytest.mark.parametrize("device", ["cuda:99", "warp", "meta drive"])
    def test_a_device_that_is_not_there_is_named(self, make: Make, device: str) -> None:
        config = options().model_copy(update={"device": device})
        with pytest.raises(DeviceError, match=f"device '{device}' can't be used"):
            WindowedDualTalk(make(columns=61), None, config)


class TestByName:
    @pytest.fixture
    def files(self, make: Make, flame_map: FlameMap, tmp_path: Path) -> dict[str, object]:
        save_checkpoint(make(), tmp_path / "weights.safetensors")
        folder = tmp_path / "map"
        folder.mkdir()
        np.save(folder / "bs2exp.npy", flame_map.expression.astype(np.float32))
        np.save(folder / "bs2jaw.npy", flame_map.jaw.astype(np.float32))
        return {
            "checkpoint": tmp_path / "weights.safetensors",
            "flame_map": folder,
            "window": {"window_s": 1, "flame_map_order": "arkit"},
        }

    def test_two_recordings_become_a_face(self, files: dict[str, object]) -> None:
        animator = load_animator("dualtalk", **files)
        agent, user, motion = talk(12)
        made = animate(animator, agent.ravel(), user.ravel(), motion)
        assert isinstance(animator, WindowedDualTalk) and animator.name == "dualtalk"
        assert made.shape == (12, COLUMNS) and made[:, HEAD].any()

    def test_it_survives_a_configurations_dump(self, files: dict[str, object]) -> None:
        dumped = AnimatorConfig.model_validate({"name": "dualtalk", **files}).model_dump()
        assert isinstance(load_animator(**dumped), WindowedDualTalk)

    def test_without_weights_it_says_what_to_give(self) -> None:
        with pytest.raises(CheckpointError, match="give checkpoint, the path of an official DualTalk"):
            load_animator("dualtalk")

    def test_a_map_without_an_order_is_asked_for_it(self, files: dict[str, object]) -> None:
        with pytest.raises(RetargetError, match="doesn't name its rows"):
            load_animator("dualtalk", **(files | {"window": {"window_s": 1}}))

    @pytest.mark.parametrize("absent", ["checkpoint", "flame_map"])
    def test_a_fallback_takes_over_only_where_one_is_named(
        self, files: dict[str, object], absent: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        given = files | {absent: tmp_path / "nothing", "seed": 3}
        with pytest.raises((CheckpointError, RetargetError), match="no such file"):
            load_animator("dualtalk", **given)
        with caplog.at_level(logging.WARNING):
            animator = load_animator("dualtalk", fallback="procedural", **given)
        assert isinstance(animator, ProceduralAnimator) and animator.config.seed == 3
        assert "nothing: the procedural animator takes dualtalk's place" in caplog.text

    def test_damaged_weights_are_an_error_also_with_a_fallback(self, files: dict[str, object]) -> None:
        Path(str(files["checkpoint"])).write_bytes(b"torn")
        with pytest.raises(CheckpointError, match="neither safetensors nor"):
            load_animator("dualtalk", fallback="procedural", **files)

    @pytest.mark.parametrize(
        ("window", "complaint"),
        [
            ({"window_s": 1, "step_frames": 20, "look_ahead_frames": 10}, "is 25 frames; step_frames and"),
            ({"step_frames": 0}, "greater than or equal to 1"),
            ({"dtype": "int8"}, "'float32', 'float16' or 'bfloat16'"),
            ({"overlap": 3}, "Extra inputs are not permitted"),
        ],
    )
    def test_windows_that_cannot_work_are_refused(self, window: dict[str, object], complaint: str) -> None:
        with pytest.raises(ValidationError, match=complaint):
            AnimatorConfig.model_validate({"name": "dualtalk", "window": window})
