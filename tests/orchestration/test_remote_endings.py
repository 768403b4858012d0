"""Asking a language model in a replica how likely words are to end."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from ray.exceptions import RayError

from agents.language_model import Completes, LanguageModelError
from orchestration.serving.remote import RemoteLanguageModel


class Answer:
    """What a deployment handle returns: awaited once, or cancelled."""

    def __init__(self, value: object, delay: float = 0.0) -> None:
        self.value, self.delay, self.cancelled = value, delay, False

    def __await__(self):
        yield from asyncio.sleep(self.delay).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value

    def cancel(self) -> None:
        self.cancelled = True


def model_answering(answer: Answer) -> tuple[RemoteLanguageModel, list[tuple[object, ...]]]:
    asked: list[tuple[object, ...]] = []

    def remote(*arguments: object) -> Answer:
        asked.append(arguments)
        return answer

    handle = SimpleNamespace(
        options=lambda **options: None, ending_probability=SimpleNamespace(remote=remote)
    )
    return RemoteLanguageModel(handle), asked


@pytest.mark.parametrize("probability", [0.25, None])
async def test_the_replica_s_answer_is_passed_on(probability: float | None) -> None:
    model, asked = model_answering(Answer(probability))
    assert isinstance(model, Completes)
    assert await model.ending_probability((), "I went and") == probability
    assert asked == [((), "I went and")]


async def test_a_replica_that_fails_is_a_language_model_that_fails() -> None:
    model, _ = model_answering(Answer(RayError("the replica died")))
    with pytest.raises(LanguageModelError, match="the replica died"):
        await model.ending_probability((), "I went and")


async def test_who_gives_up_waiting_cancels_the_work_in_the_replica() -> None:
    answer = Answer(0.5, delay=60)
    model, _ = model_answering(answer)
    asking = asyncio.create_task(model.ending_probability((), "I went and"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert answer.cancelled
