"""Tags in what a model writes: marks for a program, or copied from its prompt, and never its words."""

from __future__ import annotations

import re
from typing import Final

LONGEST_TAG: Final = 80  # characters; what is longer is text with two odd signs in it
THOUGHTS: Final = frozenset({"think", "thinking"})
TOOLS: Final = frozenset(
    {
        "tool_call",
        "tool_calls",
        "tool_response",
        "tool_result",
        "tools",
        "function",
        "function_call",
        "function_calls",
        "function_response",
    }
)
_INLINE: Final = frozenset(
    {"a", "b", "code", "em", "i", "mark", "s", "small", "span", "strong", "sub", "sup", "u"}
)
_BLOCK: Final = frozenset({"br", "div", "h1", "h2", "h3", "hr", "li", "ol", "p", "td", "th", "tr", "ul"})

_CANDIDATE = re.compile(rf"<[^<>]{{1,{LONGEST_TAG - 2}}}>")
_ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+)"""
_NAMED = re.compile(
    rf"<(?P<close>/?)\s*(?P<name>[a-z][\w.:-]*)(?:=[^\s/]+)?(?:{_ATTRIBUTE})*\s*(?P<empty>/?)>", re.I
)
_NAMELESS = re.compile(r"<(?:\|[^|]*\||[!?][^<>]*)>")  # <|im_end|>, <!-- … -->
_BEGINNING = re.compile(r"<(?:[/|!?a-z]|\Z)", re.I)
_LOOSE = re.compile(r"<(?=[/|!?<a-z]|\Z)", re.I)


def opening(text: str) -> tuple[int, int, str] | None:
    """The first tag in ``text`` that opens thoughts or a tool's part: where it begins and ends, its name."""
    for candidate in _CANDIDATE.finditer(text):
        tag = _NAMED.fullmatch(candidate.group())
        if tag and not tag["close"] and not tag["empty"] and tag["name"].lower() in THOUGHTS | TOOLS:
            return candidate.start(), candidate.end(), tag["name"]
    return None


def certain(text: str) -> int:
    """How many characters of ``text`` can't belong to a tag that isn't whole yet."""
    at = text.rfind("<")
    if at < 0 or ">" in text[at:] or len(text) - at >= LONGEST_TAG or not _BEGINNING.match(text, at):
        return len(text)
    return at


def without_tags(text: str) -> str:
    """``text`` with no tag left in it: a line's end for one that breaks the line, else a gap or nothing.

    A sign that could be taken for the beginning of one is set apart, so that it is none with what follows.
    """
    return _LOOSE.sub("< ", _CANDIDATE.sub(lambda candidate: _instead(candidate.group()), text))


def without_a_torn_tag(text: str) -> str:
    """``text``, which has ended, without the known tag that it breaks off in."""
    at = certain(text)
    begun = text[at:].lstrip("</").lower()
    torn = text[at:].startswith(("<|", "</")) or any(name.startswith(begun) for name in THOUGHTS | TOOLS)
    return text[:at] if torn else text


def _instead(candidate: str) -> str:
    tag = _NAMED.fullmatch(candidate)
    if tag is None:
        return " " if _NAMELESS.fullmatch(candidate) else candidate
    name = tag["name"].lower()
    return "" if name in _INLINE else "\n" if name in _BLOCK else " "
