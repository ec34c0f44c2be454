"""What edges say: a bias for every head of every layer, from a few numbers of each edge.

RRNCO's neural adaptive bias (Son et al. 2025) without its tensors of N x N x D in every block: the numbers of an edge
go through one narrow network, once, to R functions of the edge that all layers share; a layer's bias is a linear
combination of them, its own. B problems, N nodes, E numbers of an edge, P >= N padded nodes, R width, H heads.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: Rows of a bias are padded to a multiple of this many numbers: what fast attention and matrix units want.
ALIGNED = 8


def padded(nodes: int) -> int:
    """P of so many nodes."""
    return -(-nodes // ALIGNED) * ALIGNED


class EdgeFunctions(nn.Module):
    """E numbers of every edge -> R functions of it. Channels come before nodes: no tensor is ever transposed."""

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.widen = nn.Linear(numbers, width)
        self.mix = nn.Linear(width, width)

    def forward(self, edges: Tensor) -> Tensor:
        """[B, E, N, N] -> [B, R, N, P]."""
        nodes = edges.shape[-1]
        flat = F.pad(edges, (0, padded(nodes) - nodes)).flatten(2)
        functions: Tensor = F.silu(_combined(self.mix, F.silu(_combined(self.widen, flat)))).unflatten(-1, (nodes, -1))
        return functions


class EdgeBias(nn.Module):
    """A layer's combination of the functions of the edges, for each of some heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.combine = nn.Linear(width, heads, bias=False)

    def forward(self, functions: Tensor) -> Tensor:
        """[B, R, N, P] -> [B, H, N, N], a view of aligned rows."""
        nodes = functions.shape[2]
        bias: Tensor = _combined(self.combine, functions.flatten(2)).unflatten(-1, (nodes, -1))
        return bias[..., :nodes]


def _combined(layer: nn.Linear, channels: Tensor) -> Tensor:
    """A linear layer over channels [B, E, X] -> [B, R, X], in this order in memory: a product for each problem."""
    result = torch.bmm(layer.weight.expand(len(channels), -1, -1), channels)
    return result if layer.bias is None else result + layer.bias[:, None].to(result.dtype)
