"""Backhaul: a route that has begun to pick up delivers no more (the classic VRP with backhauls)."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import Constraint, Move, View, at, only_where, per_node


@final
class Backhaul(Constraint):
    """State [B, *L]: whether the route has picked up. Instances with `backhaul_last` False mix freely."""

    rule: ClassVar[str] = "backhaul"
    num_features: ClassVar[int] = 1

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return torch.zeros_like(vehicle, dtype=torch.bool)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        last: Tensor = instances["backhaul_last"].view(-1, *[1] * (state.dim() - 1))
        return state | ((at(instances["pickup"], move.node) > 0) & last)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return ~only_where(per_node(instances["demand"], state) > 0, state)

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return state[..., None].float()
