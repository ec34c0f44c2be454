"""Zones: a vehicle visits only the clients that its profile allows."""

from __future__ import annotations

from typing import ClassVar, final

from tensordict import TensorDict
from torch import Tensor

from ..instances import of_vehicle
from .base import Constraint, Move, View


@final
class Zones(Constraint):
    """No state of its own: the mask [B, *L, N] is the vehicle's row of `allowed`."""

    rule: ClassVar[str] = "allowed"
    num_features: ClassVar[int] = 0

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        return vehicle

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        return state

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return of_vehicle(instances["allowed"], view.vehicle)

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return state.new_zeros(*state.shape, 0)
