"""Precedence: what is picked up is delivered later on the same route, and a vehicle goes home with nothing aboard."""

from __future__ import annotations

from typing import ClassVar, final

import torch
from tensordict import TensorDict
from torch import Tensor

from .base import Constraint, Move, View, anything, per_node


@final
class Precedence(Constraint):
    """State [B, *L, N] bool: what is aboard, by the client that it goes to. Clients without goods are free.

    Goods aboard can always be delivered as long as no limit of time or distance binds; with time windows, use
    TimedPrecedence. Both ends must be open to the same vehicles.
    """

    rule: ClassVar[str] = "shipments"
    num_features: ClassVar[int] = 1

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        nodes = instances["picked_up_at"].shape[1]
        return torch.zeros(*vehicle.shape, nodes, dtype=torch.bool, device=vehicle.device)

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        delivered = state.scatter(-1, move.node[..., None], False)
        return delivered | (per_node(instances["picked_up_at"], move.node) == move.node[..., None])

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        return state | (per_node(instances["picked_up_at"], view.current) == 0)

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        return state.float().mean(dim=-1, keepdim=True)

    def may_end(self, instances: TensorDict, state: Tensor) -> Tensor:
        return ~anything(state)
