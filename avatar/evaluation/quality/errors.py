"""What a user can repair."""

from __future__ import annotations


class QualityError(ValueError):
    """Material that can't be measured on; the message names what is wrong and the remedy."""
