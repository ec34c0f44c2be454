"""Capacity: a vehicle carries what it will deliver, and refills at the depot."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import View, at, per_node, per_problem


@final
class Capacity:
    """State: what is left on the vehicle [B, *L], in whole units. For problems without pickups."""

    rule: ClassVar[str] = "capacity"
    num_features: ClassVar[int] = 1

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        capacity: Tensor = instances["capacity"]
        return capacity[:, None].expand(-1, rollouts)

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        full = per_problem(instances["capacity"], state)
        return torch.where(action == 0, full, state - at(instances["demand"], action))

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return per_node(instances["demand"], state) <= state[..., None]

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        return (state / per_problem(instances["capacity"], state))[..., None]
