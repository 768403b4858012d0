"""How much silence ends a turn: the policies, what they make of words and questions, and their weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.turn_taking.end_of_turn import Evidence, FusedPolicy, SmartTurnPolicy
from agents.turn_taking.last_words import Ending, last_words
from agents.turn_taking.question import Asked, question_in
from agents.turn_taking.weights import Weights, packaged_weights, read_weights

OVER = Evidence(
    smart_turn=0.97, pitch_rank=0.01, energy_fall=8, voice=0.4, text="Could you open the door for me, please?"
)
OPEN = Evidence(smart_turn=0.03, pitch_rank=0.6, energy_fall=2, voice=0.4, text="Could you open the")


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        pytest.param("", Ending.NOTHING, id="no words"),
        pytest.param("...", Ending.NOTHING, id="dots only"),
        pytest.param("I think, um", Ending.FILLER, id="um"),
        pytest.param("Well, let me think.", Ending.FILLER, id="let me think"),
        pytest.param("I went home and", Ending.CONJUNCTION, id="and"),
        pytest.param("I stayed because...", Ending.CONJUNCTION, id="because, with dots"),
        pytest.param("Please connect me to the", Ending.FUNCTION_WORD, id="the"),
        pytest.param("That is what I'd", Ending.FUNCTION_WORD, id="I'd"),
        pytest.param("It is 5 5 5", Ending.NUMBER, id="digits underway"),
        pytest.param("five seven two", Ending.NUMBER, id="number words"),
        pytest.param("We were looking for someone...", Ending.TRAILING, id="the recogniser's own dots"),
        pytest.param("Yes.", Ending.ANSWER, id="yes is whole"),
        pytest.param("No, thank you.", Ending.ANSWER, id="no thank you is whole"),
        pytest.param("I live in Leeds.", Ending.WORD, id="an ordinary sentence"),
        pytest.param("Что?", Ending.WORD, id="another script"),
    ],
)
def test_the_last_words_are_read(text: str, ending: Ending) -> None:
    assert last_words(text).ending is ending


@pytest.mark.parametrize(
    ("text", "listing"),
    [
        pytest.param("Milk, butter, a dozen eggs", 3, id="three items"),
        pytest.param("My number is 555 21", 5, id="five digits"),
        pytest.param("I live in Leeds.", 0, id="no list"),
    ],
)
def test_a_list_is_counted(text: str, listing: int) -> None:
    assert last_words(text).listing == listing


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert last_words(text).words >= 0
    assert question_in(text) in Asked
    assert 0 < FusedPolicy().needed_silence(Evidence(text=text)) < 10


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("", Asked.NOTHING, id="nothing was said"),
        pytest.param("The museum opens at nine.", Asked.NOTHING, id="no question"),
        pytest.param("Why? It opens at nine.", Asked.NOTHING, id="a question that was answered itself"),
        pytest.param("Fine. Do you need a ticket?", Asked.YES_OR_NO, id="do you"),
        pytest.param("And is that all?", Asked.YES_OR_NO, id="and is that"),
        pytest.param("How many people are you?", Asked.SHORT, id="how many"),
        pytest.param("What is your phone number?", Asked.NUMBER, id="a number"),
        pytest.param("Why did you leave?", Asked.OPEN, id="why"),
        pytest.param("Tell me about your day.", Asked.OPEN, id="tell me about"),
        pytest.param("How can I help you?", Asked.OPEN, id="how can I help"),
    ],
)
def test_the_agent_s_question_is_sorted(text: str, asked: Asked) -> None:
    assert question_in(text) is asked


class TestFused:
    def test_a_turn_that_is_plainly_over_ends_within_a_third_of_a_second(self) -> None:
        assert FusedPolicy().needed_silence(OVER) <= 1 / 3

    def test_a_turn_that_is_plainly_unfinished_is_given_two_seconds_and_more(self) -> None:
        assert FusedPolicy().needed_silence(OPEN) > 2

    @pytest.mark.parametrize(
        "better",
        [
            pytest.param({"text": "Could you open the door?"}, id="the words end"),
            pytest.param({"pitch_rank": 0.01}, id="the pitch falls"),
            pytest.param({"smart_turn": 0.99}, id="it sounds over"),
        ],
    )
    def test_every_piece_of_evidence_counts(self, better: dict[str, object]) -> None:
        policy = FusedPolicy()
        assert policy.probability(replace(OPEN, **better)) > policy.probability(OPEN)

    def test_an_ending_that_the_language_model_believes_in_counts(self) -> None:
        policy = FusedPolicy()
        likely, unlikely = (policy.probability(replace(OPEN, ending=p)) for p in (0.7, 1e-9))
        assert likely > unlikely

    @pytest.mark.parametrize(
        ("text", "asked"),
        [
            pytest.param("Yes.", Asked.YES_OR_NO, id="yes, to a yes-or-no question"),
            pytest.param("Okay, thank you.", Asked.NOTHING, id="thanks, to no question"),
            pytest.param("Goodbye.", Asked.NOTHING, id="goodbye"),
        ],
    )
    def test_a_short_answer_is_not_waited_out(self, text: str, asked: Asked) -> None:
        evidence = Evidence(0.8, 0.1, 6.0, 0.3, text=text, asked=asked)
        assert FusedPolicy().needed_silence(evidence) <= 0.8

    @pytest.mark.parametrize(
        ("text", "ending", "shortest", "longest"),
        [
            pytest.param("Tuesday.", 0.54, 0.2, 0.6, id="a day, which the language model takes for an end"),
            pytest.param("Tuesday.", None, 0.2, 1.3, id="a day, and nobody to ask"),
            pytest.param("I think on", 0.001, 1.5, 3.0, id="words that another one must follow"),
            pytest.param("Tuesday or", 0.001, 1.5, 3.0, id="a day, and another to come"),
        ],
    )
    def test_one_word_is_enough_for_who_was_asked_for_one(
        self, text: str, ending: float | None, shortest: float, longest: float
    ) -> None:
        evidence = Evidence(0.8, 0.1, 6.0, 0.4, text=text, ending=ending, asked=Asked.SHORT)
        policy = FusedPolicy()
        assert shortest <= policy.needed_silence(evidence) <= longest
        assert policy.probability(evidence) >= policy.probability(replace(evidence, asked=Asked.NOTHING))

    def test_who_was_asked_for_a_number_is_given_longer_than_who_was_asked_yes_or_no(self) -> None:
        policy, said = FusedPolicy(), replace(OVER, text="It is four two")
        waits = {asked: policy.probability(replace(said, asked=asked)) for asked in Asked}
        assert waits[Asked.NUMBER] < waits[Asked.OPEN] < waits[Asked.NOTHING] < waits[Asked.YES_OR_NO]

    def test_patience_stretches_all_waits_but_the_shortest(self) -> None:
        hasty, middling, patient = (FusedPolicy(patience) for patience in (0.0, 0.5, 1.0))
        assert hasty.needed_silence(OPEN) < middling.needed_silence(OPEN) < patient.needed_silence(OPEN)
        certain = replace(OVER, pitch_rank=0.0, ending=0.9)
        assert hasty.needed_silence(certain) == patient.needed_silence(certain)

    @given(
        st.builds(
            Evidence,
            smart_turn=st.none() | st.floats(0, 1),
            pitch_rank=st.none() | st.floats(0, 1),
            energy_fall=st.none() | st.floats(-200, 200),
            voice=st.none() | st.floats(0, 10),
            text=st.none() | st.sampled_from(["", "yes", "I went and", "5 5 5", "A whole sentence."]),
            ending=st.none() | st.floats(0, 1),
            asked=st.sampled_from(Asked),
        ),
        st.floats(0, 1),
    )
    def test_whatever_is_missing_or_extreme_there_is_a_wait_between_the_shortest_and_the_longest(
        self, evidence: Evidence, patience: float
    ) -> None:
        waits = packaged_weights().waits
        longest = waits[0].seconds + 1.5 * (waits[-1].seconds - waits[0].seconds)
        policy = FusedPolicy(patience)
        assert waits[0].seconds <= policy.needed_silence(evidence) <= longest + 1e-9
        assert 0 <= policy.probability(evidence) <= 1


class TestSmartTurnAlone:
    @pytest.mark.parametrize(
        ("evidence", "needed"),
        [
            pytest.param(Evidence(), 3.0, id="no answer yet"),
            pytest.param(Evidence(smart_turn=0.49), 3.0, id="below its threshold"),
            pytest.param(Evidence(smart_turn=0.5), 0.2, id="at its threshold"),
            pytest.param(Evidence(text="A whole sentence."), 3.0, id="words don't count"),
        ],
    )
    def test_its_own_threshold_decides(self, evidence: Evidence, needed: float) -> None:
        assert SmartTurnPolicy().needed_silence(evidence) == needed


class TestWeights:
    def test_waits_rise_as_the_probability_falls(self) -> None:
        weights = packaged_weights()
        waits = [weights.wait(p / 100) for p in range(100, -1, -1)]
        assert waits == sorted(waits)
        assert (waits[0], waits[-1]) == (weights.waits[0].seconds, weights.waits[-1].seconds)

    def test_waits_out_of_order_are_refused(self) -> None:
        data = packaged_weights().model_dump()
        with pytest.raises(ValidationError, match="order them"):
            Weights.model_validate(data | {"waits": data["waits"][::-1]})

    @pytest.mark.parametrize("text", ["bias: [", "bias: 1", "[]", ""])
    def test_a_file_that_holds_no_weights_is_named(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "weights.yaml"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"(?s)weights\.yaml.*--fit"):
            read_weights(path)
