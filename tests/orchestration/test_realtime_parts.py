"""The realtime endpoint's parts, each on its own: sound, settings, items, turns, ears with gaps."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.dialogue import estimate_tokens
from agents.language_model import Message, ToolCall
from orchestration.media import USER_FRAME_SAMPLES
from orchestration.realtime.audio import AgentSound, UserSound, decode, encode
from orchestration.realtime.dialect import Dialect
from orchestration.realtime.items import Item, Items
from orchestration.realtime.problems import EventError
from orchestration.realtime.requests import read_event, read_item
from orchestration.realtime.settings import Settings, TurnDetection
from orchestration.realtime.turns import AdjustableEndOfTurn
from orchestration.realtime.update import RESPONSE_FIELDS, Wishes
from orchestration.session.ears import GAP_FRAMES, Ears
from orchestration.session.utterance import Utterance
from speech.end_of_turn import EndOfTurnConfig, SilenceEndOfTurn, TurnSignalKind

RNG = np.random.default_rng(3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "instructions", "output_modalities", "modalities", "voice", "tools", "tool_choice", "temperature",
        "max_output_tokens", "turn_detection", "input_audio_format", "audio", "visavis", "type", "prompt",
    ]
)  # fmt: skip
DEFAULT = Settings("Be kind.", "joe")


class TestSound:
    @pytest.mark.parametrize("format", ["audio/pcm", "audio/pcmu", "audio/pcma"])
    def test_what_is_encoded_is_decoded(self, format):
        pcm = (0.5 * np.sin(np.arange(800) / 9)).astype(np.float32)
        error = np.abs(decode(encode(pcm, format), format) - pcm).max()
        assert error < (1e-4 if format == "audio/pcm" else 0.02)

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(1, 9_000), min_size=1, max_size=12))
    def test_pieces_of_any_size_give_the_frames_of_the_whole(self, sizes):
        pcm = (0.3 * RNG.standard_normal(sum(sizes) // 2 + 24_000)).astype(np.float32)
        data = encode(np.clip(pcm, -1, 1), "audio/pcm")
        whole, pieces = UserSound("audio/pcm"), UserSound("audio/pcm")
        expected = [*whole.feed(data), *whole.flush()]
        got, at = [], 0
        for size in [*sizes, len(data)]:
            got += pieces.feed(data[at : at + size])
            at += size
        got += pieces.flush()
        assert all(frame.shape == (USER_FRAME_SAMPLES,) for frame in got)
        assert np.abs(np.concatenate(got) - np.concatenate(expected)).max() < 1e-5

    def test_a_tone_keeps_its_pitch_and_level_on_the_way_to_the_ears(self):
        time = np.arange(48_000) / 24_000
        tone = (0.4 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
        sound = UserSound("audio/pcm")
        heard = np.concatenate([*sound.feed(encode(tone, "audio/pcm")), *sound.flush()])
        assert heard.size == pytest.approx(32_000, abs=USER_FRAME_SAMPLES)
        direct = soxr.resample(tone, 24_000, 16_000)
        assert np.abs(heard[2_000:30_000] - direct[2_000:30_000]).max() < 1e-3

    def test_telephone_sound_loses_nothing_at_the_end_of_an_utterance(self):
        sound = AgentSound("audio/pcmu")
        frame = np.full(960, 0.25, np.float32)
        out = "".join(sound.encode(frame) for _ in range(25))
        assert len(base64.b64decode(out)) < 8_000
        rest = base64.b64decode(sound.flush())
        assert sum(len(base64.b64decode(part)) for part in (out,)) + len(rest) == 8_000


class TestSettings:
    @settings(max_examples=150, deadline=None)
    @given(st.dictionaries(FIELDS, JSON, max_size=5))
    def test_no_wish_does_harm_and_what_is_refused_is_named(self, session):
        for only in (None, RESPONSE_FIELDS):
            wishes = Wishes(DEFAULT, {"joe"}, "en")
            taken = wishes.apply(session, only=only)
            for problem in wishes.problems:
                assert problem.param.startswith("session.")
                assert problem.wire("e")["event_id"] == "e"
            for dialect in Dialect:
                taken.wire(dialect)

    def test_what_was_told_can_be_sent_back(self):
        wished = Settings(
            "Be brief.",
            "joe",
            TurnDetection(kind="semantic_vad", eagerness="low"),
            text_only=True,
            input_format="audio/pcma",
            max_output_tokens=9,
            motion=False,
        )
        for dialect in Dialect:
            wishes = Wishes(DEFAULT, {"joe"}, "en")
            taken = wishes.apply({**wished.wire(dialect), "visavis": {"motion": False}})
            assert not wishes.problems
            assert taken == wished

    def test_turn_detection_maps_onto_the_servers_own_policy(self):
        base = EndOfTurnConfig()
        config = TurnDetection(threshold=0.8, silence_ms=80).end_of_turn(base)
        assert (config.start_threshold, config.end_threshold, config.silence) == (0.8, 0.65, 0.08)
        EndOfTurnConfig.model_validate(config.model_dump())  # in order
        eager = {
            eagerness: TurnDetection(kind="semantic_vad", eagerness=eagerness).end_of_turn(base).silence
            for eagerness in ("low", "auto", "high")
        }
        assert eager["low"] > eager["auto"] == base.silence > eager["high"]


def said(items, role, text, **more):
    item = Item(f"item{len(list(items))}", "message", role, text, text, **more)
    items.add(item)
    return item


class TestItems:
    def test_a_call_is_told_with_its_result_right_after_it(self):
        items = Items("Be kind.", 1_000)
        said(items, "user", "weather?")
        said(items, "assistant", "Let me look.")
        items.add(Item("call", "function_call", "assistant", "{}", call_id="c", name="look"))
        items.add(Item("open", "function_call", "assistant", "{}", call_id="d", name="look"))
        said(items, "user", "hurry")
        items.add(Item("result", "function_call_output", text="sunny", call_id="c"))
        assert items.messages() == (
            Message("system", "Be kind."),
            Message("user", "weather?"),
            Message("assistant", "Let me look.", (ToolCall("c", "look", "{}"),)),
            Message("tool", "sunny", call_id="c"),
            Message("user", "hurry"),
        )

    def test_what_nobody_heard_was_not_said(self):
        items = Items("", 1_000)
        said(items, "user", "hello")
        reply = said(items, "assistant", "one two three", generation=4)
        reply.heard = None
        assert items.messages() == (Message("user", "hello"),)
        assert items.commit(4, "one two", interrupted=True)
        assert items.messages()[-1] == Message("assistant", "one two—")
        items.amend(4, "one")
        assert items.messages()[-1] == Message("assistant", "one—")
        assert not items.commit(5, "never")

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from(["user", "assistant", "call"]), st.integers(1, 60)), max_size=40),
        st.integers(60, 400),
    )
    def test_the_prompt_keeps_within_its_budget_and_calls_keep_their_results(self, turns, budget):
        items = Items("Be kind.", budget)
        for n, (kind, words) in enumerate(turns):
            if kind == "call":
                items.add(Item(f"c{n}", "function_call", "assistant", "{}", call_id=str(n), name="f"))
                items.add(Item(f"r{n}", "function_call_output", text="x " * (words // 4), call_id=str(n)))
            else:
                said(items, kind, "word " * words)
            messages = items.messages()
            cost = sum(
                5 + estimate_tokens(m.content + "".join(call.name + call.arguments for call in m.calls))
                for m in messages
            )
            assert cost <= budget
            for before, after in zip(messages, (*messages[1:], None), strict=True):
                assert bool(before.calls) == (after is not None and after.role == "tool")

    def test_a_preview_changes_nothing(self):
        items = Items("Be kind.", 1_000)
        said(items, "user", "hello")
        assert items.preview("there")[-1] == Message("user", "hello there")
        assert items.messages()[-1] == Message("user", "hello")


class TestRequests:
    @given(JSON)
    def test_any_item_is_read_or_refused_with_words(self, value):
        for item in ({"type": "message", "role": "user", "content": value}, {"type": value}):
            try:
                assert isinstance(read_item(item), Item)
            except EventError as error:
                assert str(error)

    @given(st.text(max_size=80))
    def test_any_text_is_an_event_or_an_error(self, text):
        with pytest.raises(EventError):
            read_event(text)


class TestTurns:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=20))
    def test_unchanged_it_decides_as_the_policy_does(self, stretches):
        plain, adjustable = SilenceEndOfTurn(), AdjustableEndOfTurn(EndOfTurnConfig())
        for voiced, frames in stretches:
            for _ in range(frames):
                assert adjustable.step(float(voiced)) == plain.step(float(voiced))

    def test_a_change_waits_for_the_end_of_the_turn_and_frames_are_counted_on(self):
        turns = AdjustableEndOfTurn(EndOfTurnConfig())
        for _ in range(10):
            turns.step(1.0)
        turns.use(None)
        ended = [signal for _ in range(20) for signal in turns.step(0.0)]
        assert [signal.kind for signal in ended] == [TurnSignalKind.PAUSED, TurnSignalKind.TURN_ENDED]
        assert not [signal for _ in range(10) for signal in turns.step(1.0)]
        turns.use(EndOfTurnConfig())
        started = [signal for _ in range(10) for signal in turns.step(1.0)]
        assert [(signal.kind, signal.frame) for signal in started] == [(TurnSignalKind.SPEECH_STARTED, 40)]

    @pytest.mark.parametrize("silent", [0, 4])
    def test_a_turn_can_be_ended_at_once(self, silent):
        turns = AdjustableEndOfTurn(EndOfTurnConfig())
        for _ in range(10):
            turns.step(1.0)
        signals = [signal for _ in range(silent) for signal in turns.step(0.0)]
        turns.end_turn()
        signals += turns.step(0.0)
        assert [signal.kind for signal in signals] == [TurnSignalKind.PAUSED, TurnSignalKind.TURN_ENDED]
        assert not turns.in_turn


class TestEarsWithGaps:
    FRAME = np.ones(USER_FRAME_SAMPLES, np.float32)

    def ears(self):
        return Ears(prefill=1, backlog=4, limit=50, with_gaps=True)

    def test_a_gap_is_no_silence_at_first_and_never_late(self):
        ears = self.ears()
        for pts in range(3):
            ears.put(pts, self.FRAME)
        taken = [ears.take() for _ in range(3 + GAP_FRAMES + 2)]
        understood = [frames[0].understood for frames in taken]
        assert understood == [True] * 3 + [False] * GAP_FRAMES + [True] * 2
        assert ears.late == 0

    def test_a_piece_shorter_than_the_prefill_is_heard(self):
        ears = self.ears()
        ears.put(0, self.FRAME)
        assert 0 in [frame.pts for _ in range(GAP_FRAMES + 3) for frame in ears.take()]

    @given(st.lists(st.integers(0, 8), max_size=60))
    def test_every_frame_is_heard_once_and_in_order(self, arrivals):
        ears = self.ears()
        heard, pts = [], 0
        for count in [*arrivals, *([0] * 300)]:
            for _ in range(count):
                if ears.has_room:
                    ears.put(pts, self.FRAME)
                    pts += 1
            heard += [frame.pts for frame in ears.take() if frame.pts >= 0]
        assert heard == list(range(pts))

    def test_what_is_cleared_is_not_heard(self):
        ears = self.ears()
        for pts in range(10):
            ears.put(pts, self.FRAME)
        ears.clear()
        assert all(frame.pts < 0 for _ in range(20) for frame in ears.take())


class TestTruncatedUtterances:
    def utterance(self):
        utterance = Utterance(1)
        for n, word in enumerate(("one", "two", "three"), start=1):
            utterance.add_word(word, n * 960 * 5)
        for pts in range(15):
            utterance.sent(100 + pts)
        utterance.complete = True
        utterance.acknowledge(114)
        return utterance

    @pytest.mark.parametrize(
        ("frames", "heard"), [(0, ""), (4, ""), (5, "one"), (14, "one two"), (15, "one two three")]
    )
    def test_only_words_that_ended_before_the_cut_were_heard(self, frames, heard):
        utterance = self.utterance()
        utterance.truncate(frames)
        assert utterance.heard() == heard
        assert utterance.wholly_played == (frames >= 15)

    def test_words_without_sound_are_taken_in_when_they_are_told(self):
        utterance = Utterance(1)
        utterance.show("Hello there.")
        assert not utterance.wholly_played
        utterance.complete = True
        assert (utterance.heard(), utterance.wholly_played) == ("Hello there.", True)
