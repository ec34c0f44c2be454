"""The parallel process: all vehicles of a problem act in every step, as in PARCO (arXiv 2409.03811) and CAMP.

B problems, S rollouts, T steps, M vehicles, n clients, N = M + n nodes. A step is one hop of each vehicle.
A vehicle may go to a client, go home, or stay at home; it is never forced to start, nobody waits on the road, and a
step in which nobody would move is resolved in favour of the likeliest move, so that there is no deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from .constraints.base import Constraint, Home, Move, View, anything, ways_home
from .instances import arcs, fleet_size, has, left_out, of_vehicle


class ParallelState(NamedTuple):
    """Where the vehicles of each rollout are."""

    current: Tensor  # [B, S, M] node of each vehicle
    visited: Tensor  # [B, S, N] clients already served; tokens are never visited
    routes: Tensor  # [B, S, M] routes begun by each vehicle
    resting: Tensor  # [B, S] bool: all vehicles are at home, and clients that are left are optional
    idle: Tensor  # [B, S] bool: they stayed there: the episode is over
    slots: tuple[Tensor, ...]  # per constraint: its state [B, S, M, ...]
    home: Home | tuple[()]  # ways home, where a constraint looks at them


class ParallelEnv:
    """A Markov process with joint actions [B, S, M], composed from the constraints of the sequential one.

    Vehicles refill at home as often as they like, and go home whenever they may end their route. The episode ends when
    all clients are served or nobody can serve those that are left; ways home are part of the cost. At most 2n steps.
    """

    def __init__(self, constraints: Sequence[Constraint], objective: Literal["sum", "max"] = "sum") -> None:
        self.constraints = tuple(constraints)
        self.objective = objective

    @staticmethod
    def max_steps(instances: TensorDict) -> int:
        """Bound on the length of an episode: every step serves a client or sends a vehicle home."""
        return 2 * (int(instances["locs"].shape[1]) - fleet_size(instances))

    def reset(self, instances: TensorDict, rollouts: int) -> ParallelState:
        """The state of S fresh rollouts of each problem: all vehicles at home."""
        batch, nodes, _ = instances["locs"].shape
        token = _tokens(instances, rollouts)
        visited = torch.zeros(batch, rollouts, nodes, dtype=torch.bool, device=token.device)
        resting, no = _all_optional(instances, visited), torch.zeros_like(visited[..., 0])
        slots = tuple(constraint.fresh(instances, token) for constraint in self.constraints)
        home = ways_home(instances) if any(constraint.looks_home for constraint in self.constraints) else ()
        return ParallelState(token, visited, torch.zeros_like(token), resting, no, slots, home)

    def action_mask(self, instances: TensorDict, state: ParallelState) -> Tensor:
        """Nodes [B, S, M, N] that each vehicle may choose; its own token means going or staying home."""
        token = _tokens(instances, state.current.shape[1])
        view = View(instances, state.current, token, state.home)
        mask = ~(state.visited | state.idle[..., None])[:, :, None].expand(*token.shape, -1)
        for constraint, slot in zip(self.constraints, state.slots, strict=True):
            mask = mask & constraint.mask(instances, slot, view)
        if has(instances, "available"):
            begins = state.routes < instances["available"][:, None]
            if has(instances, "reloads"):
                begins = begins | (instances["reloads"][:, None] & (state.routes > 0))
            mask = mask & (begins | (state.current != token))[..., None]
        fleet = token.shape[-1]
        own = torch.eye(fleet, dtype=torch.bool, device=mask.device) & self._may_end(instances, state)[..., None]
        return torch.cat([own, mask[..., fleet:]], dim=-1)

    def resolve(self, state: ParallelState, mask: Tensor, action: Tensor, score: Tensor) -> Tensor:
        """Joint action [B, S, M] without conflicts, from what each vehicle chose and its scores [B, S, M, N].

        Of several vehicles that chose a client the one with the highest score goes (the first, when equal); the others
        stay where they are. When nobody would move, the best-scored move of all is made; but vehicles that are all at
        home may leave out clients that are optional.
        """
        fleet = action.shape[-1]
        chosen = score.gather(-1, action[..., None])[..., 0]
        order = torch.arange(fleet, device=action.device)
        same = (action[..., :, None] == action[..., None, :]) & (action >= fleet)[..., None]
        ahead = chosen[..., None, :] > chosen[..., :, None]
        ahead = ahead | ((chosen[..., None, :] == chosen[..., :, None]) & (order[None, :] < order[:, None]))
        action = torch.where((same & ahead).any(dim=-1), state.current, action)
        moves = mask.scatter(-1, state.current[..., None], False)
        best = score.masked_fill(~moves, -torch.inf).flatten(-2).argmax(dim=-1, keepdim=True)
        who, where = best // score.shape[-1], best % score.shape[-1]
        still = (action == state.current).all(dim=-1, keepdim=True) & moves.flatten(-2).any(dim=-1, keepdim=True)
        return torch.where(still & ~state.resting[..., None] & (order == who), where, action)

    def step(self, instances: TensorDict, state: ParallelState, action: Tensor) -> ParallelState:
        """Every vehicle goes to its node of `action` [B, S, M]; its current node means staying there."""
        fleet = action.shape[-1]
        visited = state.visited.scatter(-1, action, True)
        visited[..., :fleet] = False
        token = _tokens(instances, action.shape[1])
        home, stays, reloads = action == token, action == state.current, has(instances, "reloads")
        move = Move(state.current, action, token, home)
        slots = []
        for constraint, slot in zip(self.constraints, state.slots, strict=True):
            fresh, after = constraint.fresh(instances, token), constraint.step(instances, slot, move)
            shape = (*home.shape, *[1] * (after.dim() - home.dim()))
            renewed = home & ~of_vehicle(instances["reloads"], token) if constraint.lasting and reloads else home
            slots.append(torch.where(stays.view(shape), slot, torch.where(renewed.view(shape), fresh, after)))
        idle = state.idle | (state.resting & stays.all(dim=-1))
        resting = home.all(dim=-1) & _all_optional(instances, visited)
        routes = state.routes + ((state.current == token) & ~home)
        return ParallelState(action, visited, routes, resting, idle, tuple(slots), state.home)

    def done(self, instances: TensorDict, state: ParallelState) -> Tensor:
        """Whether no vehicle will serve another client, at once or after going home: [B, S]."""
        fleet = state.current.shape[-1]
        home = self.step(instances, state, _tokens(instances, state.current.shape[1]))
        moves = self.action_mask(instances, state) | self.action_mask(instances, home)
        return ~moves[..., fleet:].flatten(-2).any(dim=-1)

    def _may_end(self, instances: TensorDict, state: ParallelState) -> Tensor:
        """Whether each vehicle may go or stay home: [B, S, M]."""
        may_end = torch.ones_like(state.current, dtype=torch.bool)
        for constraint, slot in zip(self.constraints, state.slots, strict=True):
            ending = constraint.may_end(instances, slot)
            may_end = may_end if ending is None else may_end & ending
        return may_end

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor:
        """Cost [B, S] of joint actions [B, S, T, M], in units of `scale`: summed over vehicles or the largest."""
        token = _tokens(instances, actions.shape[1])[:, :, None]
        path = torch.cat([token, actions, token], dim=2)
        vehicle = token.expand_as(path[:, :, 1:]).contiguous()
        origin, node = path[:, :, :-1], path[:, :, 1:]
        legs = arcs(instances, origin, node, vehicle, "distance")
        if has(instances, "open"):
            legs = legs.masked_fill((node == vehicle) & of_vehicle(instances["open"], vehicle), 0.0)
        if has(instances, "unit_cost"):
            legs = legs * of_vehicle(instances["unit_cost"], vehicle)
        if has(instances, "fixed_cost"):
            begins = (origin == vehicle) & (node != vehicle)
            legs = legs + of_vehicle(instances["fixed_cost"], vehicle) * begins
        if has(instances, "penalty"):
            legs = legs + arcs(instances, vehicle, node, vehicle, "penalty") * (node != origin)
        totals = legs.sum(dim=2)
        total = totals.sum(dim=-1) if self.objective == "sum" else totals.amax(dim=-1)
        return total + left_out(instances, actions.flatten(2)) if has(instances, "prize") else total


def _all_optional(instances: TensorDict, visited: Tensor) -> Tensor:
    """Whether every client that is left may be left out: [B, S]."""
    if not has(instances, "prize"):
        return torch.zeros_like(visited[..., 0])
    required: Tensor = ~visited & (instances["prize"] == torch.inf)[:, None]
    return ~anything(required[..., fleet_size(instances) :])


def _tokens(instances: TensorDict, rollouts: int) -> Tensor:
    """Own token of every vehicle: [B, S, M]."""
    token = torch.arange(fleet_size(instances), device=instances["locs"].device)
    return token.expand(len(instances["locs"]), rollouts, -1)
