"""Vehicles and clients that tell each other what they know: the encoder of CAMP (Hua et al. 2025, arXiv 2501.02977).

Every vehicle has a copy of the graph, the profile: what each node is to it. A block lets nodes attend to each other in
each profile, then lets vehicles and clients exchange messages over the edges between them, which are what the client is
to the vehicle, and refreshes the profiles. Unlike in the authors' code, edges belong to their pair in both directions,
each direction has weights of its own, residuals start from what was not normalised, and profiles have a feed-forward
layer too.

B problems, M vehicles, n clients, N = M + n nodes, D width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from nco.nn.transformer import Layer, Norm, merge_heads, split_heads


class Messages(nn.Module):
    """Attention of R receivers over S senders with edges: softmax_s(q_r . (k_s + e_rs)) (v_s + f_rs)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.sender = nn.Linear(width, 2 * width, bias=False)
        self.edge = nn.Linear(width, 2 * width, bias=False)

    def forward(self, receivers: Tensor, senders: Tensor, edges: Tensor) -> Tensor:
        """[B, R, D], [B, S, D], [B, R, S, D] -> [B, R, D]."""
        key, value = (self.sender(senders)[:, None] + self.edge(edges)).chunk(2, dim=-1)
        query = self.query(receivers)
        score = (key @ query[..., None])[..., 0] / math.sqrt(query.shape[-1])
        told: Tensor = (score.softmax(dim=-1)[:, :, None] @ value)[:, :, 0]
        return told


class ExchangeBlock(nn.Module):
    """One block; without `exchange`, profiles attend to themselves only."""

    def __init__(self, width: int, heads: int, feedforward: int, exchange: bool) -> None:
        super().__init__()
        self.profiles = Layer(width, heads, feedforward, gated=True)
        self.exchange = exchange
        if exchange:
            self.norm_nodes, self.norm_profiles = Norm(width), Norm(width)
            self.to_clients, self.to_vehicles = Messages(width), Messages(width)
            self.refresh = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, profiles: Tensor) -> tuple[Tensor, Tensor]:
        """Nodes [B, N, D] and profiles [B, M, N, D] -> the same."""
        fleet = profiles.shape[1]
        profiles = self.profiles(profiles.flatten(0, 1)).unflatten(0, (-1, fleet))
        if not self.exchange:
            return x, profiles
        vehicles, clients = self.norm_nodes(x).tensor_split([fleet], dim=1)
        edges = self.norm_profiles(profiles[:, :, fleet:])
        told = [self.to_vehicles(vehicles, clients, edges), self.to_clients(clients, vehicles, edges.transpose(1, 2))]
        x = x + torch.cat(told, dim=1)
        return x, profiles + self.refresh(x[:, :fleet, None] + x[:, None])


class Communication(nn.Module):
    """The vehicles of a decision attend to each other: a transformer layer over M tokens (PARCO, Berto et al. 2024)."""

    def __init__(self, width: int, heads: int, feedforward: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_feedforward = Norm(width), Norm(width)
        self.project_in = nn.Linear(width, 3 * width, bias=False)
        self.project_out = nn.Linear(width, width, bias=False)
        self.widen, self.narrow = nn.Linear(width, feedforward), nn.Linear(feedforward, width)

    def forward(self, x: Tensor) -> Tensor:
        """[K, M, D] -> [K, M, D]. K is large and M small: plain products, which have no bound on K."""
        query, key, value = (
            split_heads(part, self.heads) for part in self.project_in(self.norm_attention(x)).chunk(3, -1)
        )
        weight = (query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])).softmax(dim=-1)
        attended: Tensor = self.project_out(merge_heads(weight.to(value.dtype) @ value))
        x = x + attended
        told: Tensor = self.narrow(nn.functional.silu(self.widen(self.norm_feedforward(x))))
        return x + told
