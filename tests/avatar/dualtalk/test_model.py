"""The paper's model: official names and shapes, and the same numbers as a computation in a straight line."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from transformers import Wav2Vec2Config

from avatar.dualtalk import DualTalk, DualTalkConfig, official_encoder
from avatar.dualtalk.audio import frames_of, normalise
from avatar.motion import MotionError
from tests.avatar.dualtalk.conftest import Make, chirps, small_encoder
from tests.avatar.dualtalk.straight_line import dualtalk

LAYER = {
    "self_attn.in_proj_weight": (1536, 512),
    "self_attn.in_proj_bias": (1536,),
    "self_attn.out_proj.weight": (512, 512),
    "self_attn.out_proj.bias": (512,),
    "linear1.weight": (2048, 512),
    "linear1.bias": (2048,),
    "linear2.weight": (512, 2048),
    "linear2.bias": (512,),
    "norm1.weight": (512,),
    "norm1.bias": (512,),
    "norm2.weight": (512,),
    "norm2.bias": (512,),
}
DECODER_LAYER = LAYER | {
    "multihead_attn.in_proj_weight": (1536, 512),
    "multihead_attn.in_proj_bias": (1536,),
    "multihead_attn.out_proj.weight": (512, 512),
    "multihead_attn.out_proj.bias": (512,),
    "norm3.weight": (512,),
    "norm3.bias": (512,),
}
OUTSIDE_ENCODERS: dict[str, tuple[int, ...]] = {
    "joint_encoder.audio_projection.weight": (256, 1024),
    "joint_encoder.audio_projection.bias": (256,),
    "joint_encoder.blendshape_encoder.0.weight": (128, 56),
    "joint_encoder.blendshape_encoder.0.bias": (128,),
    "joint_encoder.blendshape_encoder.2.weight": (256, 128),
    "joint_encoder.blendshape_encoder.2.bias": (256,),
    "temporal_enhancer.cross_attention.in_proj_weight": (768, 256),
    "temporal_enhancer.cross_attention.in_proj_bias": (768,),
    "temporal_enhancer.cross_attention.out_proj.weight": (256, 256),
    "temporal_enhancer.cross_attention.out_proj.bias": (256,),
    **{
        f"temporal_enhancer.temporal_lstm.{name}_l{layer}{way}": shape
        for layer in (0, 1)
        for way in ("", "_reverse")
        for name, shape in {
            "weight_ih": (512, 256), "weight_hh": (512, 128), "bias_ih": (512,), "bias_hh": (512,),
        }.items()
    },
    **{
        f"interaction_module.interaction_encoder.layers.{layer}.{name}": shape
        for layer in (0, 1, 2)
        for name, shape in LAYER.items()
    },
    "interaction_module.self_attention.in_proj_weight": (1536, 512),
    "interaction_module.self_attention.in_proj_bias": (1536,),
    "interaction_module.self_attention.out_proj.weight": (512, 512),
    "interaction_module.self_attention.out_proj.bias": (512,),
    **{
        f"synthesis_module.synthesis_decoder.layers.0.{name}": shape for name, shape in DECODER_LAYER.items()
    },
    "synthesis_module.modulation_layer.weight": (512, 512),
    "synthesis_module.modulation_layer.bias": (512,),
    "synthesis_module.blendshape_predictor.weight": (56, 512),
    "synthesis_module.blendshape_predictor.bias": (56,),
}  # fmt: skip
KERNELS = (10, 3, 3, 3, 3, 2, 2)
ENCODER: dict[str, tuple[int, ...]] = {
    "masked_spec_embed": (1024,),
    **{
        f"feature_extractor.conv_layers.{layer}.{name}": shape
        for layer, kernel in enumerate(KERNELS)
        for name, shape in {
            "conv.weight": (512, 512 if layer else 1, kernel),
            "conv.bias": (512,),
            "layer_norm.weight": (512,),
            "layer_norm.bias": (512,),
        }.items()
    },
    "feature_projection.layer_norm.weight": (512,),
    "feature_projection.layer_norm.bias": (512,),
    "feature_projection.projection.weight": (1024, 512),
    "feature_projection.projection.bias": (1024,),
    "encoder.pos_conv_embed.conv.bias": (1024,),
    "encoder.pos_conv_embed.conv.parametrizations.weight.original0": (1, 1, 128),
    "encoder.pos_conv_embed.conv.parametrizations.weight.original1": (1024, 64, 128),
    "encoder.layer_norm.weight": (1024,),
    "encoder.layer_norm.bias": (1024,),
    **{
        f"encoder.layers.{layer}.{name}": shape
        for layer in range(24)
        for name, shape in {
            **{f"attention.{part}_proj.weight": (1024, 1024) for part in ("q", "k", "v", "out")},
            **{f"attention.{part}_proj.bias": (1024,) for part in ("q", "k", "v", "out")},
            "layer_norm.weight": (1024,),
            "layer_norm.bias": (1024,),
            "feed_forward.intermediate_dense.weight": (4096, 1024),
            "feed_forward.intermediate_dense.bias": (4096,),
            "feed_forward.output_dense.weight": (1024, 4096),
            "feed_forward.output_dense.bias": (1024,),
            "final_layer_norm.weight": (1024,),
            "final_layer_norm.bias": (1024,),
        }.items()
    },
}


@pytest.fixture(scope="module")
def official() -> DualTalk:
    """The model at its real sizes, without memory for its weights."""
    with torch.device("meta"):
        return DualTalk()


def some_input(samples: int, columns: int = 56, batch: int = 2, seed: int = 1) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    motion = torch.randn(batch, frames_of(samples), columns, generator=random)
    return [chirps(samples, batch, seed), chirps(samples, batch, seed + 100), motion]


def test_names_and_shapes_are_those_of_official_checkpoints(official: DualTalk) -> None:
    due = OUTSIDE_ENCODERS | {
        f"joint_encoder.audio_encoder{number}.{name}": shape
        for number in (1, 2)
        for name, shape in ENCODER.items()
    }
    assert {name: tuple(weight.shape) for name, weight in official.state_dict().items()} == due


def test_parameters_outside_the_encoders_are_16_36_million(official: DualTalk) -> None:
    count = {True: 0, False: 0}
    for name, weight in official.named_parameters():
        count["audio_encoder" in name] += weight.numel()
    assert round(count[False] / 1e6, 2) == 16.36
    assert round(count[True] / 2e6) == 315


@pytest.mark.parametrize(
    "encoder",
    [
        {},
        {"feat_extract_norm": "group", "conv_bias": False, "do_stable_layer_norm": False},
        {"num_conv_pos_embeddings": 7, "hidden_size": 32, "num_attention_heads": 4, "mask_time_prob": 0.0},
    ],
    ids=["as the large model", "as the base model", "odd sizes"],
)
@pytest.mark.parametrize("samples", [16000, 12345, 400])
def test_the_same_weights_and_input_give_the_reference_output(
    make: Make, encoder: dict[str, object], samples: int
) -> None:
    model = make(seed=samples, **encoder)
    inputs = some_input(samples)
    exact = [part.double() for part in inputs]
    with torch.no_grad():
        made = model(*inputs)
        model.double()
        due = dualtalk(model.state_dict(), model.config.audio_encoder, *exact)
        made_exactly = model(*exact)
    assert made.shape == (2, -(-samples // 640), 56)
    assert due.std() > 0.3 and (samples == 400 or due.std(1).mean() > 1e-5), "too still to tell anything"
    torch.testing.assert_close(made_exactly, due, atol=1e-10, rtol=0)
    torch.testing.assert_close(made.double(), due, atol=1e-4, rtol=0)


def test_each_input_matters(make: Make) -> None:
    model = make()
    inputs, others = some_input(16000), some_input(16000, seed=2)
    with torch.no_grad():
        made = model(*inputs)
        for which in range(3):
            changed = [others[i] if i == which else inputs[i] for i in range(3)]
            assert (model(*changed) - made).abs().max() > 0.2


def test_clips_of_a_batch_do_not_touch_each_other(make: Make) -> None:
    model = make()
    inputs = some_input(9000, batch=3)
    with torch.no_grad():
        together = model(*inputs)
        for row in range(3):
            alone = model(*(part[row : row + 1] for part in inputs))
            torch.testing.assert_close(together[row : row + 1], alone, atol=1e-4, rtol=0)


def test_frames_are_the_samples_rounded_up_to_40_ms() -> None:
    for samples, frames in ((640, 1), (641, 2), (4480, 7), (16000, 25), (128000, 200), (128001, 201)):
        assert frames_of(samples) == frames


def test_sound_is_normalised_a_clip_and_doing_it_twice_changes_nothing(make: Make) -> None:
    agent, user, motion = some_input(16000)
    np.testing.assert_allclose(normalise(agent).mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(normalise(agent).std(1, correction=0), 1, atol=1e-4)
    assert not normalise(torch.zeros(1, 800)).any(), "silence stays silent"
    model = make()
    with torch.no_grad():
        once = model(agent, user, motion)
        torch.testing.assert_close(model(normalise(agent), normalise(user), motion), once, atol=1e-4, rtol=0)
        torch.testing.assert_close(model(agent * 5 - 0.1, user, motion), once, atol=1e-3, rtol=0)
        config = model.config.model_copy(update={"normalise_audio": False})
        bare = DualTalk(config).eval()
        bare.load_state_dict(model.state_dict())
        torch.testing.assert_close(bare(normalise(agent), normalise(user), motion), once, atol=1e-5, rtol=0)
        assert (bare(agent, user, motion) - once).abs().max() > 1e-3


def test_the_convolutions_are_frozen_and_all_else_learns(make: Make) -> None:
    model = make(seed=3, layerdrop=0.0).train()
    model(*some_input(8000)).square().mean().backward()
    for name, weight in model.named_parameters():
        frozen = "feature_extractor" in name
        assert weight.requires_grad is not frozen, name
        if not frozen and "masked_spec_embed" not in name:
            assert weight.grad is not None and torch.isfinite(weight.grad).all(), name


@pytest.mark.parametrize(
    ("shapes", "complaint"),
    [
        (((1, 16000), (1, 15000), (1, 25, 56)), "cut or pad the longer"),
        (((16000,), (16000,), (25, 56)), r"\(batch, samples\)"),
        (((1, 16000), (1, 16000), (1, 24, 56)), r"\(1, 24, 56\); \(1, 25, 56\) is due"),
        (((1, 16000), (1, 16000), (1, 25, 61)), r"\(1, 25, 56\) is due for 16000 samples"),
        (((1, 399), (1, 399), (1, 1, 56)), "399 samples; wav2vec2 needs 400 or more"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused(
    make: Make, shapes: tuple[tuple[int, ...], ...], complaint: str
) -> None:
    with pytest.raises(MotionError, match=complaint):
        make()(*(torch.zeros(shape) for shape in shapes))


class TestConfig:
    def test_the_default_is_official(self) -> None:
        config = DualTalkConfig()
        assert (config.blendshape_dim, config.feature_dim) == (56, 256)
        assert config.audio_encoder.to_dict() == official_encoder().to_dict()

    def test_an_encoder_may_be_given_as_a_dict_and_comes_back_from_json(self) -> None:
        given = DualTalkConfig(feature_dim=8, audio_encoder={"hidden_size": 48, "conv_dim": [16] * 7})
        assert given.audio_encoder.hidden_size == 48
        again = DualTalkConfig.model_validate_json(given.model_dump_json())
        assert again.audio_encoder.to_dict() == given.audio_encoder.to_dict()
        custom = DualTalkConfig(audio_encoder=small_encoder(layer_norm_eps=1e-4))
        again = DualTalkConfig.model_validate_json(custom.model_dump_json())
        assert again.audio_encoder.to_dict() == custom.audio_encoder.to_dict()

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            ({"audio_encoder": {"hiden_size": 48}}, "Wav2Vec2Config has no hiden_size"),
            ({"audio_encoder": Wav2Vec2Config(add_adapter=True)}, "an adapter would take frames away"),
            ({"audio_encoder": 5}, "a Wav2Vec2Config or a dict"),
            ({"feature_dim": 30}, "multiple of 4"),
            ({"features": 30}, "Extra inputs are not permitted"),
        ],
    )
    def test_what_cannot_be_built_is_refused(self, options: dict[str, object], complaint: str) -> None:
        with pytest.raises(ValidationError, match=complaint):
            DualTalkConfig.model_validate(options)
