"""DualTalk computed in a straight line from a state dict: no module of ours, none of transformers', no
attention or recurrence of torch's. Written from the published description, so that what the modules do can be
held against it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as f
from transformers import Wav2Vec2Config

Weights = dict[str, Tensor]


def dualtalk(
    weights: Weights, encoder: Wav2Vec2Config, agent: Tensor, user: Tensor, user_motion: Tensor
) -> Tensor:
    """Motion (batch, T, B) of two sounds (batch, samples) and the user's motion (batch, T, B)."""
    frames = user_motion.shape[1]
    sides = []
    for number, sound in ((1, agent), (2, user)):
        features = wav2vec2(
            below(weights, f"joint_encoder.audio_encoder{number}."), encoder, normalised(sound), frames
        )
        sides.append(linear(weights, "joint_encoder.audio_projection", features))
    hidden = linear(weights, "joint_encoder.blendshape_encoder.0", user_motion).clamp(min=0)
    motion = linear(weights, "joint_encoder.blendshape_encoder.2", hidden).clamp(min=0)

    asked = attention(below(weights, "temporal_enhancer.cross_attention."), sides[1], motion)
    temporal = both_ways(below(weights, "temporal_enhancer.temporal_lstm."), asked, layers=2)

    x = torch.cat([sides[0], temporal], dim=-1)
    for layer in range(3):
        w = below(weights, f"interaction_module.interaction_encoder.layers.{layer}.")
        x = norm(w, "norm1", x + attention(below(w, "self_attn."), x, x))
        x = norm(w, "norm2", x + linear(w, "linear2", linear(w, "linear1", x).clamp(min=0)))
    x = attention(below(weights, "interaction_module.self_attention."), x, x)

    w = below(weights, "synthesis_module.synthesis_decoder.layers.0.")
    memory = x
    x = norm(w, "norm1", x + attention(below(w, "self_attn."), x, x))
    x = norm(w, "norm2", x + attention(below(w, "multihead_attn."), x, memory))
    x = norm(w, "norm3", x + linear(w, "linear2", linear(w, "linear1", x).clamp(min=0)))
    x = x + 0.1 * linear(weights, "synthesis_module.modulation_layer", x)
    return linear(weights, "synthesis_module.blendshape_predictor", x)


def wav2vec2(w: Weights, config: Wav2Vec2Config, sound: Tensor, frames: int) -> Tensor:
    """Features (batch, frames, hidden size): convolutions, interpolation, projection, transformer."""
    x = sound[:, None]
    for layer, stride in enumerate(config.conv_stride):
        name = f"feature_extractor.conv_layers.{layer}."
        x = f.conv1d(x, w[name + "conv.weight"], w.get(name + "conv.bias"), stride=stride)
        if config.feat_extract_norm == "layer":
            x = norm(w, name + "layer_norm", x.transpose(1, 2)).transpose(1, 2)
        elif layer == 0:  # one group a channel
            mean, variance = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
            x = (x - mean) / torch.sqrt(variance + 1e-5)
            x = x * w[name + "layer_norm.weight"][:, None] + w[name + "layer_norm.bias"][:, None]
        x = f.gelu(x)
    x = stretched(x, frames).transpose(1, 2)
    x = linear(w, "feature_projection.projection", norm(w, "feature_projection.layer_norm", x))

    v = w["encoder.pos_conv_embed.conv.parametrizations.weight.original1"]
    g = w["encoder.pos_conv_embed.conv.parametrizations.weight.original0"]
    kernel = g * v / v.square().sum(dim=(0, 1), keepdim=True).sqrt()
    width = config.num_conv_pos_embeddings
    around = f.conv1d(
        x.transpose(1, 2),
        kernel,
        w["encoder.pos_conv_embed.conv.bias"],
        padding=width // 2,
        groups=config.num_conv_pos_embedding_groups,
    )
    x = x + f.gelu(around[..., :frames]).transpose(1, 2)  # an even kernel makes one too many

    before = config.do_stable_layer_norm  # normalised before each part, or after
    if not before:
        x = norm(w, "encoder.layer_norm", x)
    for layer in range(config.num_hidden_layers):
        u = below(w, f"encoder.layers.{layer}.")
        y = norm(u, "layer_norm", x) if before else x
        q, k, value = (linear(u, f"attention.{name}_proj", y) for name in "qkv")
        x = x + linear(u, "attention.out_proj", heads(q, k, value, config.num_attention_heads))
        x = x if before else norm(u, "layer_norm", x)
        y = norm(u, "final_layer_norm", x) if before else x
        inner = f.gelu(linear(u, "feed_forward.intermediate_dense", y))
        x = x + linear(u, "feed_forward.output_dense", inner)
        x = x if before else norm(u, "final_layer_norm", x)
    return norm(w, "encoder.layer_norm", x) if before else x


def normalised(sound: Tensor) -> Tensor:
    """Zero mean and unit variance a clip, as the Wav2Vec2 processor makes it."""
    return (sound - sound.mean(1, keepdim=True)) / (sound.var(1, correction=0, keepdim=True) + 1e-7).sqrt()


def stretched(x: Tensor, frames: int) -> Tensor:
    """(batch, channels, n) at ``frames`` places from the first to the last, linear between neighbours."""
    at = torch.linspace(0, x.shape[-1] - 1, frames, dtype=torch.float64)
    left = at.floor().long().clamp(max=max(x.shape[-1] - 2, 0))
    share = (at - left).to(x.dtype)
    right = (left + 1).clamp(max=x.shape[-1] - 1)
    return x[..., left] * (1 - share) + x[..., right] * share


def attention(w: Weights, asking: Tensor, asked: Tensor) -> Tensor:
    """Four heads, projections in one matrix, over the whole clip."""
    weights, biases = w["in_proj_weight"].chunk(3), w["in_proj_bias"].chunk(3)
    q, k, v = (x @ a.T + b for x, a, b in zip((asking, asked, asked), weights, biases, strict=True))
    return linear(w, "out_proj", heads(q, k, v, 4))


def heads(q: Tensor, k: Tensor, v: Tensor, count: int) -> Tensor:
    """Scaled dot products, each head on its share of the features."""
    made = []
    for a, b, c in zip(q.chunk(count, -1), k.chunk(count, -1), v.chunk(count, -1), strict=True):
        made.append(torch.softmax(a @ b.transpose(1, 2) / math.sqrt(a.shape[-1]), dim=-1) @ c)
    return torch.cat(made, dim=-1)


def both_ways(w: Weights, x: Tensor, layers: int) -> Tensor:
    """A long short-term memory run both ways, frame by frame; gates are in, forget, cell, out."""
    for layer in range(layers):
        directions = []
        for suffix in ("", "_reverse"):
            order = x.flip(1) if suffix else x
            hidden = x.new_zeros(len(x), w[f"weight_hh_l{layer}"].shape[1])
            cell, outputs = hidden, []
            for frame in order.unbind(1):
                gates = (
                    frame @ w[f"weight_ih_l{layer}{suffix}"].T
                    + w[f"bias_ih_l{layer}{suffix}"]
                    + hidden @ w[f"weight_hh_l{layer}{suffix}"].T
                    + w[f"bias_hh_l{layer}{suffix}"]
                )
                enter, forget, new, leave = gates.chunk(4, -1)
                cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
                hidden = leave.sigmoid() * cell.tanh()
                outputs.append(hidden)
            run = torch.stack(outputs, dim=1)
            directions.append(run.flip(1) if suffix else run)
        x = torch.cat(directions, dim=-1)
    return x


def linear(w: Weights, name: str, x: Tensor) -> Tensor:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def norm(w: Weights, name: str, x: Tensor) -> Tensor:
    """Over the features, with torch's and wav2vec2's usual 1e-5."""
    mean, variance = x.mean(-1, keepdim=True), x.var(-1, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def below(w: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in w.items() if name.startswith(prefix)}
