"""Backhaul: a route that has begun to pick up delivers no more (the classic VRP with backhauls)."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import View, at, per_node, per_problem


@final
class Backhaul:
    """State [B, *L]: whether the route has picked up. Instances with `backhaul_last` False mix freely."""

    rule: ClassVar[str] = "backhaul"
    num_features: ClassVar[int] = 1

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        last = instances["backhaul_last"]
        return torch.zeros(len(last), rollouts, dtype=torch.bool, device=last.device)

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        picks = at(instances["pickup"], action) > 0
        return (state | (picks & per_problem(instances["backhaul_last"], state))) & (action != 0)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return ~(state[..., None] & (per_node(instances["demand"], state) > 0))

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        return state[..., None].float()
