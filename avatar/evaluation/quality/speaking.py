"""All rows of a mouth that recites the material."""

from __future__ import annotations

from collections.abc import Sequence

from avatar.evaluation.quality.lips import lip_rows
from avatar.evaluation.quality.performance import Performance
from avatar.evaluation.quality.row import Row
from avatar.evaluation.quality.timing import lag_row, silence_row
from avatar.evaluation.quality.vowels import vowel_rows

HUMAN = "Speaking, human prompts"
SYNTHETIC = "Speaking, held-out synthetic voices"


def material_rows(human: Performance, synthetic: Sequence[Performance]) -> list[Row]:
    """Rows of the human prompts, then of all synthetic voices together, if there are any."""
    rows = speaking_rows([human], HUMAN, "human")
    return rows + speaking_rows(synthetic, SYNTHETIC, "synthetic") if synthetic else rows


def speaking_rows(performances: Sequence[Performance], section: str, prefix: str) -> list[Row]:
    """Lips, vowels, silence and lag; the rows' keys begin with ``prefix``."""
    return [
        *lip_rows(performances, section, prefix),
        *vowel_rows(performances, section, prefix),
        silence_row(performances, section, prefix),
        lag_row(performances, section, prefix),
    ]
