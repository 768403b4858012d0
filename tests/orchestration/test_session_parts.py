"""The jitter buffer, playout, the ledger of what was heard, and the floor, each on its own."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.media import AGENT_FRAME_SAMPLES, AHEAD_FRAMES, USER_FRAME_SAMPLES
from orchestration.protocol import ProtocolError
from orchestration.protocol.messages import NO_USER_FRAME
from orchestration.session.ears import STANDING, Ears
from orchestration.session.floor import Floor, FloorError, FloorState
from orchestration.session.playout import Playout
from orchestration.session.speech_buffer import SpeechBuffer
from orchestration.session.utterance import Utterance
from orchestration.virtual_time import NothingToWaitFor, run_in_virtual_time
from speech.synthesizer import SpeechChunk, SpokenWord

FRAME = np.ones(USER_FRAME_SAMPLES, np.float32)


class TestEars:
    def test_silence_stands_in_for_a_late_frame_and_is_counted(self):
        ears = Ears(prefill=0, backlog=4, limit=50)
        ears.put(0, FRAME)
        assert [f.pts for f in ears.take()] == [0]
        assert [f.pts for f in ears.take()] == [NO_USER_FRAME]
        assert ears.late == 1

    def test_nothing_is_late_before_the_first_frame_came(self):
        ears = Ears(prefill=1, backlog=4, limit=50)
        ears.take()
        assert ears.late == 0

    def test_after_a_stall_frames_are_heard_two_at_a_time_until_caught_up(self):
        ears = Ears(prefill=0, backlog=4, limit=50)
        ears.put(0, FRAME)
        for _ in range(11):
            ears.take()
        for pts in range(1, 12):
            ears.put(pts, FRAME)
        taken = [[f.pts for f in ears.take()] for _ in range(6)]
        assert taken[0] == [1, 2]
        assert [pts for tick in taken for pts in tick] == sorted(pts for tick in taken for pts in tick)
        assert len(taken[-1]) == 1

    def test_a_delay_that_stands_for_a_second_is_given_up_one_frame_at_a_time(self):
        ears = Ears(prefill=1, backlog=4, limit=50)
        for pts in range(3):
            ears.put(pts, FRAME)
        for _ in range(5):
            ears.take()  # two of these came too late
        taken = []
        for pts in range(3, 3 + 4 * STANDING):
            ears.put(pts, FRAME)
            if pts > 4:
                taken.append([frame.pts for frame in ears.take()])
        heard = [pts for tick in taken for pts in tick]
        assert heard == list(range(3, heard[-1] + 1))
        assert [len(tick) for tick in taken].count(2) == 2
        assert all(len(tick) == 1 for tick in taken[:STANDING])

    def test_a_client_that_sends_ahead_isnt_heard_faster_than_real_time(self):
        ears = Ears(prefill=0, backlog=4, limit=50)
        for pts in range(50):
            ears.put(pts, FRAME)
        assert all(len(ears.take()) == 1 for _ in range(50))

    def test_a_frame_is_listened_to_when_it_comes_and_reaches_the_face_after_the_prefill(self):
        ears = Ears(prefill=1, backlog=4, limit=50)
        ears.put(0, FRAME)
        ears.put(1, FRAME)
        taken = ears.take()
        assert [frame.pts for frame in taken] == [0]
        assert [frame.pts for frame in ears.listen(taken)] == [0, 1]

    def test_what_a_client_sent_ahead_isnt_listened_to_before_its_time(self):
        ears = Ears(prefill=1, backlog=4, limit=50)
        for pts in range(20):
            ears.put(pts, FRAME)
        listened = [len(ears.listen(ears.take())) for _ in range(5)]
        assert listened == [2, 1, 1, 1, 1]

    @given(arrivals=st.lists(st.integers(0, 4), max_size=60))
    def test_every_frame_is_listened_to_once_and_in_order(self, arrivals):
        ears = Ears(prefill=1, backlog=4, limit=500)
        pts, heard = 0, []
        for count in [*arrivals, *[0] * (sum(arrivals) + 1)]:
            for _ in range(count):
                ears.put(pts, FRAME)
                pts += 1
            heard += [frame.pts for frame in ears.listen(ears.take()) if frame.pts != NO_USER_FRAME]
        assert heard == list(range(pts))

    def test_frames_beyond_the_limit_are_refused_and_earlier_ones_stay(self):
        ears = Ears(prefill=0, backlog=4, limit=5)
        for pts in range(5):
            ears.put(pts, FRAME)
        with pytest.raises(ProtocolError, match="real time"):
            ears.put(5, FRAME)
        assert [ears.take()[0].pts for _ in range(5)] == [0, 1, 2, 3, 4]

    @given(st.lists(st.integers(0, 40), max_size=60))
    def test_whatever_the_order_of_arrival_frames_are_heard_in_order_and_once(self, arrivals):
        ears = Ears(prefill=1, backlog=3, limit=100)
        heard = []
        for pts in arrivals:
            try:
                ears.put(pts, FRAME)
            except ProtocolError as error:
                assert error.code == "out_of_order"
            heard += [f.pts for f in ears.take() if f.pts != NO_USER_FRAME]
        assert heard == sorted(set(heard))


def chunk(samples: int, *words: SpokenWord) -> SpeechChunk:
    return SpeechChunk(np.linspace(-0.5, 0.5, samples, dtype=np.float32), words)


class TestPlayout:
    @given(st.lists(st.integers(1, 3000), min_size=1, max_size=12))
    def test_sound_comes_out_as_it_went_in_whatever_the_chunks(self, sizes):
        async def main():
            playout = Playout(limit_seconds=30)
            playout.begin(1)
            chunks = [chunk(size) for size in sizes]
            spoken = 0
            for each in chunks:
                await playout.append(1, each, spoken)
                spoken += each.pcm.size
            playout.finish(1)
            out = []
            while not playout.drained:
                out.append(playout.take(len(out)).pcm)
            return np.concatenate([c.pcm for c in chunks]), np.concatenate(out)

        expected, got = asyncio.run(main())
        assert np.array_equal(got[: expected.size], expected)
        assert not got[expected.size :].any()
        assert got.size - expected.size < AGENT_FRAME_SAMPLES

    async def test_a_chunk_of_an_old_generation_is_dropped(self):
        playout = Playout(limit_seconds=30)
        playout.begin(1)
        playout.begin(2)
        await playout.append(1, chunk(AGENT_FRAME_SAMPLES), 0)
        assert not playout.take(0).speech

    async def test_nothing_of_a_cancelled_utterance_is_heard(self):
        playout = Playout(limit_seconds=30)
        playout.begin(1)
        await playout.append(1, chunk(10 * AGENT_FRAME_SAMPLES), 0)
        playout.take(0)
        playout.cancel()
        await playout.append(1, chunk(10 * AGENT_FRAME_SAMPLES), 0)
        assert not playout.take(1).speech
        assert playout.utterance.cut

    async def test_cancelling_after_the_end_leaves_the_utterance_whole(self):
        playout = Playout(limit_seconds=30)
        playout.begin(1)
        await playout.append(1, chunk(AGENT_FRAME_SAMPLES), 0)
        playout.finish(1)
        playout.take(0)
        playout.cancel()
        assert not playout.utterance.cut

    def test_a_full_queue_holds_the_writer_back(self):
        async def main():
            playout = Playout(limit_seconds=0.2)
            playout.begin(1)
            await playout.append(1, chunk(6 * AGENT_FRAME_SAMPLES), 0)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await playout.append(1, chunk(AGENT_FRAME_SAMPLES), 0)
            for pts in range(3):
                playout.take(pts)
            async with asyncio.timeout(1):
                await playout.append(1, chunk(AGENT_FRAME_SAMPLES), 0)

        run_in_virtual_time(main())

    async def test_what_comes_next_is_known_as_far_as_it_is_queued(self):
        playout = Playout(limit_seconds=10)
        assert not playout.ahead().any(), "silence, for as long as nothing is being said"
        playout.begin(1)
        assert np.isnan(playout.ahead()).all(), "an utterance whose sound isn't there yet"
        pcm = np.repeat(np.float32([0.1, 0.2, 0.3]), AGENT_FRAME_SAMPLES)
        await playout.append(1, SpeechChunk(pcm, ()), 0)
        playout.take(0)
        levels = playout.ahead().mean(axis=1)
        assert levels[:2] == pytest.approx([0.2, 0.3], abs=0.02)
        assert np.isnan(levels[2:]).all()
        playout.finish(1)
        assert playout.ahead()[2:].tolist() == np.zeros((AHEAD_FRAMES - 2, USER_FRAME_SAMPLES)).tolist()

    async def test_the_end_of_a_clause_is_let_out_when_the_next_is_late(self):
        playout = Playout(limit_seconds=30)
        playout.begin(1)
        await playout.append(1, chunk(100), 0)
        assert playout.take(0).speech
        assert not playout.take(1).speech
        assert playout.underruns == 1


class TestUtterance:
    def words(self) -> Utterance:
        utterance = Utterance(1)
        for number, text in enumerate(("one", "two", "three")):
            utterance.add_word(text, (number + 1) * 5 * AGENT_FRAME_SAMPLES)
        for pts in range(100, 115):
            utterance.sent(pts)
        utterance.complete = True
        return utterance

    @pytest.mark.parametrize(
        ("played", "heard"),
        [(99, ""), (103, ""), (104, "one"), (108, "one"), (109, "one two"), (114, "one two three")],
    )
    def test_a_word_is_heard_once_its_last_frame_was_played(self, played, heard):
        utterance = self.words()
        utterance.acknowledge(played)
        assert utterance.heard() == heard

    def test_acknowledgements_never_go_back(self):
        utterance = self.words()
        utterance.acknowledge(109)
        utterance.acknowledge(101)
        assert utterance.heard() == "one two"


class TestFloor:
    def test_an_illegal_move_names_what_was_possible(self):
        floor = FloorState()
        with pytest.raises(FloorError, match="from nobody to agent; possible: thinking, user"):
            floor.move(Floor.AGENT)

    def test_moving_to_the_holder_is_no_move(self):
        assert not FloorState().move(Floor.NOBODY)


class TestSpeechBuffer:
    def test_a_turn_begins_with_the_pre_roll(self):
        buffer = SpeechBuffer(pre_roll_seconds=0.08)
        for level in range(5):
            buffer.append(np.full(USER_FRAME_SAMPLES, level, np.float32))
        buffer.start()
        assert np.unique(buffer.pcm()).tolist() == [3, 4]

    def test_what_came_after_a_turn_is_the_pre_roll_of_the_next(self):
        buffer = SpeechBuffer(pre_roll_seconds=0.08)
        buffer.start()
        for level in range(5):
            buffer.append(np.full(USER_FRAME_SAMPLES, level, np.float32))
        buffer.end()
        buffer.start()
        assert np.unique(buffer.pcm()).tolist() == [3, 4]


def test_virtual_time_says_when_a_task_waits_for_what_never_comes():
    async def main():
        await asyncio.Event().wait()

    with pytest.raises(NothingToWaitFor):
        run_in_virtual_time(main())


def test_an_hour_of_virtual_time_passes_at_once():
    async def main():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(main()) == pytest.approx(3600)


class TestHeldSound:
    """Words of five frames; the client plays what it is sent, but for the two frames it buffers."""

    async def playing(self, words: int = 6, sent: int = 13) -> Playout:
        playout = Playout(30)
        playout.begin(1)
        pcm = np.full(words * 5 * AGENT_FRAME_SAMPLES, 0.5, np.float32)
        spoken = tuple(SpokenWord(f"w{n}", n * 0.2, (n + 1) * 0.2) for n in range(words))
        await playout.append(1, SpeechChunk(pcm, spoken), 0)
        playout.finish(1)
        for pts in range(sent):
            playout.take(pts)
        playout.utterance.acknowledge(sent - 3, 1)
        return playout

    async def test_nothing_sounds_while_it_is_held_and_nothing_is_lost(self):
        playout = await self.playing()
        playout.hold(2)
        assert not any(playout.take(pts).speech for pts in range(13, 20))
        assert not playout.drained
        assert playout.underruns == 0

    async def test_it_goes_on_from_the_beginning_of_the_word_that_was_cut(self):
        playout = await self.playing()
        playout.hold(2)
        assert playout.resume() == 3, "frames 10 to 12: the word began at 10, the client was at 11"
        rest = [playout.take(pts).speech for pts in range(20, 50)]
        assert sum(rest) == 20
        assert playout.drained

    async def test_between_two_words_nothing_is_said_again_but_what_was_flushed(self):
        playout = await self.playing(sent=12)
        playout.hold(2)
        assert playout.resume() == 2, "the client was just at the beginning of a word"

    async def test_it_comes_back_without_a_click(self):
        playout = await self.playing()
        playout.hold(2)
        playout.resume()
        pcm = playout.take(20).pcm
        assert pcm[0] == 0
        assert pcm[-1] == pytest.approx(0.5)
        assert playout.take(21).pcm[0] == pytest.approx(0.5)

    async def test_words_that_were_said_twice_are_remembered_once(self):
        playout = await self.playing()
        utterance = playout.utterance
        assert utterance.heard() == "w0 w1"
        playout.hold(2)
        playout.resume()
        for pts in range(20, 29):
            playout.take(pts)
        utterance.acknowledge(28, 2)
        assert utterance.heard() == "w0 w1 w2"
        for pts in range(29, 40):
            playout.take(pts)
        utterance.acknowledge(39, 2)
        assert utterance.heard() == "w0 w1 w2 w3 w4 w5"
        assert utterance.wholly_played

    async def test_word_of_silent_packets_doesnt_confirm_what_was_flushed(self):
        playout = await self.playing(sent=15)
        playout.hold(2)
        playout.utterance.acknowledge(18, 2)
        assert playout.utterance.heard() == "w0 w1", "w2 was flushed before its last frame"

    async def test_a_client_that_tells_nothing_hears_no_more_than_a_second_again(self):
        playout = await self.playing(words=12, sent=50)
        playout.utterance.played.clear()
        playout.hold(2)
        assert 25 <= playout.resume() <= 30

    async def test_cancelled_while_held_it_is_over(self):
        playout = await self.playing()
        playout.hold(2)
        playout.cancel()
        assert playout.drained
        assert playout.utterance.cut
