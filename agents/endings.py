"""How likely a text is to end where it does: the next token that llama.cpp would choose."""

from __future__ import annotations

import math
from typing import Any, Final

from agents.failures import LanguageModelUnavailable

CHOICES: Final = 40  # next tokens that are looked at; a sentence that can end has its mark among them
_MARKS: Final = (".", "!", "?")
_BREAKS: Final = ("<|im_end|>", "<|endoftext|>", "</s>")


def bare(text: str) -> str:
    """``text`` without marks at its end: a recogniser writes a full stop whether or not it heard one."""
    return text.strip().rstrip(".!?,;: ")


def ending_of(server: Any, prompt: str) -> float:
    """Probability 0..1 that a full stop, a line's end or the turn's end follows ``prompt``.

    ``server`` is an ``xllamacpp.Server``; blocks while the model reads what it hasn't read before. The prompt
    stays in its cache, so a reply to the same words needn't read them again. Raises
    ``LanguageModelUnavailable``.
    """
    answers: list[dict[str, Any]] = []
    body = {
        "prompt": prompt,
        "max_tokens": 1,
        "n_probs": CHOICES,
        "temperature": 0.0,
        "stream": False,
        "cache_prompt": True,
    }
    try:
        server.handle_completions(body, answers.append)
        choices = answers[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    except (RuntimeError, ValueError, TypeError, LookupError) as error:
        reason = answers[0].get("error", error) if answers else error
        raise LanguageModelUnavailable(f"llama.cpp could not judge an ending: {reason}") from error
    return min(1.0, sum(math.exp(one["logprob"]) for one in choices if _ends(one["token"])))


def _ends(token: str) -> bool:
    """Whether a token ends a sentence: a mark, a new line, or the turn's own end."""
    return token in _BREAKS or token.lstrip().startswith(_MARKS) or (token.isspace() and "\n" in token)
