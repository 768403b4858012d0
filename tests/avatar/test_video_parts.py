"""What films are made of, without a head: light, lines of text, the sound track."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.gltf import Material
from avatar.motion import neutral
from avatar.video import occlusion
from avatar.video.film import Film, Side
from avatar.video.lettering import font, wrap
from avatar.video.shading import LAMPS, Surface
from avatar.video.soundtrack import FAR, NEAR, SAMPLE_RATE, soundtrack

TEXT = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=120)


@given(TEXT, st.integers(60, 400))
def test_wrapped_lines_fit_and_hold_all_the_letters(text, width):
    letters = font(16)
    lines = wrap(text, letters, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(letters.getlength(line) <= width or len(line) == 1 for line in lines)


def ball(radius: float, height: float, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    index = np.arange(count)
    z = 1 - 2 * (index + 0.5) / count
    angle = index * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - z**2)
    normals = np.stack((ring * np.cos(angle), ring * np.sin(angle), z), axis=1)
    return normals * radius + [0, height, 0], normals


def test_what_lies_under_a_ball_sees_little_sky_and_is_in_the_lamps_shadow():
    points, normals = ball(0.08, 0.1)
    ground = np.stack(np.meshgrid(np.arange(-0.4, 0.4, 0.004), [0.0], np.arange(-0.4, 0.4, 0.004)), -1)
    ground = ground.reshape(-1, 3)
    everything = np.concatenate((points, ground))
    directions = np.concatenate((normals, np.tile([0, 1.0, 0], (len(ground), 1))))
    solid = np.ones(len(everything), bool)
    near = np.linalg.norm(ground[:, [0, 2]], axis=1) < 0.03
    far = np.linalg.norm(ground[:, [0, 2]], axis=1) > 0.35
    sky = occlusion.sky(everything, directions, solid)[len(points) :]
    lamp = occlusion.lamp(everything, np.array([0, 1.0, 0]), solid)[len(points) :]
    assert sky[near].mean() < 0.45 < 0.85 < sky[far].mean()
    assert lamp[near].mean() < 0.2 and lamp[far].mean() > 0.95


def surface(name: str) -> Surface:
    colours = np.tile(np.array([0.5, 0.5, 0.5, 1.0], np.float32), (3, 1))
    lit = np.ones(3, np.float32)
    directions = np.stack([lamp.direction for lamp in LAMPS])
    return Surface(Material(name, roughness=0.9), colours, lit, lit, directions, np.array([0, 0, 1.0]))


def test_skin_is_warmer_than_cloth_where_the_light_ends():
    key = LAMPS[0].direction
    aside = np.cross(key, [0, 1.0, 0])
    normals = np.stack([key, aside / np.linalg.norm(aside), key]).astype(np.float32)
    skin, cloth = (surface(name).colours(normals).astype(int) for name in ("skin", "garment"))
    assert skin[0].sum() > skin[1].sum() + 100, "the side towards the key is the brightest"
    assert (skin[1, 0] - skin[1, 2]) > (cloth[1, 0] - cloth[1, 2]) + 5


def silent_film(user: np.ndarray, agent: np.ndarray, rates: tuple[int, int]) -> Film:
    face = np.tile(neutral(), (10, 1))
    head = object()
    sides = (Side("u", (0, 0, 0), user, rates[0]), Side("a", (0, 0, 0), agent, rates[1], (), head, face))  # type: ignore[arg-type]
    return Film(*sides)


@given(
    st.sampled_from([8_000, 16_000, 24_000, 48_000]), st.integers(1, 30), st.sampled_from([24, 25, 30, 60])
)
def test_the_sound_track_is_exactly_as_long_as_the_pictures(rate, frames, fps):
    film = silent_film(np.zeros(rate // 3, np.float32), np.zeros(100, np.float32), (rate, 24_000))
    pieces = list(soundtrack(film, frames, fps))
    assert len(pieces) == frames
    assert sum(piece.shape[1] for piece in pieces) == frames * SAMPLE_RATE // fps


def test_each_voice_is_nearer_to_its_own_side_and_nothing_clips():
    tone = np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000).astype(np.float32)
    whole = np.concatenate(list(soundtrack(silent_film(tone, 0 * tone, (16_000, 16_000)), 25, 25)), axis=1)
    left, right = (float(np.abs(channel[4000:-4000]).max()) for channel in whole)
    assert (left, right) == (pytest.approx(NEAR, abs=0.01), pytest.approx(FAR, abs=0.01))
    loud = np.concatenate(list(soundtrack(silent_film(tone, tone, (16_000, 16_000)), 25, 25)), axis=1)
    assert np.abs(loud).max() <= 1.01
