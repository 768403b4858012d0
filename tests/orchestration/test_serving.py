"""The whole system as users run it: real Ray Serve, real models, real time, a client at the WebSocket."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket

import httpx
import jiwer
import numpy as np
import psutil
import pytest
import soxr
from typer.testing import CliRunner
from whisper.normalizers import EnglishTextNormalizer

from avatar.formats import read_csv, read_npz
from avatar.formats.livelink_udp import decode_packet
from avatar.motion import Column
from orchestration.cli import app as command_line
from orchestration.client.connection import open_session
from orchestration.client.talk import open_talk
from orchestration.configuration import load_configuration, resolve_models
from orchestration.protocol import AgentFrame, Event, Hello, Played, UserText
from orchestration.recording.artefacts import write_artefacts
from orchestration.recording.transcript import counts, latencies, transcript
from orchestration.serving.cluster import application, health_url, session_url
from orchestration.session.events import EventType
from speech.audio import load_audio, write_wav
from speech.coqui import CoquiConfig, CoquiSynthesizer
from speech.whisper import WhisperConfig, WhisperRecognizer
from tests.orchestration.realtime_clients import stock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def configuration():
    """The packaged system, and a second recogniser to stand in for the first one."""
    configuration = resolve_models(load_configuration("default"))
    gateway = configuration.gateway.model_copy(update={"port": free_port()})
    stand_in = WhisperConfig.model_validate(configuration.recognizer.model_dump(exclude={"fallbacks"}))
    recognizer = configuration.recognizer.model_copy(update={"fallbacks": (stand_in,)})
    hearing = configuration.serving.recognizer.model_copy(
        update={"switch_after_s": 2.0, "retry_after_s": 5.0, "longest_retry_s": 5.0}
    )
    serving = configuration.serving.model_copy(update={"recognizer": hearing})
    changes = {"gateway": gateway, "recognizer": recognizer, "serving": serving}
    return configuration.model_copy(update=changes)


@pytest.fixture(scope="module")
def questions(configuration):
    """Two spoken questions, 16 kHz, in a voice that isn't the agent's."""

    async def say(texts):
        voice = CoquiSynthesizer(CoquiConfig(model=configuration.synthesizer.model, pitch=1.15, seed=5))
        try:
            pieces = [[c.pcm async for c in voice.synthesize(text)] for text in texts]
        finally:
            voice.close()
        return [soxr.resample(np.concatenate(p), 24_000, 16_000).astype(np.float32) for p in pieces]

    return asyncio.run(say(["How much is a ticket?", "What time does the museum open?"]))


@pytest.fixture(scope="module")
def served(configuration):
    with application(configuration):
        yield session_url(configuration)


@pytest.fixture(scope="module")
def exchange(served, questions, tmp_path_factory):
    """A two-turn spoken exchange: the talk, and the folder with everything it left."""

    async def hold():
        async with open_talk(served, Hello(client="test", seed=1)) as talk:
            for question in questions:
                await talk.wait(0.6)
                await talk.say(question)
                assert await talk.answered(60)
        return talk

    talk = asyncio.run(hold())
    folder = tmp_path_factory.mktemp("exchange")
    write_artefacts(talk.recording, folder)
    return talk, folder


def test_both_questions_are_understood_and_answered(exchange):
    turns = transcript(exchange[0].recording.events)
    assert [turn["speaker"] for turn in turns] == ["user", "agent", "user", "agent"]
    normalise = EnglishTextNormalizer()
    expected = ["how much is a ticket", "what time does the museum open"]
    understood = [normalise(turn["text"]) for turn in turns if turn["speaker"] == "user"]
    assert jiwer.wer(expected, understood) <= 0.25
    assert all(turn["heard"] == turn["text"] for turn in turns if turn["speaker"] == "agent")


def test_a_stock_client_of_the_realtime_protocol_is_answered_and_told_that_the_model_has_no_tools(
    served, configuration
):
    async def ask():
        tool = {"type": "function", "name": "look", "description": "Look it up", "parameters": {}}
        async with stock(configuration.gateway.port) as talk:
            await talk.connection.session.update(session={"type": "realtime", "tools": [tool]})
            await talk.type("What time does the museum open?")
            return talk, (await talk.until("response.done", within=90)).response

    talk, response = asyncio.run(ask())
    assert response.status == "completed"
    assert response.output[0].content[0].transcript
    assert talk.of("response.output_audio.delta") and talk.motions
    assert [event.error.code for event in talk.of("error")] == ["tools_unsupported"]


def test_the_agents_voice_says_the_words_of_its_replies(exchange, configuration):
    turns, folder = transcript(exchange[0].recording.events), exchange[1]

    async def read_back():
        recognizer = WhisperRecognizer(WhisperConfig(model=configuration.recognizer.model))
        try:
            return await recognizer.transcribe(load_audio(folder / "agent.wav"), words=False)
        finally:
            recognizer.close()

    said = " ".join(turn["text"] for turn in turns if turn["speaker"] == "agent")
    normalise = EnglishTextNormalizer()
    assert jiwer.wer(normalise(said), normalise(asyncio.run(read_back()).text)) <= 0.3


def test_every_frame_is_there_and_sound_and_motion_last_equally_long(exchange):
    talk, folder = exchange
    pts = [frame.pts for frame in talk.recording.frames]
    assert pts == list(range(len(pts)))
    clip = read_npz(folder / "motion.npz")
    assert len(clip.motion) == len(pts) == len(read_csv(folder / "motion.csv").motion)
    assert load_audio(folder / "agent.wav", 24_000).size == len(pts) * 960
    assert load_audio(folder / "user.wav").size == len(pts) * 640


def test_the_mouth_moves_with_the_agents_speech_and_is_closed_in_its_silence(exchange):
    recording = exchange[0].recording
    jaw = recording.motion()[:, Column.jawOpen]
    speech = np.array([frame.speech for frame in recording.frames])
    silent = ~np.convolve(speech, np.ones(13), "same").astype(bool)  # beyond a quarter of a second of speech
    assert jaw[speech].max() > 0.15
    assert (jaw[silent] < 0.05 * jaw.max()).mean() > 0.98


def test_the_head_moves_while_the_agent_listens(exchange):
    recording = exchange[0].recording
    starts = [e.pts for e in recording.events if e.type == EventType.SPEECH_STARTED]
    ends = [e.pts for e in recording.events if e.type == EventType.TURN_ENDED]
    pitch = np.degrees(recording.motion()[:, Column.headPitch])
    moved = [np.ptp(pitch[a:b]) for a, b in zip(starts, ends, strict=True)]
    assert max(moved) > 0.5


def test_latency_is_reported_for_both_turns_in_order(exchange):
    turns = json.loads((exchange[1] / "latency.json").read_text())
    assert len(turns) == 2
    for turn in turns:
        marks = [turn[m] for m in ("decision", "transcript", "first_sound", "mouth_open")]
        assert marks == sorted(marks)
        # A reply that was drafted in the silence may have its first token before the turn is decided.
        assert turn["first_token"] < turn["first_sound"]
        assert turn["drafted"] or turn["transcript"] <= turn["first_token"]
        assert 0 <= turn["orchestration"] < turn["first_sound"]


def test_nothing_failed_and_nothing_fell_back(exchange):
    counted = counts(exchange[0].recording.events)
    assert counted["engine_failed"] == counted["fallback"] == counted["internal_error"] == 0


def test_the_user_can_interrupt_and_the_agent_remembers_only_what_was_heard(served, questions):
    async def hold():
        async with open_talk(served, Hello(seed=2)) as talk:
            await talk.wait(0.5)
            await talk.say(questions[1])
            async with asyncio.timeout(60):
                while not any(e.type == EventType.FIRST_SOUND for e in talk.recording.events):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await talk.say(questions[0])
            await talk.answered(60)
        return talk.recording

    recording = asyncio.run(hold())
    interrupted = [e for e in recording.events if e.type == EventType.INTERRUPTED]
    assert len(interrupted) == 1
    first = transcript(recording.events)[1]
    assert first["interrupted"]
    assert first["text"].startswith(first["heard"])
    assert len(first["heard"]) < len(first["text"])
    flushed = next(n for n, frame in enumerate(recording.frames) if frame.flush)
    jaw = recording.motion()[flushed + 2 : flushed + 6, Column.jawOpen]
    assert jaw.max() < 0.05


def test_health_says_who_serves_and_how_many(served, configuration):
    health = httpx.get(health_url(configuration)).json()
    assert health["status"] == "ok"
    assert health["persona"] == "Mira"
    assert health["served"] >= 1


def test_options_heads_and_the_page_come_through_ray(served, configuration):
    base = health_url(configuration).removesuffix("/v1/health")
    options = httpx.get(f"{base}/v1/options").json()
    assert [persona["name"] for persona in options["personas"]] == ["mira", "noor"]
    head = httpx.get(base + options["heads"]["noor"], timeout=60)
    assert head.headers["content-encoding"] == "gzip"
    assert head.content[:4] == b"glTF"
    page = httpx.get(base)
    assert page.status_code == 200 or "make page" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_a_conversation_with_the_other_persona_goes_on_after_its_connection_broke(served):
    async def hold():
        async with open_session(served, Hello(persona="noor")) as first:
            assert (first.welcome.persona, first.welcome.voice) == ("Noor", "joan")
            heard = await typed(first, "How many books can I borrow?")
            first._socket.transport.abort()
        async with open_session(served, Hello(resume=first.welcome.resume)) as second:
            return heard, second.welcome, await typed(second, "Where are the children's books?")

    first, welcome, second = asyncio.run(hold())
    assert "six" in first
    assert (welcome.persona, welcome.voice, welcome.resumed) == ("Noor", "joan", "memory")
    assert "first floor" in second


async def typed(session, text):
    """The reply to a typed turn, as it was heard."""
    await session.send(UserText(text=text))
    async with asyncio.timeout(90):
        async for message in session.messages():
            if isinstance(message, AgentFrame):
                await session.send(Played(message.pts, message.generation))
            if isinstance(message, Event) and message.type == EventType.HEARD:
                return message.data["text"]
    pytest.fail("the server closed the connection")


def test_talk_plays_a_recording_and_leaves_the_artefacts(served, questions, tmp_path):
    write_wav(tmp_path / "question.wav", questions[0])
    out = tmp_path / "talk"
    arguments = ["talk", str(tmp_path / "question.wav"), "--url", served, "--out", str(out)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        chosen = ["--voice", "joan", "--live-link", f"127.0.0.1:{listener.getsockname()[1]}"]
        result = CliRunner().invoke(command_line, arguments + chosen)
        face = decode_packet(listener.recv(4096))
    assert result.exit_code == 0, result.output
    assert (face.subject, face.motion.shape) == ("visavis", (61,))
    assert "first sound" in result.output
    assert {path.name for path in out.iterdir()} >= {"timeline.png", "latency.json", "conversation.wav"}
    assert latencies_of(out)


def latencies_of(folder):
    return json.loads((folder / "latency.json").read_text())


def test_talk_names_the_known_personas_when_it_is_asked_for_another(served, questions, tmp_path):
    write_wav(tmp_path / "question.wav", questions[0])
    arguments = ["talk", str(tmp_path / "question.wav"), "--url", served, "--persona", "nobody"]
    result = CliRunner().invoke(command_line, arguments)
    assert result.exit_code != 0
    assert "ask for one of: mira, noor" in str(result.exception)


def test_the_face_goes_on_when_the_avatar_dies_and_comes_back_with_it(served):
    async def hold():
        async with open_talk(served, Hello(seed=3)) as talk:
            await talk.wait(1.0)
            kill_replica("Avatar")
            died = len(talk.recording.frames)
            async with asyncio.timeout(90):
                while len(talk.recording.frames) < died + 50:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                await talk.wait(25)
            return talk.recording, died, talk

    recording, died, _ = asyncio.run(hold())
    motion = recording.motion()
    assert np.abs(np.diff(motion[died : died + 50], axis=0)).max(axis=1).min() > 0, "no frame is frozen"
    missed = counts(recording.events)["face_missed"]
    assert 0 < missed < len(motion) - died, "the face was replaced for a while, then came back"


def test_another_recogniser_hears_what_is_said_while_the_first_one_is_dead_until_it_is_back(
    served, questions
):
    async def hold():
        async with open_talk(served, Hello(seed=4)) as talk:
            await talk.wait(0.6)
            kill_replica("Recognizer")
            await talk.say(questions[0])
            assert await talk.answered(60)
            await talk.wait(5)  # Ray starts a new process, which loads the model
            async with asyncio.timeout(90):
                while not any(switch["recovered"] for switch in switches(talk.recording)):
                    await talk.say(questions[1])
                    assert await talk.answered(60)
        return talk.recording

    recording = asyncio.run(hold())
    turns = transcript(recording.events)
    normalise = EnglishTextNormalizer()
    assert jiwer.wer("how much is a ticket", normalise(turns[0]["text"])) <= 0.25
    assert turns[1]["speaker"] == "agent"
    assert turns[1]["heard"] == turns[1]["text"] != ""
    told = switches(recording)
    assert {switch["what"] for switch in told} == {"recognizer"}
    assert not told[0]["recovered"] and told[0]["to"].endswith(" (2)"), told
    assert told[-1]["recovered"] and not told[-1]["to"].endswith(" (2)"), told
    assert counts(recording.events)["fallback"] == counts(recording.events)["engine_failed"] == 0


def switches(recording):
    """What a session was told of engines that stand in for others."""
    return [event.data for event in recording.events if event.type == EventType.FALLBACK]


def kill_replica(name: str) -> None:
    for process in psutil.process_iter(["name", "cmdline"]):
        title = " ".join(process.info["cmdline"] or [])
        if re.match(rf"ray::ServeReplica:visavis:{name}\b", title):
            os.kill(process.pid, signal.SIGKILL)
            return
    pytest.fail(f"no process of {name} found")


def test_latencies_of_events_match_the_written_ones(exchange):
    talk, folder = exchange
    assert latencies(talk.recording.events) == latencies_of(folder)
