"""The routing process for batches of problems: one vehicle extends its route until it returns to the depot.

B problems, S rollouts of each, T steps, N nodes (depot first). A state is small: where the vehicle is, what has been
visited, one tensor per constraint. Everything is a pure function of tensors, on any device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from .constraints.base import Constraint, View, per_problem
from .instances import arcs, is_open


class State(NamedTuple):
    """Where rollouts are. `L` is S for one step, (S, T) for whole trajectories."""

    current: Tensor  # [B, *L] node the vehicle is at
    visited: Tensor  # [B, *L, N] clients already served; the depot is never visited
    slots: tuple[Tensor, ...]  # per constraint: its state [B, *L, ...]


class RoutingEnv:
    """A Markov process composed from constraints.

    Start: every vehicle at the depot. Action: the next node. The depot may be chosen from anywhere but the depot
    itself; a client when it has not been visited and every constraint agrees. End: all clients are served (the last
    vehicle's way home is part of the cost); from then on the depot is the only action. At most 2n steps.
    """

    def __init__(self, constraints: Sequence[Constraint]) -> None:
        self.constraints = tuple(constraints)

    @property
    def num_features(self) -> int:
        """How many numbers about the state of the constraints a policy sees."""
        return sum(constraint.num_features for constraint in self.constraints)

    @staticmethod
    def max_steps(instances: TensorDict) -> int:
        """Bound on the length of an episode."""
        return 2 * (int(instances["locs"].shape[1]) - 1)

    def reset(self, instances: TensorDict, rollouts: int) -> State:
        """The state of S fresh rollouts of each problem."""
        batch, nodes, _ = instances["locs"].shape
        device = instances["locs"].device
        return State(
            torch.zeros(batch, rollouts, dtype=torch.long, device=device),
            torch.zeros(batch, rollouts, nodes, dtype=torch.bool, device=device),
            tuple(constraint.reset(instances, rollouts) for constraint in self.constraints),
        )

    def step(self, instances: TensorDict, state: State, action: Tensor) -> State:
        """Visit node `action` [B, S]."""
        visited = state.visited.scatter(-1, action[..., None], (action != 0)[..., None])
        return State(action, visited, self._step_constraints(instances, state.slots, state.current, action))

    def action_mask(self, instances: TensorDict, state: State) -> Tensor:
        """Nodes [B, *L, N] that may be visited next; never an empty row."""
        mask, view = ~state.visited, View(instances, state.current)
        for constraint, slot in zip(self.constraints, state.slots, strict=True):
            mask = mask & constraint.mask(instances, slot, view)
        mask[..., 0] = (state.current != 0) | self.done(state)
        return mask

    @staticmethod
    def done(state: State) -> Tensor:
        """Whether all clients are served: [B, *L]."""
        clients = state.visited.shape[-1] - 1
        return state.visited.sum(dim=-1) == clients  # faster than `all` on a CPU

    def features(self, instances: TensorDict, state: State) -> Tensor:
        """What a policy sees of the constraints' state: [B, *L, F]."""
        parts = [c.features(instances, slot) for c, slot in zip(self.constraints, state.slots, strict=True)]
        return torch.cat(parts, dim=-1)

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor:
        """Distance [B, S] along actions [B, S, T], in units of `scale`; ways home count unless routes are open."""
        depot = torch.zeros_like(actions[..., :1])
        path = torch.cat([depot, actions, depot], dim=-1)
        legs = arcs(instances, path[..., :-1], path[..., 1:])
        free = (path[..., 1:] == 0) & per_problem(is_open(instances), legs)
        return legs.masked_fill(free, 0.0).sum(dim=-1)

    def replay(self, instances: TensorDict, actions: Tensor) -> State:
        """The states [B, S, T] in which the actions [B, S, T] were taken.

        First-visit times against the step index give every visited mask at once; only the constraints' small states
        are stepped through.
        """
        nodes, steps = instances["locs"].shape[1], actions.shape[-1]
        time = torch.arange(steps, device=actions.device)
        first = torch.full((*actions.shape[:-1], nodes), steps, device=actions.device)
        first = first.scatter(-1, actions, time.expand_as(actions))
        first[..., 0] = steps  # the depot is never visited
        visited = first[..., None, :] < time[:, None]
        current = torch.cat([torch.zeros_like(actions[..., :1]), actions[..., :-1]], dim=-1)
        slots = tuple(constraint.reset(instances, actions.shape[1]) for constraint in self.constraints)
        history = [slots]
        for origin, action in zip(current.unbind(-1)[:-1], actions.unbind(-1)[:-1], strict=True):
            history.append(self._step_constraints(instances, history[-1], origin, action))
        return State(current, visited, tuple(torch.stack(slot, dim=2) for slot in zip(*history, strict=True)))

    def _step_constraints(
        self, instances: TensorDict, slots: tuple[Tensor, ...], origin: Tensor, action: Tensor
    ) -> tuple[Tensor, ...]:
        return tuple(c.step(instances, slot, origin, action) for c, slot in zip(self.constraints, slots, strict=True))


def split_routes(path: list[int]) -> list[list[int]]:
    """Routes of a path that visits the depot, node 0, between them."""
    routes: list[list[int]] = [[]]
    for node in path:
        if node:
            routes[-1].append(node)
        elif routes[-1]:
            routes.append([])
    return [route for route in routes if route]
