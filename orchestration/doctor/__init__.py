"""What is installed, what is missing, and the fix for each, all at once."""

from __future__ import annotations

from orchestration.doctor.check import Check, State
from orchestration.doctor.examination import examine

__all__ = ["Check", "State", "examine"]
