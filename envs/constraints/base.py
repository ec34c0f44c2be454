"""What a constraint is. To add one: a file here, a rule in nco.checker.rules, an attribute in a generator."""

from __future__ import annotations

from typing import ClassVar, Protocol

from tensordict import TensorDict
from torch import Tensor


class Constraint(Protocol):
    """One hard rule of the process, for batches: B problems, any further dimensions L, N nodes.

    The constraint's state is one tensor [B, *L]. All methods are pure and work for any L: one step of S rollouts
    (L = S) as well as all T steps of S rollouts at once (L = S, T).
    """

    rule: ClassVar[str]  # name of the rule in nco.checker.rules that is its twin
    num_features: ClassVar[int]  # F: how many numbers about its state a policy sees

    def reset(self, instances: TensorDict, rollouts: int) -> Tensor:
        """State [B, S] before the first step."""

    def step(self, instances: TensorDict, state: Tensor, action: Tensor) -> Tensor:
        """State after visiting node `action` [B, *L]."""

    def mask(self, instances: TensorDict, state: Tensor) -> Tensor:
        """Nodes [B, *L, N] that may be visited next as far as this rule is concerned."""

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
