"""Capacity: a vehicle carries what it will deliver, and refills at the depot."""

from __future__ import annotations

from typing import ClassVar, final

from tensordict import TensorDict
from torch import Tensor

from ..instances import of_vehicle
from .base import Constraint, Move, View, at, per_node


@final
class Capacity(Constraint):
    """State: what is left on the vehicle [B, *L], in whole units. For problems without pickups."""

    rule: ClassVar[str] = "capacity"
    num_features: ClassVar[int] = 1

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return of_vehicle(instances["capacity"], vehicle)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        return state - at(instances["demand"], move.node)

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return per_node(instances["demand"], state) <= state[..., None]

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return (state / of_vehicle(instances["capacity"], vehicle))[..., None]
