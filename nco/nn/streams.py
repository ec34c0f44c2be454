"""An encoder with two streams: every node as a place to leave (row) and as a place to go to (column).

After MatNet (Kwon et al. 2021) and RRNCO (Son et al. 2025): in each layer, rows look at columns and columns at rows, with
a bias that the edges between them give; with the layers of nco.nn.transformer. B problems, N nodes, D width, H heads.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from nco.nn.edges import EdgeBias, EdgeFunctions
from nco.nn.mixing import MIXINGS, Mixing
from nco.nn.transformer import Layer, Norm, merge_heads, split_heads


class StreamLayer(Layer):
    """A gated transformer layer whose nodes look at those of the other stream."""

    def __init__(self, width: int, heads: int, feedforward: int, mixing: Mixing) -> None:
        super().__init__(width, heads, feedforward, gated=True)
        self.norm_other = Norm(width)
        self.mix = MIXINGS[mixing]

    def look(self, x: Tensor, other: Tensor, bias: Tensor) -> Tensor:
        """x, other [B, N, D], bias [B, H, N, N] -> [B, N, D]."""
        width = x.shape[-1]
        ask, tell = self.project_in.weight.split([width, 2 * width])
        query = F.linear(self.norm_attention(x), ask)
        key, value = F.linear(self.norm_other(other), tell).chunk(2, dim=-1)
        seen = self.mix(*(split_heads(part, self.heads) for part in (query, key, value)), bias)
        return self.feed(x + self.project_out(merge_heads(seen)))


class StreamEncoder(nn.Module):
    """A stack of pairs of layers with final norms. Edges have `numbers` numbers and `edge_width` functions of them."""

    def __init__(
        self, width: int, heads: int, feedforward: int, layers: int, mixing: Mixing, numbers: int, edge_width: int
    ) -> None:
        super().__init__()
        self.functions = EdgeFunctions(numbers, edge_width)
        self.biases = nn.ModuleList(EdgeBias(edge_width, 2 * heads) for _ in range(layers))
        self.rows, self.columns = (
            nn.ModuleList(StreamLayer(width, heads, feedforward, mixing) for _ in range(layers)) for _ in range(2)
        )
        self.norm_row, self.norm_column = Norm(width), Norm(width)

    def forward(self, row: Tensor, column: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams [B, N, D]; edges [B, E, N, N] from the node that looks, in both streams -> both streams."""
        functions = self.functions(edges)
        for of_rows, of_columns, biases in zip(self.rows, self.columns, self.biases, strict=True):
            onward, backward = biases(functions).chunk(2, dim=1)
            row, column = of_rows.look(row, column, onward), of_columns.look(column, row, backward)
        return self.norm_row(row), self.norm_column(column)
