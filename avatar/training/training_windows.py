"""The windows that a training's configuration asks for: those to learn from, and those to validate on."""

from __future__ import annotations

from avatar.training.config import TrainingConfig
from avatar.training.dualtalk_data import FLAME, MotionFiles, Pair, find_pairs
from avatar.training.dualtalk_windows import Windows
from avatar.training.validation_split import carve, own_validation_split


def training_windows(
    config: TrainingConfig, files: MotionFiles = FLAME
) -> tuple[Windows, Windows, list[str]]:
    """Training windows, validation windows, and what is to be said of them.

    Validation is on the data set's own validation folder, or on conversations kept apart. Raises
    ``DatasetError`` for unusable data.
    """
    options, defects = config.windows, config.reference_defects
    pairs: tuple[Pair, ...] = find_pairs(config.data, "train", both_sides=options.both_sides)
    own = "test" if defects.validate_on_test else own_validation_split(config.data)
    if own is None:
        pairs, kept = carve(pairs, options.validation_share, config.seed)
        source = f"{len({pair.conversation for pair in kept})} training conversations kept apart"
    else:
        kept, source = find_pairs(config.data, own, both_sides=options.both_sides), f"folder {own}"

    def cut(some: tuple[Pair, ...]) -> Windows:
        return Windows(
            some,
            options.window,
            options.hop,
            skip_short=options.skip_short,
            aliased=defects.aliased_windows,
            files=files,
        )

    train, validation = cut(pairs), cut(kept)
    notes = [f"{len(train)} training windows, {len(validation)} for validation ({source})"]
    skipped = len(train.skipped) + len(validation.skipped)
    if skipped:
        notes.append(f"{skipped} recordings shorter than {options.window:g} s are left out")
    return train, validation, notes
