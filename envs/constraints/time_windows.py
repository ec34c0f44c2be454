"""Time windows: service starts before the window closes, and the vehicle is home before the depot does."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import View, at, leg, per_node, per_problem, shaved


@final
class TimeWindows:
    """State [B, *L]: when the vehicle is ready to leave where it is. A new route starts when the depot opens."""

    rule: ClassVar[str] = "time_windows"
    num_features: ClassVar[int] = 1

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        opens: Tensor = instances["opens"]
        return opens[:, :1].expand(-1, rollouts)

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        arrival = state + leg(instances, origin, action, "duration")
        ready = torch.maximum(arrival, at(instances["opens"], action)) + at(instances["service"], action)
        return torch.where(action == 0, per_problem(instances["opens"][:, 0], state), ready)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        opens, closes, service = (per_node(instances[key], state) for key in ("opens", "closes", "service"))
        arrival = state[..., None] + view.onward_time
        back = torch.maximum(arrival, opens) + service + view.home_time
        return (arrival <= shaved(closes)) & (back <= shaved(closes[..., :1]))

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        horizon = per_problem(instances["closes"][:, 0], state)
        return (state / horizon)[..., None]
