"""Route limit: a route is not longer than the vehicle may drive, the way home included unless the route is open."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import of_vehicle
from .base import Constraint, Move, View, shaved, travelled


@final
class RouteLimit(Constraint):
    """State [B, *L]: distance driven on the route so far."""

    rule: ClassVar[str] = "max_distance"
    num_features: ClassVar[int] = 1
    looks_home: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return torch.zeros_like(vehicle, dtype=torch.float32)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        return state + travelled(instances, move)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        limit = shaved(of_vehicle(instances["max_distance"], view.vehicle))[..., None]
        return state[..., None] + view.onward + view.home <= limit

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return (1 - state / of_vehicle(instances["max_distance"], vehicle))[..., None]
