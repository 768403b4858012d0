"""Animators by name, imported only when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable

from avatar.animator import Animator
from avatar.config import AnimatorConfig

log = logging.getLogger(__name__)


class UnknownAnimatorError(ValueError):
    """A name no animator goes by."""


def _procedural(config: AnimatorConfig) -> Animator:
    from avatar.procedural.animator import ProceduralAnimator

    return ProceduralAnimator(config)


def _streaming(config: AnimatorConfig) -> Animator:
    from avatar.streaming.animator import StreamingAnimator

    return StreamingAnimator(config)


def _dualtalk(config: AnimatorConfig) -> Animator:
    named = (config.checkpoint, config.flame_map)
    absent = [str(path) for path in named if path is not None and not path.expanduser().exists()]
    if absent and config.fallback is not None:
        log.warning("no %s: the %s animator takes dualtalk's place", " and no ".join(absent), config.fallback)
        return load_animator(
            config.fallback,
            **config.model_dump(exclude={"name", "checkpoint", "flame_map", "fallback"}),
        )
    from avatar.dualtalk.animator import WindowedDualTalk

    return WindowedDualTalk.load(config)


ANIMATORS: dict[str, Callable[[AnimatorConfig], Animator]] = {
    "streaming": _streaming,
    "dualtalk": _dualtalk,
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
