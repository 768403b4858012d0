"""Whisper's text decoder, one utterance at a time, without the library's per-token overheads.

The same mathematics as `whisper.model.TextDecoder` over the same weights, arranged for one sequence: query,
key and value in one product, preallocated caches, cross-attention keys of silence projected once for all
utterances. Attention is (heads, tokens, d_head).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from whisper.model import MultiHeadAttention, ResidualAttentionBlock, Whisper

from speech.whisper.encoder import Encoded


@dataclass(frozen=True, slots=True)
class _Affine:
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


def _norm(module: torch.nn.LayerNorm, dtype: torch.dtype) -> _Norm:
    return _Norm(module.weight.to(dtype), module.bias.to(dtype), module.eps)


def _affine(dtype: torch.dtype, *modules: torch.nn.Linear) -> _Affine:
    """One product for several layers over the same input; a layer without a bias gets zeros."""
    weights: list[Tensor] = [m.weight for m in modules]
    biases: list[Tensor] = [torch.zeros_like(m.weight[:, 0]) if m.bias is None else m.bias for m in modules]
    return _Affine(torch.cat(weights).to(dtype), torch.cat(biases).to(dtype))


class _Layer:
    """One decoder block: its weights, and its caches for the utterance at hand."""

    def __init__(self, block: ResidualAttentionBlock, text_positions: int, silence: Tensor) -> None:
        self_attention, cross_attention = block.attn, block.cross_attn
        assert isinstance(cross_attention, MultiHeadAttention)
        self.heads: int = self_attention.n_head
        dtype = silence.dtype
        self.self_norm, self.cross_norm = _norm(block.attn_ln, dtype), _norm(block.cross_attn_ln, dtype)
        self.mlp_norm = _norm(block.mlp_ln, dtype)
        self.self_qkv = _affine(dtype, self_attention.query, self_attention.key, self_attention.value)
        self.self_out = _affine(dtype, self_attention.out)
        self.cross_query = _affine(dtype, cross_attention.query)
        self.cross_key_value = _affine(dtype, cross_attention.key, cross_attention.value)
        self.cross_out = _affine(dtype, cross_attention.out)
        self.widen, self.narrow = _affine(dtype, block.mlp[0]), _affine(dtype, block.mlp[2])
        self.scale = (silence.shape[1] // self.heads) ** -0.5

        shape = (self.heads, text_positions, silence.shape[1] // self.heads)
        self.keys, self.values = silence.new_zeros(shape), silence.new_zeros(shape)
        self._silence_keys, self._silence_values = self._project(silence)
        self.cross_keys, self.cross_values = self._silence_keys.clone(), self._silence_values.clone()
        self._heard = 0  # positions of the cross caches that hold the latest utterance, not silence
        self.cross_queries: list[Tensor] = []  # (heads, tokens, d_head) each: what word times are read from

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], self.heads, -1).transpose(0, 1)

    def _project(self, features: Tensor) -> tuple[Tensor, Tensor]:
        keys, values = self.cross_key_value(features).chunk(2, dim=1)
        # Keys lie transposed, (heads, d_head, positions): the product with one query then reads memory in
        # order.
        return self._split(keys).transpose(1, 2).contiguous(), self._split(values).contiguous()

    def listen(self, features: Tensor) -> None:
        """Put ``features`` (positions, n_state) before silence, over what the last utterance left."""
        heard = features.shape[0]
        keys, values = self._project(features)
        self.cross_keys[:, :, :heard], self.cross_values[:, :heard] = keys, values
        if heard < self._heard:
            stale = slice(heard, self._heard)
            self.cross_keys[:, :, stale] = self._silence_keys[:, :, stale]
            self.cross_values[:, stale] = self._silence_values[:, stale]
        self._heard = heard
        self.cross_queries = []

    def __call__(self, x: Tensor, at: int) -> Tensor:
        """Run tokens ``at``.. through the block; ``x`` is (tokens, n_state)."""
        end = at + x.shape[0]
        query, key, value = (self._split(part) for part in self.self_qkv(self.self_norm(x)).chunk(3, dim=1))
        self.keys[:, at:end], self.values[:, at:end] = key, value
        scores = torch.bmm(query * self.scale, self.keys[:, :end].transpose(1, 2))
        if x.shape[0] > 1:
            future = torch.ones(x.shape[0], end, dtype=torch.bool, device=x.device).triu(at + 1)
            scores = scores.masked_fill(future, float("-inf"))
        x = x + self.self_out(self._attend(scores, self.values[:, :end]))
        query = self._split(self.cross_query(self.cross_norm(x))) * self.scale
        self.cross_queries.append(query)
        x = x + self.cross_out(self._attend(torch.bmm(query, self.cross_keys), self.cross_values))
        x = x + self.narrow(F.gelu(self.widen(self.mlp_norm(x))))
        return x

    @staticmethod
    def _attend(scores: Tensor, values: Tensor) -> Tensor:
        return torch.bmm(torch.softmax(scores, dim=-1), values).transpose(0, 1).flatten(1)


class TextDecoder:
    """The decoder with the state of one utterance; not to be shared between threads."""

    def __init__(self, model: Whisper, silence: Tensor) -> None:
        decoder = model.decoder
        self.text_positions = model.dims.n_text_ctx
        self._embedding: Tensor = decoder.token_embedding.weight.to(silence.dtype)
        self._positional: Tensor = decoder.positional_embedding.to(silence.dtype)
        self._norm = _norm(decoder.ln, silence.dtype)
        self._layers = [_Layer(block, self.text_positions, silence) for block in decoder.blocks]
        self._alignment_heads: list[tuple[int, int]] = [
            (int(layer), int(head)) for layer, head in model.alignment_heads.indices().T
        ]
        self._at = 0

    @property
    def device(self) -> torch.device:
        return self._embedding.device

    def listen(self, encoded: Encoded) -> None:
        """Start a new utterance."""
        for layer in self._layers:
            layer.listen(encoded.features)
        self.rewind()

    def rewind(self) -> None:
        """Start the same utterance again from its first token."""
        self._at = 0
        for layer in self._layers:
            layer.cross_queries = []

    def feed(self, tokens: list[int]) -> Tensor:
        """Run further tokens; returns their hidden states, (tokens, n_state), for `logits`."""
        index = torch.tensor(tokens, device=self.device)
        x = self._embedding[index] + self._positional[self._at : self._at + len(tokens)]
        for layer in self._layers:
            x = layer(x, self._at)
        self._at += len(tokens)
        return self._norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Float32 logits (n_vocab,) of the token after ``hidden`` (n_state,).

        This product reads the whole embedding and costs more than all layers together, so it is asked for by
        position instead of being computed for every token of a prompt.
        """
        return torch.mv(self._embedding, hidden).float()

    def attention(self, positions: int) -> Tensor:
        """Scores of the alignment heads, (heads, tokens fed so far, ``positions``), before the softmax."""
        rows = []
        for layer, head in self._alignment_heads:
            queries = torch.cat([query[head] for query in self._layers[layer].cross_queries])
            rows.append(queries @ self._layers[layer].cross_keys[head, :, :positions])
        return torch.stack(rows).float()
