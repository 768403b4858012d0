"""Animators by name, imported only when asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from avatar.animator import Animator
from avatar.config import AnimatorConfig

STREAMING_WEIGHTS = Path(__file__).parent / "streaming" / "weights.safetensors"

log = logging.getLogger(__name__)


class UnknownAnimatorError(ValueError):
    """A name no animator goes by."""


def _procedural(config: AnimatorConfig) -> Animator:
    from avatar.procedural.animator import ProceduralAnimator

    return ProceduralAnimator(config)


def _streaming(config: AnimatorConfig) -> Animator:
    if (instead := _fallback(config, config.checkpoint or STREAMING_WEIGHTS)) is not None:
        return instead
    from avatar.streaming.animator import StreamingAnimator

    return StreamingAnimator(config)


def _dualtalk(config: AnimatorConfig) -> Animator:
    if (instead := _fallback(config, config.checkpoint, config.flame_map)) is not None:
        return instead
    from avatar.dualtalk.animator import WindowedDualTalk

    return WindowedDualTalk.load(config)


def _fallback(config: AnimatorConfig, *named: Path | None) -> Animator | None:
    """The configured fallback where one of the files that are named isn't there; None where all are."""
    absent = [str(path) for path in named if path is not None and not path.expanduser().exists()]
    if not absent or config.fallback is None:
        return None
    missing = " and no ".join(absent)
    log.warning("no %s: the %s animator takes %s's place", missing, config.fallback, config.name)
    options = config.model_dump(exclude={"name", "checkpoint", "flame_map", "fallback"})
    return load_animator(config.fallback, **options)


ANIMATORS: dict[str, Callable[[AnimatorConfig], Animator]] = {
    "streaming": _streaming,
    "dualtalk": _dualtalk,
    "procedural": _procedural,
}
"""Known animators: how to make one from its config."""


def load_animator(name: str = "streaming", **options: object) -> Animator:
    """An animator by name, with ``AnimatorConfig``'s other fields as options.

    Raises ``UnknownAnimatorError`` listing the known names, and pydantic's ``ValidationError`` for unknown
    options or values out of range.
    """
    if name not in ANIMATORS:
        raise UnknownAnimatorError(f"there is no animator {name!r}; known: {', '.join(sorted(ANIMATORS))}")
    return ANIMATORS[name](AnimatorConfig.model_validate({"name": name, **options}))
