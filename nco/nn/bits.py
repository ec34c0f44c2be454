"""Masks as bits: what one decision may choose in ceil(N / 32) words. A sixteenth of the traffic of bfloat16 biases."""

from __future__ import annotations

import torch
from torch import Tensor

WORD = 32


def words(nodes: int) -> int:
    """W: words for N nodes."""
    return -(-nodes // WORD)


def pack(mask: Tensor) -> Tensor:
    """Bool [..., N] -> int32 [..., W]; node k is bit k % 32 of word k // 32."""
    nodes = mask.shape[-1]
    padded = torch.nn.functional.pad(mask, (0, words(nodes) * WORD - nodes))
    weights = 1 << torch.arange(WORD, device=mask.device)
    packed: Tensor = (padded.unflatten(-1, (-1, WORD)) * weights).sum(dim=-1).to(torch.int32)
    return packed


def unpack(packed: Tensor, nodes: int) -> Tensor:
    """Int32 [..., W] -> bool [..., N]."""
    bits = (packed[..., None] >> torch.arange(WORD, device=packed.device, dtype=torch.int32)) & 1
    return bits.flatten(-2)[..., :nodes].bool()
