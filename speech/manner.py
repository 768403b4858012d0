"""How something is said, beside what is said and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SLOWEST, FASTEST = 0.5, 2.0
LOWEST, HIGHEST = 0.7, 1.4
SOFTEST_DB, LOUDEST_DB = -20.0, 10.0


@dataclass(frozen=True, slots=True)
class Manner:
    """What a clause changes in its voice: ``pace`` .5..2 and ``pitch`` .7..1.4 as ratios to the voice's own
    (above 1 is faster, higher), ``gain_db`` -20..10.

    Pitch takes the formants with it, as lips that smile or droop do (Tartter 1980). Raises ``ValueError``
    beyond these limits.
    """

    pace: float = 1.0
    pitch: float = 1.0
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        limits = (
            ("pace", self.pace, SLOWEST, FASTEST),
            ("pitch", self.pitch, LOWEST, HIGHEST),
            ("gain_db", self.gain_db, SOFTEST_DB, LOUDEST_DB),
        )
        for name, value, least, most in limits:
            if not least <= value <= most:
                raise ValueError(f"{name} = {value:g} is no manner of speaking; give {least:g} to {most:g}")

    @property
    def stretch(self) -> float:
        """How much longer the model's own sound must be, before its pitch is raised by playing it faster."""
        return self.pitch / self.pace


PLAIN: Final = Manner()
