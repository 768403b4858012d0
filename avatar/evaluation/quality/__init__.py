"""Quality of a face: what it does on speech it never heard, held against targets and another animator."""

from __future__ import annotations

from avatar.evaluation.quality.compare import Comparison, compare
from avatar.evaluation.quality.errors import QualityError
from avatar.evaluation.quality.evaluate import Measured, QualityOptions, evaluate
from avatar.evaluation.quality.material import Material, gather
from avatar.evaluation.quality.row import Row

__all__ = [
    "Comparison",
    "Material",
    "Measured",
    "QualityError",
    "QualityOptions",
    "Row",
    "compare",
    "evaluate",
    "gather",
]
