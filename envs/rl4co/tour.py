"""A round tour that may begin anywhere, as RL4CO's TSP has it: the first action decides which place plays the token.

Ours begins at node 0. Where nothing but distances counts, a tour costs the same from each of its places, and all that
is to be known of it is where it began, where it is and where it has been.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from ..constraints.base import Constraint
from ..routing import RoutingEnv


class Traveller(NamedTuple):
    """What is told of the only vehicle."""

    current: Tensor  # [B, S] where it is; node 0 before there is a first place
    active: Tensor  # [B, S] its token: the first place; node 0 before there is one


class TourState(NamedTuple):
    """Where rollouts are."""

    vehicles: Traveller
    visited: Tensor  # [B, S, N] places, the first one included


class Tour:
    """RoutingEnv's interface for tours of any first place: N actions [B, S, N], the first included.

    env: without constraints.
    """

    constraints: tuple[Constraint, ...] = ()
    num_features = 0

    def __init__(self, env: RoutingEnv) -> None:
        self._env = env
        self.objective = env.objective

    def reset(self, instances: TensorDict, rollouts: int) -> TourState:
        batch, nodes, _ = instances["locs"].shape
        nowhere = torch.zeros(batch, rollouts, dtype=torch.long, device=instances["locs"].device)
        return TourState(Traveller(nowhere, nowhere), nowhere.bool()[..., None].repeat(1, 1, nodes))

    def step(self, instances: TensorDict, state: TourState, action: Tensor) -> TourState:
        begun, place = state.visited.any(dim=-1), action[..., None]
        first = torch.where(begun, state.vehicles.active, action)
        return TourState(Traveller(action, first), state.visited.scatter(-1, place, value=True))

    def action_mask(self, instances: TensorDict, state: TourState) -> Tensor:
        return ~state.visited

    def done(self, state: TourState) -> Tensor:
        return state.visited.all(dim=-1)

    def features(self, instances: TensorDict, state: TourState) -> Tensor:
        return torch.zeros(*state.vehicles.current.shape, 0, device=state.visited.device)

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor:
        return self._env.cost(instances, from_token(actions))


def from_token(actions: Tensor) -> Tensor:
    """The rest [B, S, N - 1] of tours [B, S, N] that are turned until node 0 comes first."""
    steps = torch.arange(actions.shape[-1], device=actions.device)
    begin = (actions == 0).int().argmax(dim=-1, keepdim=True)
    return actions.gather(-1, (begin + steps) % len(steps))[..., 1:]
