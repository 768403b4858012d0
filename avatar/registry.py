"""Animators by name, imported only when asked for."""

from __future__ import annotations

from collections.abc import Callable

from avatar.animator import Animator
from avatar.config import AnimatorConfig


class UnknownAnimatorError(ValueError):
    """A name no animator goes by."""


def _procedural(config: AnimatorConfig) -> Animator:
    from avatar.procedural.animator import ProceduralAnimator

    return ProceduralAnimator(config)


def _streaming(config: AnimatorConfig) -> Animator:
    from avatar.streaming.animator import StreamingAnimator

    return StreamingAnimator(config)


ANIMATORS: dict[str, Callable[[AnimatorConfig], Animator]] = {
    "streaming": _streaming,
    "procedural": _procedural,
}
"""Known animators: how to make one from its config."""


def load_animator(name: str = "procedural", **options: object) -> Animator:
    """An animator by name, with ``AnimatorConfig``'s other fields as options.

    Raises ``UnknownAnimatorError`` listing the known names, and pydantic's ``ValidationError`` for unknown
    options or values out of range.
    """
    if name not in ANIMATORS:
        raise UnknownAnimatorError(f"there is no animator {name!r}; known: {', '.join(sorted(ANIMATORS))}")
    return ANIMATORS[name](AnimatorConfig.model_validate({"name": name, **options}))
