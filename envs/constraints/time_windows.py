"""Time windows: service starts before the window closes, and the vehicle is home before the depot does."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import Constraint, Move, View, at, per_node, shaved, travel_time


@final
class TimeWindows(Constraint):
    """State [B, *L]: when the vehicle is ready to leave where it is. A route starts when its depot opens."""

    rule: ClassVar[str] = "time_windows"
    num_features: ClassVar[int] = 1
    looks_home: ClassVar[bool] = True
    lasting: ClassVar[bool] = True

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return at(instances["opens"], vehicle)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        arrival = state + travel_time(instances, move)
        return torch.maximum(arrival, at(instances["opens"], move.node)) + at(instances["service"], move.node)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        opens, closes, service = (per_node(instances[key], state) for key in ("opens", "closes", "service"))
        arrival = state[..., None] + view.onward_time
        back = torch.maximum(arrival, opens) + service + view.home_time
        end = at(instances["closes"], view.vehicle)[..., None]
        return (arrival <= shaved(closes)) & (back <= shaved(end))

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return (state / at(instances["closes"], vehicle))[..., None]
