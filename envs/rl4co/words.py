"""How RL4CO names what our instances and states hold, so that its policies and its data files fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.errors import ConfigError, Fault
from nco.problem import Objective

from ..constraints.base import Constraint
from ..instances import has
from ..routing import RoutingEnv


class Process(Protocol):
    """What RoutingEnv and Tour, each with states of its own, have in common."""

    constraints: tuple[Constraint, ...]
    objective: Objective

    @property
    def num_features(self) -> int: ...

    def reset(self, instances: TensorDict, rollouts: int) -> Any: ...

    def step(self, instances: TensorDict, state: Any, action: Tensor) -> Any: ...

    def action_mask(self, instances: TensorDict, state: Any) -> Tensor: ...

    def done(self, state: Any) -> Tensor: ...

    def features(self, instances: TensorDict, state: Any) -> Tensor: ...

    def cost(self, instances: TensorDict, actions: Tensor) -> Tensor: ...


class Words(ABC):
    """One of RL4CO's problems: its keys for our instances and states. Here and below one rollout a row: S = 1."""

    name: ClassVar[str]  # RL4CO finds its embeddings by this

    @abstractmethod
    def problems(self, instances: TensorDict) -> dict[str, Tensor]:
        """What RL4CO's own generator would have drawn: its keys for these instances."""

    @abstractmethod
    def instances(self, problems: TensorDict) -> TensorDict:
        """The instances of problems in RL4CO's keys; raises ConfigError where they cannot be read."""

    def reset(self, instances: TensorDict) -> dict[str, Tensor]:
        """What RL4CO's `reset` adds or changes in what was drawn."""
        return {}

    @abstractmethod
    def state(self, constraints: tuple[Constraint, ...], instances: TensorDict, state: Any) -> dict[str, Tensor]:
        """What RL4CO's policies see of a state: tensors [B, 1]."""

    def process(self, env: RoutingEnv) -> Process:
        """The process whose actions are RL4CO's."""
        return env

    def path(self, actions: Tensor) -> Tensor:
        """Our actions [B, 1, T] for RL4CO's."""
        return actions


def require(problems: TensorDict, keys: Iterable[str]) -> None:
    """Raise ConfigError for all keys that are missing."""
    keys = tuple(keys)
    faults = [
        Fault("C503", key, "the problems do not have it", f"They need {', '.join(keys)}")
        for key in keys
        if not has(problems, key)
    ]
    if faults:
        raise ConfigError(faults)


def straight(instances: TensorDict) -> bool:
    """Whether coordinates tell all distances and times."""
    if has(instances, "duration"):
        return False
    if not has(instances, "distance"):
        return True
    locs, matrix = instances["locs"], instances["distance"]
    return matrix.dim() == 3 and torch.allclose((locs[:, :, None] - locs[:, None]).norm(dim=-1), matrix, atol=1e-5)
