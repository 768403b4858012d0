import pytest

from orchestration.session.latency import ReplyClock, TurnClock


def turn(**marks):
    """Speech ended at 10 s, .52 s of silence were waited for, the first sound left at 11.2 s."""
    reply = ReplyClock(
        request=10.35,
        first_token=10.6,
        first_clause=10.8,
        language_model_compute=0.44,
        first_chunk=11.15,
        synthesizer_compute=0.32,
        asked=10.3,
        written=11.0,
        last_chunk=12.1,
    )
    known = {
        "speech_end": 10.0,
        "paused": 10.08,
        "silence_wait": 0.52,
        "decision": 10.53,
        "recognition_started": 10.1,
        "recognized": 10.34,
        "recognizer_compute": 0.2,
        "transcript": 10.53,
        "reply": reply,
        "drafted": True,
        "first_sound": 11.2,
        "mouth_open": 11.24,
        "last_sound": 13.0,
    }
    return TurnClock(**(known | marks)).report()


def test_marks_count_from_the_end_of_speech():
    report = turn()
    assert [report[mark] for mark in ("decision", "first_token", "first_sound", "mouth_open")] == [
        530,
        600,
        1200,
        1240,
    ]


def test_orchestration_is_what_neither_a_wait_nor_a_model_covers():
    # Covered: 10.0-10.52 by the wait, on to 10.79 by the language model, 10.8-11.12 by the voice.
    assert turn()["orchestration"] == pytest.approx(90)


def test_models_that_overlap_are_counted_once():
    drawn_out = turn(recognizer_compute=0.6)
    assert drawn_out["orchestration"] == turn()["orchestration"]


def test_overhead_of_each_hop_is_what_its_model_didnt_use():
    assert turn()["overhead"] == pytest.approx(
        {"recognizer": 40, "language_model": 10, "synthesizer": 30, "packet": 50}
    )


def test_a_turn_that_was_never_answered_has_no_figures_but_says_so():
    report = turn(reply=ReplyClock(), first_sound=None, mouth_open=None)
    assert report["first_sound"] is report["orchestration"] is None
    assert set(report["overhead"]) == {"recognizer"}


def test_every_stage_has_its_beginning_and_end_after_the_end_of_speech():
    assert turn()["stages"] == {
        "vad": [0, 80],
        "end_of_turn": [80, 530],
        "asr": [100, 340],
        "llm": [300, 1000],
        "tts": [800, 2100],
        "animate": [1200, 1240],
        "playout": [1200, 3000],
    }
    assert turn()["speech_end"] == 10.0, "in session time"


def test_a_stage_that_never_began_is_left_out_and_one_that_was_cut_ends_with_the_sound():
    reply = ReplyClock(asked=10.3, request=10.3, first_token=10.6, first_clause=10.8, last_chunk=11.15)
    typed = turn(paused=None, recognition_started=None, recognized=None, mouth_open=None, reply=reply)
    assert typed["stages"] == {
        "llm": [300, 3000],
        "tts": [800, 1150],
        "animate": [1200, 3000],
        "playout": [1200, 3000],
    }


def test_the_language_model_begins_when_it_is_first_asked():
    clock = ReplyClock()
    clock.ask(1.0)
    clock.ask(2.0)
    assert (clock.asked, clock.request) == (1.0, 2.0)
