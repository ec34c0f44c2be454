"""What a constraint is. To add one: a file here, a rule in nco.checker.rules, an attribute in a generator."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, NamedTuple, Protocol

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import arcs, has, of_vehicle, onward, way_home

#: Masks are stricter than the checker by this much, relative to the limit: sums in single precision may be off by less.
MARGIN = 2e-6


class Move(NamedTuple):
    """A step of vehicles; all [B, *L]."""

    origin: Tensor  # node it leaves
    node: Tensor  # node it goes to
    vehicle: Tensor  # token of the vehicle that moves; after a change of vehicles at the depot, the new one
    home: Tensor  # bool: it goes to a token, where a fresh route starts


class Home(NamedTuple):
    """Ways home from every node by vehicle, zero where routes are open; all [B, M, N]."""

    distance: Tensor
    time: Tensor


def ways_home(instances: TensorDict) -> Home:
    """Distances and travel times home: the same for all of an episode."""
    distance = way_home(instances, "distance")
    time = way_home(instances, "duration") if has(instances, "duration") else distance
    return Home(distance, time / instances["speed"][..., None] if has(instances, "speed") else time)


class View:
    """Which vehicles are where [B, *L], and how far everything is from there; distances come when first asked for."""

    def __init__(self, instances: TensorDict, current: Tensor, vehicle: Tensor, home: Home | tuple[()]) -> None:
        self.instances, self.current, self.vehicle = instances, current, vehicle
        self._known = home

    @cached_property
    def onward(self) -> Tensor:
        """Distances [B, *L, N] from where the vehicle is to every node."""
        return onward(self.instances, self.current, self.vehicle, "distance")

    @cached_property
    def onward_time(self) -> Tensor:
        """Travel times [B, *L, N] from where the vehicle is to every node."""
        timed, speedy = has(self.instances, "duration"), has(self.instances, "speed")
        way = onward(self.instances, self.current, self.vehicle, "duration") if timed else self.onward
        return way / of_vehicle(self.instances["speed"], self.vehicle)[..., None] if speedy else way

    @cached_property
    def home(self) -> Tensor:
        """Distances [B, *L, N] from every node to where the route ends; zero when it ends anywhere."""
        return of_vehicle(self._ways.distance, self.vehicle)

    @cached_property
    def home_time(self) -> Tensor:
        """Travel times [B, *L, N] from every node to where the route ends; zero when it ends anywhere."""
        return of_vehicle(self._ways.time, self.vehicle)

    @cached_property
    def _ways(self) -> Home:
        return self._known or ways_home(self.instances)


class Constraint(Protocol):
    """One hard rule of the process, for batches: B problems, any further dimensions L, N nodes. To be inherited from.

    The constraint's state is one tensor [B, *L, ...]. All methods are pure and work for any L: one step of S rollouts
    (L = S), all T steps of S rollouts at once (L = S, T), all M vehicles at the depot (L = M).
    """

    rule: ClassVar[str]  # name of the rule in nco.checker.rules that is its twin
    num_features: ClassVar[int]  # F: how many numbers about its state a policy sees
    looks_home: ClassVar[bool] = False  # the mask asks for ways home: they are computed once, for the whole episode
    lasting: ClassVar[bool] = False  # a vehicle that reloads keeps the state: it bounds all its trips together

    def fresh(self, instances: TensorDict, vehicle: Tensor) -> Tensor:
        """State [B, *L, ...] of vehicles [B, *L] that are about to leave their depot."""

    def step(self, instances: TensorDict, state: Tensor, move: Move) -> Tensor:
        """State after a move; what it says of moves home is looked at only when it lasts and the vehicle reloads."""

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        """Clients [B, *L, N] that may be visited next as far as this rule is concerned; tokens are not looked at."""

    def features(self, instances: TensorDict, state: Tensor, vehicle: Tensor) -> Tensor:
        """What a policy sees of the state: [B, *L, F], of order one."""

    def may_end(self, instances: TensorDict, state: Tensor) -> Tensor | None:
        """Whether the route may end now, [B, *L]; None, as here, when it always may."""
        return None


def per_node(values: Tensor, like: Tensor) -> Tensor:
    """View values [B, N] so that they broadcast against [B, *L, N], where `like` is [B, *L]."""
    return values.view(values.shape[0], *[1] * (like.dim() - 1), values.shape[1])


def at(values: Tensor, node: Tensor) -> Tensor:
    """Values [B, N] of nodes [B, *L] -> [B, *L]."""
    return values.gather(1, node.reshape(node.shape[0], -1)).reshape(node.shape)


def anything(flags: Tensor) -> Tensor:
    """Whether any of the flags [..., N] is True: `any`, which is several times slower on a CPU."""
    return flags.sum(dim=-1, dtype=torch.int32) > 0


def only_where(flags: Tensor, row: Tensor) -> Tensor:
    """Flags [..., N] in rows [...] that are True: `&`, which for two shapes of bools is much slower on a CPU."""
    return (flags.view(torch.uint8) & row[..., None].view(torch.uint8)).view(torch.bool)


def travelled(instances: TensorDict, move: Move) -> Tensor:
    """Distance [B, *L] of a move."""
    return arcs(instances, move.origin, move.node, move.vehicle, "distance")


def travel_time(instances: TensorDict, move: Move) -> Tensor:
    """Travel time [B, *L] of a move."""
    key = "duration" if has(instances, "duration") else "distance"
    way = arcs(instances, move.origin, move.node, move.vehicle, key)
    return way / of_vehicle(instances["speed"], move.vehicle) if has(instances, "speed") else way


def shaved(limit: Tensor) -> Tensor:
    """A limit that is not negative with the margin taken off; infinite limits stay infinite."""
    return limit * (1.0 - MARGIN) - MARGIN
