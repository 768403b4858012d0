"""One party's voice: what it has to say, in an order drawn from a seed, at its own speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from avatar.training.dyads.clips import at_speed, length, levelled, shortened
from avatar.training.dyads.options import DyadError
from avatar.training.dyads.utterance import Utterance

LONGEST = 12.0  # s of speech without a turn's own pause; longer recordings stop at a pause before
WOBBLE = 0.015  # of speed from utterance to utterance, one standard deviation
SOFTER = -8.0  # dB; a backchannel is said under the other's voice


class Voice:
    """A speaker who says everything that it has before it says anything twice.

    ``speed`` is a factor on rate and pitch. Raises ``DyadError`` if the voice has only backchannels.
    """

    def __init__(self, utterances: Sequence[Utterance], rng: np.random.Generator, speed: float) -> None:
        self.name = utterances[0].voice
        self._rng = rng
        self._speed = speed
        self._contributions = [utterance for utterance in utterances if not utterance.backchannel]
        self._backchannels = [utterance for utterance in utterances if utterance.backchannel]
        if not self._contributions:
            raise DyadError(f"voice {self.name} has only backchannels; give it something to say")
        self._unsaid: list[Utterance] = []
        self._ungiven: list[Utterance] = []

    @property
    def acknowledges(self) -> bool:
        """Whether it has any backchannels."""
        return bool(self._backchannels)

    def say(self, at_most: float) -> Utterance:
        """The next thing that it says, at its speed and the common level.

        It takes ``at_most`` so many seconds if anything that is still unsaid does, else as few as there are.
        """
        if not self._unsaid:
            self._unsaid = self._shuffled(self._contributions)
        lengths = [length(utterance) / self._speed for utterance in self._unsaid]
        fitting = [index for index, seconds in enumerate(lengths) if seconds <= at_most]
        return levelled(self._spoken(self._unsaid.pop(fitting[0] if fitting else int(np.argmin(lengths)))))

    def acknowledge(self) -> Utterance:
        """The next backchannel, softer; only a voice that ``acknowledges`` has any."""
        if not self._ungiven:
            self._ungiven = self._shuffled(self._backchannels)
        return levelled(self._spoken(self._ungiven.pop()), SOFTER)

    def _spoken(self, utterance: Utterance) -> Utterance:
        speed = self._speed * float(np.clip(self._rng.normal(1.0, WOBBLE), 1 - 2 * WOBBLE, 1 + 2 * WOBBLE))
        return at_speed(shortened(utterance, LONGEST * speed), speed)

    def _shuffled(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        return [utterances[index] for index in self._rng.permutation(len(utterances))]


def cast(
    utterances: Sequence[Utterance], rng: np.random.Generator, speeds: tuple[float, float]
) -> tuple[Voice, Voice]:
    """Two voices out of a bank, different ones if it has several, each at a speed drawn from ``speeds``.

    Voices with more to say are drawn more often. Raises ``DyadError`` if there is nothing to say, or if the
    utterances mix material that must be kept apart.
    """
    material = sorted({utterance.material for utterance in utterances})
    if len(material) > 1:
        raise DyadError(f"utterances mix {', '.join(material)} material; give those of one kind only")
    said: dict[str, list[Utterance]] = {}
    for utterance in utterances:
        said.setdefault(utterance.voice, []).append(utterance)
    able = sorted(voice for voice, own in said.items() if not all(u.backchannel for u in own))
    if not able:
        raise DyadError(
            f"none of {len(utterances)} utterances is more than a backchannel; there is nothing to say"
        )
    weights = np.sqrt([len(said[voice]) for voice in able])
    chosen = rng.choice(len(able), size=2, replace=len(able) < 2, p=weights / weights.sum())
    first, second = (
        Voice(said[able[index]], child, float(rng.uniform(*speeds)))
        for index, child in zip(chosen, rng.spawn(2), strict=True)
    )
    return first, second
