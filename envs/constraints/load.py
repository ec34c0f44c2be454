"""Load: capacity for deliveries and pickups on the same route.

A route sets out with all it will deliver. Another delivery raises the load of every stop before it, a pickup that of
every stop from it on; so two numbers tell whether a client still fits: the highest load so far and what was picked up.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import View, at, per_node


@final
class Load:
    """State [B, *L, 2]: highest load of the route so far, and load picked up so far, in whole units."""

    rule: ClassVar[str] = "capacity"
    num_features: ClassVar[int] = 2

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        capacity = instances["capacity"]
        return torch.zeros(len(capacity), rollouts, 2, device=capacity.device)

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        after = _after(state, at(instances["demand"], action), at(instances["pickup"], action))
        return torch.stack(after, dim=-1) * (action != 0)[..., None]

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        demand, pickup = (per_node(instances[key], view.current) for key in ("demand", "pickup"))
        peak, _ = _after(state[..., None, :], demand, pickup)
        return peak <= per_node(instances["capacity"][:, None], view.current)

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        peak, picked = state.unbind(-1)
        capacity = instances["capacity"].view(-1, *[1] * (peak.dim() - 1))
        return torch.stack([1 - peak / capacity, 1 - picked / capacity], dim=-1)


def _after(state: Tensor, demand: Tensor, pickup: Tensor) -> tuple[Tensor, Tensor]:
    """Highest load and load picked up after one more client."""
    peak, picked = state.unbind(-1)
    picked = picked + pickup
    return torch.maximum(peak + demand, picked), picked
