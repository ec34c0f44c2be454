"""Route limit: a route is not longer than the vehicle may drive, the way home included unless the route is open."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import View, leg, per_problem, shaved


@final
class RouteLimit:
    """State [B, *L]: distance driven on the route so far."""

    rule: ClassVar[str] = "max_distance"
    num_features: ClassVar[int] = 1

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        limit = instances["max_distance"]
        return torch.zeros(len(limit), rollouts, device=limit.device)

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        return torch.where(action == 0, torch.zeros_like(state), state + leg(instances, origin, action, "distance"))

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        limit = per_problem(shaved(instances["max_distance"]), view.onward)
        return state[..., None] + view.onward + view.home <= limit

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        return (1 - state / per_problem(instances["max_distance"], state))[..., None]
