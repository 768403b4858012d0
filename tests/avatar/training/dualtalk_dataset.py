"""A small data set in the DualTalk layout: tones for voices, and faces that follow their own loudness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE, FRAME = 16_000, 640

TINY_ENCODER = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "layer",
    "conv_bias": True,
    "do_stable_layer_norm": True,
}
"""A wav2vec2 that a test can train; the strides are the real ones."""


def motion_of(loudness: NDArray[np.float64], rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """A speaker's npz: expression and jaw follow ``loudness`` (T,), the neck drifts."""
    frames = len(loudness)
    exp = np.outer(loudness, rng.normal(size=50)) + 0.05 * rng.normal(size=(frames, 50))
    jaw = np.outer(loudness, [0.3, 0.0, 0.0]) + 0.003 * rng.normal(size=(frames, 3))
    neck = np.cumsum(0.004 * rng.normal(size=(frames, 3)), axis=0)
    return {
        "exp": exp.astype(np.float32),
        "pose": np.hstack([neck, jaw]).astype(np.float32),
        "shape": np.zeros((frames, 100), np.float32),
    }


def write_recording(folder: Path, name: str, seconds: float = 3.0, seed: int = 0) -> None:
    """Both speakers' wav and npz; they take turns of a second."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    frames = round(seconds * 25)
    for speaker in (1, 2):
        talks = (np.arange(frames) // 25 % 2 == speaker - 1).astype(np.float64)
        loudness = talks * (0.5 + 0.5 * np.sin(np.arange(frames) * (0.5 + 0.1 * speaker)))
        tone = np.sin(2 * np.pi * 180 * speaker * np.arange(frames * FRAME) / RATE)
        noise = 0.01 * rng.normal(size=frames * FRAME)
        soundfile.write(
            folder / f"{name}_speaker{speaker}.wav",
            (0.3 * tone * np.repeat(loudness, FRAME) + noise).astype(np.float32),
            RATE,
        )
        np.savez(folder / f"{name}_speaker{speaker}.npz", **motion_of(loudness, rng))


def write_dataset(root: Path, train: int = 4, test: int = 1, seconds: float = 3.0) -> Path:
    """``train`` conversations of one recording each, and ``test`` more of the same kind."""
    for index in range(train):
        write_recording(root / "train", f"film{index}_sub_video_{index}_000", seconds, seed=index)
    for index in range(test):
        write_recording(root / "test", f"other{index}_sub_video_{index}_000", seconds, seed=100 + index)
    return root
