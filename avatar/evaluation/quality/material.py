"""The speech a face is measured on, none of which anything was trained on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avatar.animator import SAMPLE_RATE
from avatar.evaluation.quality.errors import QualityError
from avatar.evaluation.quality.recorded import RecordedClip, load_clip
from avatar.evaluation.quality.script import SILENCE
from avatar.retarget.flame_map import FlameMap
from avatar.training.dyads.bank import read_bank
from avatar.training.dyads.utterance import Utterance

HUMAN = ("allison", "asterisk")  # how the names of human voices begin
PROMPTS_DUE = 100  # human prompts under which figures are too few to report


@dataclass(frozen=True, eq=False)
class Material:
    """Held-out ``human`` prompts, ``synthetic`` utterances by voice, and a recorded clip with its map."""

    human: tuple[Utterance, ...] = field(repr=False)
    synthetic: dict[str, tuple[Utterance, ...]] = field(repr=False, default_factory=dict)
    clip: RecordedClip | None = field(repr=False, default=None)
    flame_map: FlameMap | None = field(repr=False, default=None)

    @property
    def summary(self) -> dict[str, object]:
        """How much there is of what."""
        return {
            "human_prompts": len(self.human),
            "human_seconds": round(_seconds(self.human), 1),
            "held_out_voices": {voice: len(said) for voice, said in self.synthetic.items()},
            "clip": None if self.clip is None else self.clip.name,
            "flame_map": self.flame_map is not None,
        }

    @property
    def missing(self) -> list[str]:
        """What a full report would need besides, one sentence each."""
        lacks = []
        if len(self.human) < PROMPTS_DUE:
            lacks.append(
                f"only {len(self.human)} held-out human prompts; {PROMPTS_DUE} are due (visavis corpus bank)"
            )
        if not self.synthetic:
            lacks.append("no held-out synthetic voice in the bank; those rows are left out")
        if self.clip is None:
            lacks.append("no recorded clip given (--clip); its rows are left out")
        elif self.flame_map is None:
            lacks.append("no map to FLAME given (--flame-map); FD of exp and jaw isn't measured")
        return lacks


def gather(
    bank: Path, clip: Path | None = None, flame_map: FlameMap | None = None, a_voice: int = 40
) -> Material:
    """The bank's test material, at most ``a_voice`` utterances of each synthetic voice (seeded), and the
    clip.

    Raises ``BankError`` for a bank that is absent or broken, ``QualityError`` if it has no held-out human
    prompt, and for a clip that is incomplete.
    """
    human: list[Utterance] = []
    synthetic: dict[str, list[Utterance]] = {}
    for utterance in read_bank(bank, materials=("test",)):
        if utterance.backchannel or all(phone.name == SILENCE for phone in utterance.phones):
            continue
        if utterance.voice.startswith(HUMAN):
            human.append(utterance)
        else:
            synthetic.setdefault(utterance.voice, []).append(utterance)
    if not human:
        raise QualityError(
            f"the bank in {bank} has no held-out human prompt; make it with the Asterisk recordings "
            "installed: visavis corpus bank"
        )
    return Material(
        human=tuple(human),
        synthetic={voice: _some(said, a_voice) for voice, said in sorted(synthetic.items())},
        clip=None if clip is None else load_clip(clip),
        flame_map=flame_map,
    )


def _some(said: list[Utterance], count: int) -> tuple[Utterance, ...]:
    order = np.random.default_rng(0).permutation(len(said))[:count]
    return tuple(said[index] for index in sorted(order))


def _seconds(said: Iterable[Utterance]) -> float:
    return sum(len(utterance.pcm) for utterance in said) / SAMPLE_RATE
