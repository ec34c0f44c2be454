"""Transformer encoder over the nodes of a problem: pre-norm, RMSNorm, no positions (nodes are a set)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nco.nn.mixing import MIXINGS, Mixing


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[B, Q, D] -> [B, heads, Q, D / heads]."""
    parts: Tensor = x.unflatten(-1, (heads, -1))
    return parts.transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """[B, heads, Q, d] -> [B, Q, heads * d]."""
    return x.transpose(1, 2).flatten(-2)


class Norm(nn.RMSNorm):
    """RMSNorm whose weight follows the precision of its input: only then mixed precision reaches the fused kernel."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        return F.rms_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.eps)


class Layer(nn.Module):
    """Self-attention and feed-forward, each on the normalised input and added to it (Vaswani et al. 2017; pre-norm).

    gated: the feed-forward's hidden units are multiplied by gates of their own (SwiGLU; Shazeer 2020).
    mixing: what stands for softmax attention (nco.nn.mixing).
    """

    def __init__(
        self, width: int, heads: int, feedforward: int, gated: bool = False, mixing: Mixing = "attention"
    ) -> None:
        super().__init__()
        self.heads, self.gated, self.mixing = heads, gated, mixing
        self.norm_attention = Norm(width)
        self.norm_feedforward = Norm(width)
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, 2 * feedforward if gated else feedforward, bias=not gated)
        self.narrow = nn.Linear(feedforward, width, bias=not gated)

    def forward(self, x: Tensor, bias: Tensor | None = None, other: Tensor | None = None) -> Tensor:
        """[B, N, D] -> [B, N, D]; bias [B, H, N, N]: added to the scores of attention; other [B, N, D]: nodes that are
        looked at instead of x.
        """
        normed, width = self.norm_attention(x), x.shape[-1]
        if other is None:
            query, key, value = self.project_in(normed).chunk(3, -1)
        else:
            ask, tell = self.project_in.weight.split([width, 2 * width])
            query, (key, value) = F.linear(normed, ask), F.linear(self.norm_attention(other), tell).chunk(2, -1)
        query, key, value = (split_heads(part, self.heads) for part in (query, key, value))
        attended: Tensor = self.project_out(merge_heads(MIXINGS[self.mixing](query, key, value, bias)))
        x = x + attended
        wide: Tensor = self.widen(self.norm_feedforward(x))
        if self.gated:
            hidden, gate = wide.chunk(2, dim=-1)
            wide = F.silu(gate) * hidden
        else:
            wide = F.gelu(wide)
        narrowed: Tensor = self.narrow(wide)
        return x + narrowed


class Encoder(nn.Module):
    """A stack of layers with a final norm."""

    def __init__(self, width: int, heads: int, feedforward: int, layers: int, gated: bool = False) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(width, heads, feedforward, gated) for _ in range(layers))
        self.norm = Norm(width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, N, D] -> [B, N, D]."""
        for layer in self.layers:
            x = layer(x)
        normed: Tensor = self.norm(x)
        return normed
