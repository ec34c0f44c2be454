"""An encoder of nodes and of pairs: what every vehicle is to every client is carried along and refreshed by each layer.

After the bipartite exchange of CAMP (Hua et al. 2025, arXiv 2501.02977), with narrow pairs instead of one copy of the
graph per vehicle. B problems, M vehicles, n clients, N = M + n nodes, D width, P width of pairs, H heads.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nco.nn.transformer import Layer, Norm


class PairLayer(nn.Module):
    """A transformer layer whose attention between vehicles and clients is biased by their pairs."""

    def __init__(self, width: int, heads: int, feedforward: int, pair_width: int) -> None:
        super().__init__()
        self.layer = Layer(width, heads, feedforward, gated=True)
        self.norm_nodes, self.norm_pairs = Norm(width), Norm(pair_width)
        self.project_bias = nn.Linear(pair_width, 2 * heads, bias=False)
        self.of_vehicle = nn.Linear(width, pair_width, bias=False)
        self.of_client = nn.Linear(width, pair_width, bias=False)
        self.of_pair = nn.Linear(pair_width, pair_width)
        self.to_vehicle = nn.Linear(pair_width, width, bias=False)
        self.to_client = nn.Linear(pair_width, width, bias=False)
        self.to_pair = nn.Linear(pair_width, pair_width, bias=False)

    def forward(self, x: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes [B, N, D] and pairs [B, M, n, P] -> the same."""
        fleet, normed = pairs.shape[1], self.norm_pairs(pairs)
        x = self.layer(x, _between(self.project_bias(normed)))
        vehicles, clients = self.norm_nodes(x).split([fleet, pairs.shape[2]], dim=1)
        hidden = self.of_vehicle(vehicles)[:, :, None] + self.of_client(clients)[:, None] + self.of_pair(normed)
        hidden = F.silu(hidden)
        told = torch.cat([self.to_vehicle(hidden.mean(dim=2)), self.to_client(hidden.mean(dim=1))], dim=1)
        return x + told, pairs + self.to_pair(hidden)


class PairEncoder(nn.Module):
    """A stack of pair layers with final norms."""

    def __init__(self, width: int, heads: int, feedforward: int, layers: int, pair_width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(PairLayer(width, heads, feedforward, pair_width) for _ in range(layers))
        self.norm_nodes, self.norm_pairs = Norm(width), Norm(pair_width)

    def forward(self, x: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes [B, N, D] and pairs [B, M, n, P] -> the same."""
        for layer in self.layers:
            x, pairs = layer(x, pairs)
        return self.norm_nodes(x), self.norm_pairs(pairs)


def _between(scores: Tensor) -> Tensor:
    """Scores [B, M, n, 2 H] of clients for vehicles and of vehicles for clients -> bias [B, H, N, N] of attention."""
    of_clients, of_vehicles = scores.permute(0, 3, 1, 2).chunk(2, dim=1)
    fleet, clients = of_clients.shape[-2:]
    above, below = F.pad(of_clients, (fleet, 0)), F.pad(of_vehicles.transpose(-1, -2), (0, clients))
    return torch.cat([above, below], dim=-2)
