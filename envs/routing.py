"""The routing process for batches of problems: one vehicle at a time extends its route until it is home.

B problems, S rollouts of each, T steps, M vehicles, n clients, N = M + n nodes. The first M nodes are tokens, one for
each vehicle (or each type of which there are many), at its depot. A state is small: who is where, what has been
visited, one tensor per constraint. Everything is a pure function of tensors, on any device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.errors import ConfigError, Fault

from .constraints.base import Constraint, Home, Move, View, anything, only_where, per_node, ways_home
from .constraints.time_windows import TimeWindows
from .instances import arcs, fleet_size, has, left_out, of_vehicle


class Vehicles(NamedTuple):
    """The small part of a state, stepped through one action at a time. `L` is S for one step, (S, T) for all."""

    current: Tensor  # [B, *L] node the active vehicle is at
    active: Tensor  # [B, *L] its token
    changed: Tensor  # [B, *L] bool: the last move was a change of vehicles at the depot
    idle: Tensor  # [B, *L] bool: the last move was staying at the depot: the episode is over
    left: Tensor  # [B, *L] number of clients not yet served
    routes: Tensor  # [B, *L, M] routes begun by each vehicle; counted where they are limited
    slots: tuple[Tensor, ...]  # per constraint: its state [B, *L, ...]


class State(NamedTuple):
    """Where rollouts are."""

    vehicles: Vehicles
    visited: Tensor  # [B, *L, N] clients already served; tokens are never visited
    could: Tensor  # [B, M, N] clients that each vehicle can serve on a route of their own
    home: Home | tuple[()]  # ways home, where a constraint looks at them

    @property
    def current(self) -> Tensor:
        return self.vehicles.current


class RoutingEnv:
    """A Markov process composed from constraints.

    Start: the first vehicle at its depot. Actions: from a client, another client or the vehicle's own token, which ends
    the route, if it may end (the last of a limited fleet ends only when it can serve nobody else); from a token, a
    client, or once another vehicle that can serve somebody: its route is next. Staying at the depot is allowed when
    nothing else is, or all clients that are left are optional, and ends the episode: all clients are served, or those
    that are left fit on no vehicle that is left or are left out. The last vehicle's way home is part of the cost. At
    most 3n steps (2n when M = 1).

    A vehicle that reloads goes on with the state of constraints that last over all its trips, such as the time; where
    there are such constraints its trips follow each other, and once left for another it does not set out again.

    objective: "sum" of the routes' costs, or "max" over vehicles; prizes of clients left out are added.
    """

    def __init__(self, constraints: Sequence[Constraint], objective: Literal["sum", "max"] = "sum") -> None:
        self.constraints = tuple(constraints)
        self.objective = objective

    @property
    def num_features(self) -> int:
        """How many numbers about the state of the constraints a policy sees."""
        return sum(constraint.num_features for constraint in self.constraints)

    @staticmethod
    def max_steps(instances: TensorDict) -> int:
        """Bound on the length of an episode."""
        fleet = fleet_size(instances)
        return (2 if fleet == 1 else 3) * (int(instances["locs"].shape[1]) - fleet)

    def reset(self, instances: TensorDict, rollouts: int) -> State:
        """The state of S fresh rollouts of each problem."""
        batch, nodes, _ = instances["locs"].shape
        visited = torch.zeros(batch, rollouts, nodes, dtype=torch.bool, device=instances["locs"].device)
        return State(self._fresh(instances, rollouts), visited, *self._beginning(instances))

    def step(self, instances: TensorDict, state: State, action: Tensor) -> State:
        """Go to node `action` [B, S]."""
        served = action >= fleet_size(instances)
        visited = state.visited.scatter(-1, action[..., None], served[..., None])
        return state._replace(vehicles=self._advance(instances, state.vehicles, action, served), visited=visited)

    def action_mask(self, instances: TensorDict, state: State) -> Tensor:
        """Nodes [B, *L, N] that may be visited next; never an empty row.

        With one unlimited token every client must fit on a route of its own.
        """
        (current, active, changed, idle, left, routes, slots), visited, could, home = state
        fleet = fleet_size(instances)
        mask, view = ~visited, View(instances, current, active, home)
        for constraint, slot in zip(self.constraints, slots, strict=True):
            mask = mask & constraint.mask(instances, slot, view)
        away = may_end = current >= fleet
        for constraint, slot in zip(self.constraints, slots, strict=True):
            ending = constraint.may_end(instances, slot)
            may_end = may_end if ending is None else may_end & ending
        over = left == 0
        if has(instances, "prize"):
            required = ~visited & per_node(instances["prize"] == torch.inf, current)
            over = (~away | may_end) & ~anything(required[..., fleet:])
            mask = only_where(mask, ~idle)
        spare = _spare(instances, routes)
        if fleet == 1 and spare is None:
            mask[..., 0] = may_end | over
            return mask
        if spare is not None:
            again = spare.gather(-1, active[..., None])[..., 0] | _reloads(instances, active)
            mask = only_where(mask, away | again)
            may_end = may_end & (spare.any(dim=-1) | again)
        clients = mask[..., fleet:]
        stuck = ~anything(clients)
        if fleet == 1:
            mask[..., 0] = may_end | over | stuck
            return mask
        token = torch.arange(fleet, device=current.device)
        other = ~(away | changed | idle)[..., None] & (token != active[..., None])
        useful = _any_left(could[..., fleet:], ~visited[..., fleet:])
        other = other & useful if spare is None else other & useful & spare
        own = may_end | over | (stuck & (other.sum(dim=-1) == 0))
        return torch.cat([other | (own[..., None] & (token == active[..., None])), clients], dim=-1)

    @staticmethod
    def done(state: State) -> Tensor:
        """Whether the episode is over: all clients are served, or those that are left never will be. [B, *L]."""
        return (state.vehicles.left == 0) | state.vehicles.idle

    def features(self, instances: TensorDict, state: State) -> Tensor:
        """What a policy sees of the constraints' state: [B, *L, F]."""
        nothing = torch.zeros(*state.current.shape, 0, device=state.current.device)
        pairs = zip(self.constraints, state.vehicles.slots, strict=True)
        return torch.cat([nothing, *(c.features(instances, slot, state.vehicles.active) for c, slot in pairs)], dim=-1)

    def ready(self, state: State) -> Tensor:
        """When the active vehicle can leave where it is: [B, *L]; zero where time does not matter."""
        for constraint, slot in zip(self.constraints, state.vehicles.slots, strict=True):
            if isinstance(constraint, TimeWindows):
                return slot
        return torch.zeros_like(state.current, dtype=torch.float32)

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor:
        """Cost [B, S] of actions [B, S, T], in units of `scale`; ways home count unless routes are open.

        Per vehicle: unit cost x distance + fixed cost of each route + penalties of its visits; without those keys, the
        distance. Then the sum over vehicles, or the largest.
        """
        fleet = fleet_size(instances)
        active = who_drives(actions, fleet)
        vehicle = torch.cat([active, active[..., -1:]], dim=-1)  # who drives each leg
        path = torch.cat([torch.zeros_like(actions[..., :1]), actions, active[..., -1:]], dim=-1)
        origin, node = path[..., :-1], path[..., 1:]
        legs = arcs(instances, origin, node, vehicle, "distance")
        free = (origin < fleet) & (node < fleet)  # a change of vehicles
        if has(instances, "open"):
            free = free | ((node < fleet) & of_vehicle(instances["open"], vehicle))
        legs = legs.masked_fill(free, 0.0)
        if has(instances, "unit_cost"):
            legs = legs * of_vehicle(instances["unit_cost"], vehicle)
        if has(instances, "fixed_cost"):
            begins = (origin < fleet) & (node >= fleet)
            legs = legs + of_vehicle(instances["fixed_cost"], vehicle) * begins
        if has(instances, "penalty"):
            legs = legs + arcs(instances, vehicle, node, vehicle, "penalty")
        if self.objective == "sum":
            total = legs.sum(dim=-1)
        else:
            totals = torch.zeros(*legs.shape[:-1], fleet, device=legs.device).scatter_add(-1, vehicle, legs)
            total = totals.amax(dim=-1)
        return total + left_out(instances, actions) if has(instances, "prize") else total

    def replay(self, instances: TensorDict, actions: Tensor) -> State:
        """The states [B, S, T] in which the actions [B, S, T] were taken.

        First-visit times against the step index give every visited mask at once; only the small part of the state is
        stepped through.
        """
        nodes, steps, fleet = instances["locs"].shape[1], actions.shape[-1], fleet_size(instances)
        time = torch.arange(steps, device=actions.device)
        first = torch.full((*actions.shape[:-1], nodes), steps, device=actions.device)
        first = first.scatter(-1, actions, time.expand_as(actions))
        first[..., :fleet] = steps  # tokens are never visited
        history = [self._fresh(instances, actions.shape[1])]
        served = actions >= fleet
        for action, serves in zip(actions.unbind(-1)[:-1], served.unbind(-1)[:-1], strict=True):
            history.append(self._advance(instances, history[-1], action, serves))
        *small, slots = (tuple(part) for part in zip(*history, strict=True))
        stacked = (torch.stack(part, dim=2) for part in small)
        after = tuple(torch.stack(slot, dim=2) for slot in zip(*slots, strict=True))
        vehicles = Vehicles._make((*stacked, after))
        return State(vehicles, first[..., None, :] < time[:, None], *self._beginning(instances))

    def _fresh(self, instances: TensorDict, rollouts: int) -> Vehicles:
        (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
        token = torch.zeros(batch, rollouts, dtype=torch.long, device=instances["locs"].device)
        no = torch.zeros_like(token, dtype=torch.bool)
        slots = tuple(constraint.fresh(instances, token) for constraint in self.constraints)
        routes = torch.zeros(*token.shape, fleet, device=token.device)
        return Vehicles(token, token, no, no, token + (nodes - fleet), routes, slots)

    def _advance(self, instances: TensorDict, vehicles: Vehicles, action: Tensor, served: Tensor) -> Vehicles:
        """The small part of the state after going to `action` [B, S]; `served`: whether that is a client."""
        current, before, changed, _, left, routes, slots = vehicles
        fleet = fleet_size(instances)
        home = ~served
        idle = home & (action == current)
        active = before if fleet == 1 else torch.where(home, action, before)
        move = Move(current, action, active, home)
        goes_on = None
        if has(instances, "reloads"):
            goes_on = (active == before) & _reloads(instances, active)
        stepped = []
        for constraint, slot in zip(self.constraints, slots, strict=True):
            fresh, after = constraint.fresh(instances, active), constraint.step(instances, slot, move)
            renewed = home & ~goes_on if constraint.lasting and goes_on is not None else home
            stepped.append(torch.where(renewed.view(*home.shape, *[1] * (after.dim() - home.dim())), fresh, after))
        if has(instances, "available"):
            routes = routes.scatter_add(-1, active[..., None], (served & (current < fleet)).float()[..., None])
        if fleet > 1:
            changed = home & (current < fleet) & ~idle
        return Vehicles(action, active, changed, idle, left.add(served, alpha=-1), routes, tuple(stepped))

    def _beginning(self, instances: TensorDict) -> tuple[Tensor, Home | tuple[()]]:
        """What does not change during an episode: whom each vehicle can serve [B, M, N], and the ways home."""
        lasting = any(constraint.lasting for constraint in self.constraints)
        if lasting and has(instances, "reloads") and not has(instances, "available"):
            what = "vehicles that reload within limits of time or distance would set out as new ones"
            raise ConfigError(Fault("C503", "available", what, "Give available = 1 for vehicles that reload"))
        home = ways_home(instances) if any(constraint.looks_home for constraint in self.constraints) else ()
        (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
        if fleet == 1:  # nobody asks
            return torch.ones(batch, 1, nodes, dtype=torch.bool, device=instances["locs"].device), home
        return self.could(instances, home), home

    def could(self, instances: TensorDict, home: Home | tuple[()] = ()) -> Tensor:
        """Clients [B, M, N] that each vehicle can serve on a route of their own; `home`: ways home, if known."""
        (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
        device = instances["locs"].device
        token = torch.arange(fleet, device=device).expand(batch, -1)
        view = View(instances, token, token, home)
        could = torch.ones(batch, fleet, nodes, dtype=torch.bool, device=device)
        for constraint in self.constraints:
            could = could & constraint.mask(instances, constraint.fresh(instances, token), view)
        return could


def _spare(instances: TensorDict, routes: Tensor) -> Tensor | None:
    """Whether each vehicle may begin another route: [B, *L, M]; None when all always may."""
    if not has(instances, "available"):
        return None
    available: Tensor = instances["available"]
    return routes < available.view(len(available), *[1] * (routes.dim() - 2), -1)


def _reloads(instances: TensorDict, active: Tensor) -> Tensor:
    """Whether the active vehicle refills and goes on: [B, *L]."""
    return of_vehicle(instances["reloads"], active) if has(instances, "reloads") else torch.zeros_like(active).bool()


def _any_left(could: Tensor, left: Tensor) -> Tensor:
    """Whether any client that is left [B, *L, n] could be served by each vehicle [B, M, n]: [B, *L, M]."""
    counts = left.flatten(1, -2).float() @ could.transpose(1, 2).float()
    return (counts > 0).view(*left.shape[:-1], could.shape[1])


def who_drives(actions: Tensor, fleet: int) -> Tensor:
    """Token [B, S, T] of the vehicle that is active after each action."""
    steps = torch.arange(actions.shape[-1], device=actions.device)
    last = torch.where(actions < fleet, steps, -1).cummax(dim=-1).values
    token = actions.gather(-1, last.clamp(min=0))
    return torch.where(last < 0, 0, token)


def split_routes(path: list[int]) -> list[list[int]]:
    """Routes of a path that visits the depot, node 0, between them; for problems with one token."""
    routes: list[list[int]] = [[]]
    for node in path:
        if node:
            routes[-1].append(node)
        elif routes[-1]:
            routes.append([])
    return [route for route in routes if route]
