"""How likely is it somebody else who speaks? From how like a known voice it sounds, and for how long.

Short speech resembles nobody much, so a likeness means less the shorter it is: of six tenths of a second
hardly anything can be said, of a second and a half a good deal. The weights are a logistic regression on one
half of the voices of ``python -m benchmarks.strangers``; the other half is reported in docs/turn-taking.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

SHORTEST: Final = 0.56  # seconds of speech of which anything is said
UNDECIDED: Final = 0.5  # before there is enough speech to tell
LONGEST: Final = 2.0  # seconds beyond which nothing was fitted

BIAS: Final = 15.482
LIKENESS: Final = -23.585
LENGTH: Final = 4.363  # of the natural logarithm of the seconds
BOTH: Final = -3.768  # of likeness times that logarithm


def stranger(likeness: float, seconds: float) -> float:
    """Probability 0..1 that it isn't a known voice, as many strangers as friends expected.

    ``likeness`` is the cosine (-1..1) of ``speech/speaker`` with the voice that is most like it, ``seconds``
    how much speech it was found in. Raises ``ValueError`` on what isn't finite or on no speech.
    """
    if not (math.isfinite(likeness) and 0 < seconds < math.inf):
        raise ValueError(
            f"a likeness of {likeness} in {seconds} s of speech says nothing; give finite numbers"
        )
    length = math.log(min(max(seconds, SHORTEST), LONGEST))
    odds = BIAS + LIKENESS * likeness + LENGTH * length + BOTH * likeness * length
    return 1 / (1 + math.exp(-odds))


@dataclass(frozen=True, slots=True)
class Whose:
    """What follows from a doubt about who speaks over the agent.

    Nobody is shut out: who isn't told from the user in time counts as the user, and a stranger who insists
    gets the floor. ``unlike`` is what `stranger` says, None where nobody can tell.
    """

    sure: float = 0.8  # probability from which it is somebody else
    wait: float = 1.6  # seconds of speech by which it is told, if at all
    insists: float = 3.0  # seconds of speech after which even a stranger gets the floor
    after_all: float = UNDECIDED  # probability under which it is the user after all
    certain: float = 0.92  # probability from which what they say isn't even remembered
    fainter: float = 0.1  # logarithm of the odds a dB: others in the room are further away

    def is_other(
        self, unlike: float | None, level: float | None, heard: float, *, certain: bool = False
    ) -> bool:
        """Whether somebody else speaks: ``heard`` seconds so far, ``level`` dB against the user's usual."""
        if unlike is None or unlike <= UNDECIDED or heard >= self.insists:
            return False  # how faint a sound is tells nothing by itself
        sure = max(self.sure, self.certain) if certain else self.sure
        odds = math.log(max(unlike, 1e-6) / max(1 - unlike, 1e-6)) + self.fainter * max(0.0, -(level or 0.0))
        return odds >= math.log(sure / (1 - sure))

    def is_open(self, unlike: float | None, heard: float) -> bool:
        """Whether it may still turn out that somebody else speaks, so that it is worth hearing more."""
        return unlike is not None and unlike > 1 - self.sure and heard < self.wait

    def was_wronged(self, unlike: float | None, heard: float) -> bool:
        """Whether who was talked over should have the floor: the user after all, or one who insists."""
        return unlike is not None and (unlike < self.after_all or heard >= self.insists)
