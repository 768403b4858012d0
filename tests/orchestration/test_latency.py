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
    )
    known = {
        "speech_end": 10.0,
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
