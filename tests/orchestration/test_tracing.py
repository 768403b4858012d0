"""Turns as OpenTelemetry spans."""

from __future__ import annotations

import asyncio
import gzip
import json
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError

from orchestration.clock import LoopClock
from orchestration.configuration.tracing import TracingConfig
from orchestration.protocol import Event
from orchestration.session.events import EventType
from orchestration.simulation.client import SimulatedClient
from orchestration.simulation.scripted import spoken
from orchestration.tracing.provider import Traces, TracingError
from orchestration.tracing.spans import TracedTurns

EPOCH = 1_700_000_000  # seconds since 1970 at which the virtual loop's time is 0
STAGES = ["vad", "end_of_turn", "asr", "llm", "tts", "animate", "playout"]


class Spans:
    """The spans of a conversation, on the time of day that the virtual clock stands for."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = provider.get_tracer("test")

    def tap(self, sink: Any, session: str = "s1") -> TracedTurns:
        return TracedTurns(sink, session, self._tracer, lambda: round((EPOCH + LoopClock().now()) * 1e9))

    def of(self, name: str) -> list[ReadableSpan]:
        return [span for span in self._exporter.get_finished_spans() if span.name == name]

    def under(self, turn: ReadableSpan) -> list[ReadableSpan]:
        return [
            span
            for span in self._exporter.get_finished_spans()
            if span.parent is not None and span.parent.span_id == turn.context.span_id
        ]


@pytest.fixture
def spans() -> Spans:
    return Spans()


@pytest.fixture
def traced(hold, spans):
    """Holds a conversation whose session's sink is traced."""
    return partial(hold, tap=spans.tap)


def says(*parts: tuple[float, int, float]):
    async def script(client, session):
        for wait, number, seconds in parts:
            await asyncio.sleep(wait)
            client.say(spoken(number, seconds))

    return script


def seconds(nanoseconds: int | None) -> float:
    assert nanoseconds is not None
    return nanoseconds / 1e9 - EPOCH


def test_a_turn_is_one_span_with_a_child_for_each_stage(traced, spans):
    held = traced(says((1.0, 0, 1.0)), seconds=8)
    (turn,) = spans.of("turn")
    assert [span.name for span in spans.under(turn)] == STAGES
    assert turn.attributes["session.id"] == "s1"
    assert {span.attributes["visavis.generation"] for span in spans.under(turn)} == {1}
    assert turn.attributes["visavis.drafted"] is True
    assert [event.name for event in turn.events] == [
        "decision",
        "transcript",
        "first_token",
        "first_sound",
        "mouth_open",
    ]
    assert held.of(EventType.LATENCY), "what is traced is passed on"


def test_spans_stand_where_the_events_of_the_session_do(traced, spans):
    held = traced(says((1.0, 0, 1.0)), seconds=8)
    (turn,), (playout,) = spans.of("turn"), spans.of("playout")
    times = {event.type: event.t for event in held.recording.events}
    ended = held.of(EventType.TURN_ENDED)[0].data["speech_end"]
    assert seconds(turn.start_time) == pytest.approx(ended, abs=0.002)
    assert seconds(playout.start_time) == pytest.approx(times[EventType.FIRST_SOUND], abs=0.002)
    assert seconds(playout.end_time) == pytest.approx(times[EventType.REPLY_FINISHED], abs=0.05)
    assert seconds(turn.end_time) == pytest.approx(seconds(playout.end_time), abs=0.002)


def test_every_stage_lies_within_its_turn(traced, spans):
    traced(says((1.0, 0, 1.0), (6.0, 1, 1.0)), seconds=16)
    turns = spans.of("turn")
    assert len(turns) == 2
    for turn in turns:
        for span in spans.under(turn):
            assert turn.start_time <= span.start_time <= span.end_time <= turn.end_time


def test_an_interrupted_turn_says_that_it_was_cut(traced, spans):
    reply = "one two three four five six seven eight nine ten."
    traced(says((1.0, 0, 1.0), (3.0, 1, 1.0)), seconds=14, reply=lambda _: reply)
    assert [turn.attributes["visavis.cut"] for turn in spans.of("turn")] == [True, False]


def test_what_went_wrong_stands_in_its_turn(traced, spans):
    traced(says((1.0, 0, 1.0)), adjust=lambda e: setattr(e.language_model.failures, "left", 1), seconds=10)
    (turn,) = spans.of("turn")
    (failure,) = [event for event in turn.events if event.name == EventType.ENGINE_FAILED]
    assert "scripted language model failure" in failure.attributes["message"]


def test_a_typed_turn_has_neither_ears_nor_a_pause(traced, spans):
    async def script(client, session):
        await asyncio.sleep(1)
        session.read("hello")

    traced(script, seconds=6)
    (turn,) = spans.of("turn")
    assert [span.name for span in spans.under(turn)] == ["llm", "tts", "animate", "playout"]


class TestWhereTheyGo:
    def latency(self) -> Event:
        data = {"speech_end": 1.0, "drafted": False, "cut": False, "stages": {"llm": [0.0, 5.0]}}
        marks = dict.fromkeys(("decision", "transcript", "first_token", "first_sound", "mouth_open"))
        return Event(pts=50, t=2.0, type=EventType.LATENCY.value, generation=3, data=data | marks)

    def test_to_a_file_one_object_a_line(self, tmp_path):
        file = tmp_path / "traces" / "spans.jsonl"
        traces = Traces(TracingConfig(enabled=True, file=file, service="kiosk"))
        traces.tap(SimulatedClient(LoopClock()), "s1").event(self.latency())
        traces.close()
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert [line["name"] for line in lines] == ["llm", "turn"]
        assert lines[0]["resource"]["attributes"]["service.name"] == "kiosk"

    def test_to_a_collector_that_speaks_otlp(self):
        got: list[tuple[str, bytes]] = []

        class Collector(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((self.path, gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            endpoint = f"http://127.0.0.1:{server.server_port}/v1/traces"
            traces = Traces(TracingConfig(enabled=True, otlp_endpoint=endpoint))
            traces.tap(SimulatedClient(LoopClock()), "s1").event(self.latency())
            traces.close()
            server.shutdown()
        ((path, body),) = got
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest.FromString(body)
        names = [span.name for span in request.resource_spans[0].scope_spans[0].spans]
        assert names == ["llm", "turn"]

    def test_nowhere_unless_it_is_switched_on(self):
        sink = SimulatedClient(LoopClock())
        assert Traces(TracingConfig()).tap(sink, "s1") is sink

    def test_a_file_that_cannot_be_written_is_told_with_the_remedy(self, tmp_path):
        (tmp_path / "taken").write_text("")
        with pytest.raises(TracingError, match=r"tracing\.file"):
            Traces(TracingConfig(enabled=True, file=tmp_path / "taken" / "spans.jsonl"))

    def test_switched_on_without_a_place_is_refused(self):
        with pytest.raises(ValidationError, match="goes nowhere"):
            TracingConfig(enabled=True)
