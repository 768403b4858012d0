"""Voices for the face: human prompts where they are installed, source-filter vowels everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import lfilter

from avatar import SAMPLE_RATE
from avatar.gltf import HeadModel, Material, Part
from avatar.gltf.model import Node
from avatar.motion import NAMES, SHAPES

Sound = NDArray[np.float32]

FORMANTS = {  # Hz, Peterson & Barney 1952, men
    "a": (730, 1090, 2440, 3400),
    "i": (270, 2290, 3010, 3500),
    "u": (300, 870, 2240, 3300),
    "o": (570, 840, 2410, 3300),
    "e": (530, 1840, 2480, 3500),
}
BANDWIDTHS = (80, 90, 120, 160)  # Hz


def vowel(name: str, seconds: float = 0.6, pitch: float = 120.0) -> Sound:
    """A vowel by source and filter: an impulse train with a voice's tilt and vibrato through four
    resonances.
    """
    count = int(seconds * SAMPLE_RATE)
    vibrato = pitch * (1 + 0.01 * np.sin(2 * np.pi * 5 * np.arange(count) / SAMPLE_RATE))
    phase = np.cumsum(vibrato) / SAMPLE_RATE
    source = np.diff(np.floor(phase), prepend=0.0)
    sound = lfilter([1.0], np.convolve([1.0, -0.96], [1.0, -0.96]), source)  # the glottis: -12 dB an octave
    for formant, bandwidth in zip(FORMANTS[name], BANDWIDTHS, strict=True):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        angle = 2 * np.pi * formant / SAMPLE_RATE
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], sound)
    sound = np.diff(sound, prepend=0.0)  # radiation at the lips
    fade = np.clip(np.minimum(np.arange(count), np.arange(count)[::-1]) / (0.02 * SAMPLE_RATE), 0, 1)
    return (0.12 * fade * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def hiss(seconds: float = 0.3, seed: int = 0) -> Sound:
    """An /s/: noise above 4 kHz."""
    noise = np.random.default_rng(seed).standard_normal(int(seconds * SAMPLE_RATE))
    sharp = lfilter([1.0, -1.6, 0.9], [1.0, 0.6, 0.5], noise)
    return (0.05 * sharp / np.sqrt(np.mean(sharp**2))).astype(np.float32)


def silence(seconds: float) -> Sound:
    """Digital silence."""
    return np.zeros(int(seconds * SAMPLE_RATE), dtype=np.float32)


@pytest.fixture(scope="session")
def vowels() -> dict[str, Sound]:
    """0.6 s of each vowel."""
    return {name: vowel(name) for name in FORMANTS}


@pytest.fixture(scope="session")
def babble() -> Sound:
    """Six seconds of syllables with hisses and pauses, as any voice makes them."""
    parts: list[Sound] = []
    for index, name in enumerate("aiueoa" * 3):
        parts.append(vowel(name, 0.18 + 0.02 * (index % 3), pitch=105 + 12 * (index % 4)))
        parts.append(hiss(0.08, seed=index) if index % 3 == 0 else silence(0.05))
        if index % 6 == 5:
            parts.append(silence(0.6))
    return np.concatenate(parts)


@pytest.fixture(scope="session")
def phrase() -> Sound:
    """Three seconds of syllables whose pitch rises and falls, without a pause."""
    pitches = (110, 125, 170, 140, 105, 100)
    return np.concatenate([vowel(name, 0.25, pitches[i % 6]) for i, name in enumerate("aieuoa" * 2)])


@pytest.fixture(scope="session")
def human(asterisk_prompts: dict[str, Path]) -> Callable[[str], Sound]:
    """A human prompt at 16 kHz by name."""

    def load(name: str) -> Sound:
        sound, rate = soundfile.read(asterisk_prompts[name], dtype="float32")
        return np.asarray(soxr.resample(sound, rate, SAMPLE_RATE), dtype=np.float32)

    return load


@pytest.fixture(scope="session")
def long_prompts(asterisk_prompts: dict[str, Path], is_test_material: Callable[[str], bool]) -> list[str]:
    """Names of human prompts of 4 to 40 s that nothing was tuned on."""
    return [
        name
        for name, path in asterisk_prompts.items()
        if is_test_material(name) and 4 < soundfile.info(path).duration < 40
    ]


def _plate(node: Node, morphs: int) -> Part:
    """Two triangles, each shape moving another corner by up to 10 mm."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0]], dtype=np.float32) / 20
    offsets = np.zeros((morphs, 4, 3), dtype=np.float32)
    for shape in range(morphs):
        offsets[shape, shape % 4, shape % 3] = 0.01 * (shape + 1) / SHAPES
    return Part(
        node=node,
        material=Material(name="skin" if node == "face" else node),
        positions=corners,
        normals=np.tile(np.array([0, 0, 1], dtype=np.float32), (4, 1)),
        colours=np.full((4, 4), 0.5, dtype=np.float32),
        triangles=np.array([[0, 1, 2], [2, 1, 3]], dtype=np.uint32),
        morphs=offsets,
        morph_normals=np.zeros_like(offsets),
        head_weight=np.array([0, 0, 1, 1] if node == "face" else [1] * 4, dtype=np.float32),
    )


@pytest.fixture(scope="session")
def tiny_head() -> HeadModel:
    """A head of four plates with all of ARKit's shapes: everything a head has but looks."""
    return HeadModel(
        name="tiny",
        parts=(_plate("face", SHAPES), _plate("hair", 0), _plate("eyeLeft", 0), _plate("eyeRight", 0)),
        target_names=NAMES[:SHAPES],
        pivot=np.array([0, -0.1, 0], dtype=np.float32),
        eye_left=np.array([0.03, 0, 0.05], dtype=np.float32),
        eye_right=np.array([-0.03, 0, 0.05], dtype=np.float32),
    )
