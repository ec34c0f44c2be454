"""What a constraint is. To add one: a file here, a rule in nco.checker.rules, an attribute in a generator."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Protocol

from tensordict import TensorDict
from torch import Tensor

from ..instances import arcs, has, home, onward

#: Masks are stricter than the checker by this much, relative to the limit: sums in single precision may be off by less.
MARGIN = 2e-6


class View:
    """Where vehicles are [B, *L] and how far everything is from there; distances are computed when first asked for."""

    def __init__(self, instances: TensorDict, current: Tensor) -> None:
        self.instances, self.current = instances, current

    @cached_property
    def onward(self) -> Tensor:
        """Distances [B, *L, N] from where the vehicle is to every node."""
        return onward(self.instances, self.current, "distance")

    @cached_property
    def onward_time(self) -> Tensor:
        """Travel times [B, *L, N] from where the vehicle is to every node."""
        return onward(self.instances, self.current, "duration") if has(self.instances, "duration") else self.onward

    @cached_property
    def home(self) -> Tensor:
        """Distances [B, 1, .., N] from every node to where the route ends; zero when it ends anywhere."""
        return per_node(home(self.instances, "distance"), self.current)

    @cached_property
    def home_time(self) -> Tensor:
        """Travel times [B, 1, .., N] from every node to where the route ends; zero when it ends anywhere."""
        key = "duration" if has(self.instances, "duration") else "distance"
        return per_node(home(self.instances, key), self.current)


class Constraint(Protocol):
    """One hard rule of the process, for batches: B problems, any further dimensions L, N nodes.

    The constraint's state is one tensor [B, *L, ...]. All methods are pure and work for any L: one step of S rollouts
    (L = S) as well as all T steps of S rollouts at once (L = S, T).
    """

    rule: ClassVar[str]  # name of the rule in nco.checker.rules that is its twin
    num_features: ClassVar[int]  # F: how many numbers about its state a policy sees

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        """State [B, S, ...] before the first step."""

    def step(self, instances: TensorDict, state: Tensor, origin: Tensor, action: Tensor) -> Tensor:
        """State after going from node `origin` to node `action` [B, *L]."""

    def mask(self, instances: TensorDict, state: Tensor, view: View) -> Tensor:
        """Clients [B, *L, N] that may be visited next as far as this rule is concerned; column 0 is not looked at."""

    def features(self, instances: TensorDict, state: Tensor) -> Tensor:
        """What a policy sees of the state: [B, *L, F], of order one."""


def per_problem(values: Tensor, like: Tensor) -> Tensor:
    """View values [B] so that they broadcast against `like` [B, *L]."""
    return values.view(-1, *[1] * (like.dim() - 1))


def per_node(values: Tensor, like: Tensor) -> Tensor:
    """View values [B, N] so that they broadcast against [B, *L, N], where `like` is [B, *L]."""
    return values.view(values.shape[0], *[1] * (like.dim() - 1), values.shape[1])


def at(values: Tensor, node: Tensor) -> Tensor:
    """Values [B, N] of nodes [B, *L] -> [B, *L]."""
    return values.gather(1, node.reshape(node.shape[0], -1)).reshape(node.shape)


def leg(instances: TensorDict, origin: Tensor, action: Tensor, key: str) -> Tensor:
    """Length ("distance") or travel time ("duration", the distance when there is none) of moves [B, *L]."""
    return arcs(instances, origin, action, key if has(instances, key) else "distance")


def shaved(limit: Tensor) -> Tensor:
    """A limit that is not negative with the margin taken off; infinite limits stay infinite."""
    return limit * (1.0 - MARGIN) - MARGIN
