"""Duration limit: a route does not last longer, from leaving to returning, than the vehicle may be on the road."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import of_vehicle
from .base import Constraint, Move, View, at, per_node, shaved, travel_time


@final
class DurationLimit(Constraint):
    """State [B, *L, 2]: how long the route has lasted, and the latest departure with which it lasts no longer.

    A vehicle leaves late enough not to wait on the road where it could wait at home (Savelsbergh 1992, "The vehicle
    routing problem with time windows: minimizing route duration"). To be used beside TimeWindows where windows bind.
    """

    rule: ClassVar[str] = "max_duration"
    num_features: ClassVar[int] = 1
    looks_home: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        closes = at(instances["closes"], vehicle)
        return torch.stack([torch.zeros_like(closes), closes], dim=-1)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        opens, closes, service = (at(instances[key], move.node) for key in ("opens", "closes", "service"))
        lasted, latest = state.unbind(-1)
        lasted = lasted + travel_time(instances, move)
        wait = (opens - lasted - latest).clamp(min=0.0)
        return torch.stack([lasted + wait + service, torch.minimum(latest, closes - lasted)], dim=-1)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        opens, service = (per_node(instances[key], view.current) for key in ("opens", "service"))
        lasted, latest = state[..., :1] + view.onward_time, state[..., 1:]
        wait = (opens - lasted - latest).clamp(min=0.0)
        limit = shaved(of_vehicle(instances["max_duration"], view.vehicle))[..., None]
        return lasted + wait + service + view.home_time <= limit

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return (1 - state[..., 0] / of_vehicle(instances["max_duration"], vehicle))[..., None]
