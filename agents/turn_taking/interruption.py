"""Somebody speaks while the agent does: keep on, fall silent for a moment, stop for good, or go on again.

Policies look at numbers and decide; they hear nothing and know no clock. Most of what is said over a speaker
isn't meant to stop them (40 % of speaker changes overlap, Heldner & Edlund 2010): "mm-hmm", laughter, a
cough, others in the room, the agent's own voice coming back.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol

from agents.turn_taking.stranger import Whose

PolicyName = Literal["immediate", "min_words", "judged"]

_WORD: Final = re.compile(r"[a-z]+")
BACKCHANNELS: Final = frozenset(
    _WORD.findall(
        "mm mmm mhm mmhmm hm hmm hmmm uh um huh uhhuh ah aha oh ooh ha haha hah heh hehe yeah yep yup yes ya "
        "ok okay right sure exactly good great nice cool wow really true totally absolutely indeed alright "
        "fine perfect"
    )
)  # a listener's words; an utterance of nothing else leaves the floor where it is
BACKCHANNEL_PHRASES: Final = (
    "i see",
    "i know",
    "i understand",
    "of course",
    "no way",
    "oh no",
    "thats",
    "got it",
    "all right",
    "makes sense",
    "for sure",
)
COMMANDS: Final = frozenset(
    _WORD.findall(
        "stop wait no nope hold pause quiet enough cancel excuse sorry pardon but what why who when where "
        "how actually listen hey hang"
    )
)  # at the beginning of what was said: somebody wants the floor
_COMMAND_WITHIN: Final = 2  # words from the beginning, those of a listener not counted


class Act(StrEnum):
    """What to do about the user's sound."""

    KEEP = "keep"  # as it is
    HOLD = "hold"  # fall silent at once, ready to go on
    STOP = "stop"  # give up the floor
    RESUME = "resume"  # go on with what was held


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of the sound that came while the agent spoke."""

    spoken: float  # seconds of sure speech; of the latest stretch where it is over
    over: bool = False  # it has ended
    articulation: float = 5.0  # how much the mouth moves, dB a step; see speech/articulation.py
    openness: float = 0.0  # dB; far below 0 behind closed lips
    claim: float | None = None  # 0..1, that it wants the floor; see speech/claim.py; None: not judged
    level: float | None = None  # dB against the user's usual level; None: not known
    echo: float = 0.0  # 0..1, how much of it the agent's own sound explains
    words: str | None = (
        None  # of a quick transcript; None: there is none of all of it, empty: it has no words
    )
    held: float | None = None  # seconds since the agent fell silent; None: it speaks
    left: float | None = None  # seconds until the agent has finished; None: not known
    stranger: float | None = None  # 0..1, that it isn't the user; .5: not known yet; None: nobody can tell
    heard: float = 0.0  # seconds of speech of which that is said, pauses left out
    gone_on: bool = False  # the agent has fallen silent for it already, and gone on


class InterruptionPolicy(Protocol):
    """Decides, frame by frame, who keeps the floor."""

    @property
    def words_after(self) -> float | None:
        """Seconds of sure speech after which words are wanted before it is over; None: not even then."""
        ...

    @property
    def hears_claims(self) -> bool:
        """Whether ``Overlap.claim`` is worth judging."""
        ...

    def judge(self, overlap: Overlap) -> Act:
        """What to do now."""
        ...

    def is_other(self, overlap: Overlap, *, certain: bool = False) -> bool:
        """Whether somebody else than the user speaks; ``certain``: so surely that it can be forgotten."""
        ...


def is_backchannel(words: str) -> bool:
    """Whether nothing was said but what listeners say."""
    text = " ".join(_WORD.findall(words.lower().replace("'", "")))
    for phrase in BACKCHANNEL_PHRASES:
        text = re.sub(rf"\b{phrase}\b", "", text)
    return bool(_WORD.search(words.lower())) and all(word in BACKCHANNELS for word in text.split())


def is_command(words: str) -> bool:
    """Whether somebody who says this wants the floor, however short it is."""
    if is_backchannel(words):
        return False
    said = [word for word in _WORD.findall(words.lower().replace("'", "")) if word not in BACKCHANNELS]
    return any(word in COMMANDS for word in said[:_COMMAND_WITHIN])


@dataclass(frozen=True, slots=True)
class Immediate:
    """Any sure speech stops the agent."""

    after: float = 0.1  # seconds
    words_after: float | None = None
    hears_claims: bool = False

    def judge(self, overlap: Overlap) -> Act:
        """Stop once the speech is long enough."""
        return Act.STOP if not overlap.over and overlap.spoken >= self.after else Act.KEEP

    def is_other(self, overlap: Overlap, *, certain: bool = False) -> bool:
        """Nobody is told apart."""
        return False


@dataclass(frozen=True, slots=True)
class MinWords:
    """So many words stop the agent, whatever they are; the sound alone never does."""

    words: int = 2
    words_after: float | None = 0.4
    hears_claims: bool = False

    def judge(self, overlap: Overlap) -> Act:
        """Stop once enough words have been understood."""
        return Act.STOP if len((overlap.words or "").split()) >= self.words else Act.KEEP

    def is_other(self, overlap: Overlap, *, certain: bool = False) -> bool:
        """Nobody is told apart."""
        return False


@dataclass(frozen=True, slots=True)
class Judged:
    """Falls silent for what sounds like words, then lets the words decide.

    ``yielding`` 0..1 is how easily the floor is given up; at 0 only commands and long speech take it.
    The defaults were chosen on one half of the material of ``benchmarks/giving_way.py``.
    """

    yielding: float = 0.5
    decides_within: float = 0.9  # seconds of silence after which a hold is decided
    words_after: float | None = math.inf  # words are wanted once something is over, not in its middle
    hears_claims: bool = False  # True: by the sound of it; False: by how much the mouth moves

    claims: float = 0.8  # 0..1, from which a sound wants the floor
    unclear: float = 0.6  # 0..1, at which it is heard for ``later``; in between, for something in between
    listens: float = 0.3  # 0..1, under which it is a listener's
    at_once: float = 0.2  # seconds of speech that wants the floor
    listened: float = 0.95  # seconds of speech that sounds like a listener's; then it is none
    articulate: float = 2.5  # dB a step: so much moves a mouth that says more than one syllable
    closed: float = -25.0  # dB of openness below which lips are closed: a hum
    quieter: float = -7.0  # dB below the user's usual level: somebody else, further away
    echoed: float = 0.75  # share of the sound from which it is the agent's own
    sooner: float = 0.28  # seconds of articulate speech that make the agent fall silent
    later: float = 0.56  # seconds of any other speech
    hummed: float = 1.4  # seconds of humming
    unsure: float = 0.3  # seconds that a sound goes on after falling silent for it until it is no listener's
    takes: float = 0.75  # seconds of speech, still going on, that take the floor: words would come too late
    nearly_done: float = 0.3  # seconds left, for which it isn't worth to stop
    whose: Whose = field(default_factory=Whose)  # what a voice that isn't the user's may do

    def judge(self, overlap: Overlap) -> Act:
        """Weigh what is known."""
        return (
            self._while_speaking(overlap) if overlap.held is None else self._while_held(overlap, overlap.held)
        )

    def _while_speaking(self, overlap: Overlap) -> Act:
        if overlap.echo >= self.echoed:
            return Act.KEEP
        if overlap.over:
            return Act.STOP if self._wants_the_floor(overlap.words, overlap) else Act.KEEP
        if self._distant(overlap) or self.is_other(overlap):
            return Act.KEEP
        if overlap.left is not None and overlap.left <= self.nearly_done:
            return Act.KEEP
        if overlap.spoken < self._patience(overlap):
            return Act.KEEP
        if not overlap.gone_on:
            return Act.HOLD
        return Act.STOP if self.whose.was_wronged(overlap.stranger, overlap.heard) else Act.KEEP

    def _while_held(self, overlap: Overlap, held: float) -> Act:
        if not overlap.over:
            # It is silent already, so nothing is lost by hearing them out.
            if self.is_other(overlap):
                return Act.RESUME
            takes = overlap.spoken >= self._taking(overlap) or held >= self.decides_within
            takes = takes and not self.whose.is_open(overlap.stranger, overlap.heard)
            return Act.STOP if takes else Act.KEEP
        if overlap.words is not None:
            if self.is_other(overlap):
                return Act.STOP if is_command(overlap.words) else Act.RESUME
            listens = not overlap.words or is_backchannel(overlap.words)  # no words: a cough, a knock
            return Act.RESUME if listens else Act.STOP
        return Act.KEEP if held < self.decides_within else Act.RESUME

    def _wants_the_floor(self, words: str | None, overlap: Overlap) -> bool:
        if not words or self._distant(overlap):
            return False
        if is_command(words):
            return True
        if self.is_other(overlap):
            return False
        long = self.listened if self._listens(overlap) else self.later
        return overlap.spoken >= long and not is_backchannel(words)

    def is_other(self, overlap: Overlap, *, certain: bool = False) -> bool:
        """Whether it is somebody else who speaks, to somebody else."""
        return self.whose.is_other(overlap.stranger, overlap.level, overlap.heard, certain=certain)

    def _distant(self, overlap: Overlap) -> bool:
        return overlap.level is not None and overlap.level <= self.quieter

    def _listens(self, overlap: Overlap) -> bool:
        return overlap.claim is not None and overlap.claim <= self.listens

    def _patience(self, overlap: Overlap) -> float:
        """Seconds of sure speech that are listened to before falling silent."""
        if overlap.claim is not None and overlap.claim >= self.claims:
            return self._stretched(self.at_once)
        if overlap.openness <= self.closed:
            return self._stretched(self.hummed)
        if overlap.claim is not None:
            return self._stretched(self._heard_out(overlap.claim))
        return self._stretched(self.sooner if overlap.articulation >= self.articulate else self.later)

    def _taking(self, overlap: Overlap) -> float:
        """Seconds of speech that take the floor; more where it was hesitated to be silent for it."""
        takes = self._stretched(self.takes)
        return takes if overlap.claim is None else max(takes, self._patience(overlap) + self.unsure)

    def _heard_out(self, claim: float) -> float:
        """Seconds at ``claim``: along straight lines between those of a claim, of what may be either, and of
        a listener."""
        if claim <= self.listens:
            return self.listened
        if claim >= self.unclear:
            least, most, low, high = self.at_once, self.later, self.unclear, self.claims
        else:
            least, most, low, high = self.later, self.listened, self.listens, self.unclear
        return most - (most - least) * min(1.0, (claim - low) / (high - low))

    def _stretched(self, seconds: float) -> float:
        return float(seconds * 2.0 ** (1 - 2 * self.yielding))  # twice at 0, half at 1
