"""What the agent asked last, since that decides what answer is whole."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Asked(StrEnum):
    """What sort of question the user is answering; English."""

    NOTHING = "nothing"
    YES_OR_NO = "yes_or_no"  # one word is a whole answer
    SHORT = "short"  # what, when, how many: a few words are
    NUMBER = "number"  # digits come in groups, with pauses between
    OPEN = "open"  # why, how, tell me about: people think, and go on


_NUMBER: Final = re.compile(
    r"\b(number|digits|phone|code|pin|postcode|zip|date of birth|spell|account|reference)\b"
)
_OPEN: Final = re.compile(
    r"\b(why|how (do|did|does|is|was|are|were|would|come)|tell me|describe|explain|"
    r"what (happened|do you think|would you like to|brings you|are you looking)|"
    r"how can i help|what can i do|talk about)\b"
)
_SHORT: Final = re.compile(r"\b(what|which|who|when|where|whose|how (many|much|old|long|far|often))\b")
_YES_OR_NO: Final = re.compile(
    r"^(?:\W*(?:and|so|but|well|okay|great|sure)\b\W*)*(do|does|did|is|are|was|were|am|can|could|will|would|"
    r"shall|should|have|has|had|may|might|isn't|aren't|don't|doesn't|didn't|won't|wouldn't|can't|haven't)\b"
)
_SENTENCE: Final = re.compile(r"[^.!?]*[.!?]?")


def question_in(text: str) -> Asked:
    """The question that ends what the agent said last; ``NOTHING`` where it asked none.

    A request such as "Tell me about it." counts as a question without its mark.
    """
    sentences = [part.strip().lower() for part in _SENTENCE.findall(text) if part.strip()]
    if not sentences:
        return Asked.NOTHING
    last = sentences[-1]
    if not last.endswith("?") and not last.startswith(("tell me", "please tell", "describe", "please say")):
        return Asked.NOTHING
    if _NUMBER.search(last):
        return Asked.NUMBER
    if _OPEN.search(last):
        return Asked.OPEN
    if _YES_OR_NO.match(last):
        return Asked.YES_OR_NO
    return Asked.SHORT if _SHORT.search(last) else Asked.YES_OR_NO
