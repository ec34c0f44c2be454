"""Load: capacity for deliveries and pickups on the same route.

A route sets out with all it will deliver. Another delivery raises the load of every stop before it, a pickup that of
every stop from it on; so two numbers tell whether a client still fits: the highest load so far and what was picked up.
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import of_vehicle
from .base import Constraint, Move, View, at, per_node


@final
class Load(Constraint):
    """State [B, *L, 2]: highest load of the route so far, and load picked up so far, in whole units."""

    rule: ClassVar[str] = "capacity"
    num_features: ClassVar[int] = 2

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return torch.zeros(*vehicle.shape, 2, device=vehicle.device)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        after = _after(state, at(instances["demand"], move.node), at(instances["pickup"], move.node))
        return torch.stack(after, dim=-1)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        demand, pickup = (per_node(instances[key], view.current) for key in ("demand", "pickup"))
        peak, _ = _after(state[..., None, :], demand, pickup)
        return peak <= of_vehicle(instances["capacity"], view.vehicle)[..., None]

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return 1 - state / of_vehicle(instances["capacity"], vehicle)[..., None]


def _after(state: Tensor, demand: Tensor, pickup: Tensor) -> tuple[Tensor, Tensor]:
    """Highest load and load picked up after one more client."""
    peak, picked = state.unbind(-1)
    picked = picked + pickup
    return torch.maximum(peak + demand, picked), picked
