"""A round tour that may begin anywhere, as RL4CO's TSP has it: the first action decides which place plays the token.

Ours begins at node 0. Where nothing but distances counts, a tour costs the same from each of its places, so exchanging
the numbers of node 0 and of the place that comes first turns one process into the other.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from ..routing import RoutingEnv, State, Vehicles


class TourState(NamedTuple):
    """Where rollouts are: our state, in which node 0 and the first place have changed numbers."""

    inner: State
    first: Tensor  # [B, S] the first place; -1 before there is one

    @property
    def vehicles(self) -> Vehicles:
        """In the numbers of the problem; before there is a first place, it is node 0."""
        first, vehicles = self.first.clamp(min=0), self.inner.vehicles
        return vehicles._replace(current=_exchange(vehicles.current, first), active=first)

    @property
    def current(self) -> Tensor:
        return self.vehicles.current

    @property
    def visited(self) -> Tensor:
        """Places [B, S, N] that have been visited, the first one included."""
        begun = (self.first >= 0)[..., None]
        return _columns(self.inner.visited, self.first).scatter(-1, self.first.clamp(min=0)[..., None], begun)


class Tour:
    """RoutingEnv's interface for tours of any first place: N actions [B, S, N], the first included."""

    def __init__(self, env: RoutingEnv) -> None:
        self._env = env
        self.constraints, self.objective = env.constraints, env.objective

    @property
    def num_features(self) -> int:
        return self._env.num_features

    def reset(self, instances: TensorDict, rollouts: int) -> TourState:
        state = self._env.reset(instances, rollouts)
        return TourState(state, torch.full_like(state.current, -1))

    def step(self, instances: TensorDict, state: TourState, action: Tensor) -> TourState:
        begins = state.first < 0
        first = torch.where(begins, action, state.first)
        after = self._env.step(instances, state.inner, _exchange(action, first))
        idle = after.vehicles.idle & ~begins  # the first place is where the vehicle is: it has not stayed there
        return TourState(after._replace(vehicles=after.vehicles._replace(idle=idle)), first)

    def action_mask(self, instances: TensorDict, state: TourState) -> Tensor:
        mask = self._env.action_mask(instances, state.inner)
        return _columns(mask, state.first) | (state.first < 0)[..., None]

    def done(self, state: TourState) -> Tensor:
        return self._env.done(state.inner)

    def features(self, instances: TensorDict, state: TourState) -> Tensor:
        return self._env.features(instances, state.inner)

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor:
        return self._env.cost(instances, from_token(actions))


def from_token(actions: Tensor) -> Tensor:
    """The rest [B, S, N - 1] of tours [B, S, N] that are turned until node 0 comes first."""
    steps = torch.arange(actions.shape[-1], device=actions.device)
    begin = (actions == 0).int().argmax(dim=-1, keepdim=True)
    return actions.gather(-1, (begin + steps) % len(steps))[..., 1:]


def _exchange(node: Tensor, first: Tensor) -> Tensor:
    """Nodes with the numbers 0 and `first` exchanged."""
    return torch.where(node == 0, first, torch.where(node == first, 0, node))


def _columns(values: Tensor, first: Tensor) -> Tensor:
    """Values [B, S, N] with the columns 0 and `first` [B, S] exchanged; as they are where it is negative."""
    there = first.clamp(min=0)[..., None]
    return torch.cat([values.gather(-1, there), values[..., 1:]], dim=-1).scatter(-1, there, values[..., :1])
