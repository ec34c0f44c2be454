"""An encoder with two streams: every node as a place to leave (row) and as a place to go to (column).

After MatNet (Kwon et al. 2021) and RRNCO (Son et al. 2025): in each layer, rows look at columns and columns at rows,
with a bias that the edges between them give. Layers are those of nco.nn.transformer. B problems, N nodes, D width.
"""

from __future__ import annotations

from torch import Tensor, nn

from nco.nn.edges import EdgeBias, EdgeFunctions
from nco.nn.mixing import Mixing
from nco.nn.transformer import Layer, Norm


class StreamLayer(nn.Module):
    """A layer of both streams; each reads what the other was before it."""

    def __init__(self, width: int, heads: int, feedforward: int, mixing: Mixing, edge_width: int) -> None:
        super().__init__()
        self.bias = EdgeBias(edge_width, 2 * heads)
        self.of_row = Layer(width, heads, feedforward, gated=True, mixing=mixing)
        self.of_column = Layer(width, heads, feedforward, gated=True, mixing=mixing)

    def forward(self, row: Tensor, column: Tensor, functions: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams [B, N, D]; functions of the edges [B, R, N, P] -> both streams."""
        onward, backward = self.bias(functions).chunk(2, dim=1)
        return self.of_row(row, onward, column), self.of_column(column, backward, row)


class StreamEncoder(nn.Module):
    """A stack of layers with final norms. Edges have `numbers` numbers and `edge_width` functions of them."""

    def __init__(
        self, width: int, heads: int, feedforward: int, layers: int, mixing: Mixing, numbers: int, edge_width: int
    ) -> None:
        super().__init__()
        self.functions = EdgeFunctions(numbers, edge_width)
        self.layers = nn.ModuleList(StreamLayer(width, heads, feedforward, mixing, edge_width) for _ in range(layers))
        self.norm_row, self.norm_column = Norm(width), Norm(width)

    def forward(self, row: Tensor, column: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        """Both streams [B, N, D]; edges [B, E, N, N] from the node that looks, in both streams -> both streams."""
        functions = self.functions(edges)
        for layer in self.layers:
            row, column = layer(row, column, functions)
        return self.norm_row(row), self.norm_column(column)
