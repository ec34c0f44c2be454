"""One step of a rollout as a CUDA graph: the same kernels as the eager step, launched as one.

A step is some thirty small kernels, or two hundred where all vehicles act. The graph is recorded once per shape and
replayed; the eager step is its twin and the definition of what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from nco.envs.recorded import overwrite, recorded
from nco.policies.base import Memory, Policy

#: (policy, env, memory, instances, state, noise) -> (outcome, next state); tensors in any structure.
Captive = Callable[[Any, Any, Memory, TensorDict, Any, Tensor | None], tuple[Any, Any]]


@dataclass(slots=True)
class _Recorded:
    """A step and the tensors it reads and writes."""

    step: Callable[[], None]
    memory: Memory
    instances: TensorDict
    state: Any
    noise: Tensor | None
    outcome: Any


class GraphedStep:
    """Drop-in for a step, for one policy and environment, inference only; a graph on CUDA devices."""

    def __init__(self, step: Captive) -> None:
        self.step = step
        self._recorded: dict[tuple[object, ...], _Recorded] = {}

    def __call__(
        self, policy: Policy, env: Any, memory: Memory, instances: TensorDict, state: Any, noise: Tensor | None
    ) -> tuple[Any, Any]:
        """As the step; the state that is returned is overwritten by the next call."""
        shapes = tuple(leaf.shape for leaf in tree_leaves(state))
        key = (shapes, noise is None, memory.query.dtype, tuple(instances.keys()))
        if key not in self._recorded:
            self._recorded[key] = _record(self.step, policy, env, memory, instances, state, noise)
        here = self._recorded[key]
        if state is not here.state:  # the first step of a rollout
            sources = (memory, list(instances.values()), state)
            overwrite((here.memory, list(here.instances.values()), here.state), sources)
        overwrite(here.noise, noise)
        here.step()
        return tree_map(torch.clone, here.outcome), here.state


def _record(
    step: Captive, policy: Policy, env: Any, memory: Memory, instances: TensorDict, state: Any, noise: Tensor | None
) -> _Recorded:
    """Record one step on copies of its inputs."""
    memory = Memory._make(None if tensor is None else tensor.clone() for tensor in memory)
    instances = instances.clone()
    state = tree_map(torch.clone, state)
    noise = None if noise is None else noise.clone()
    mixed = torch.is_autocast_enabled("cuda")
    # no cache of cast weights: the casts belong into the graph, for weights that change between replays
    with torch.autocast("cuda", torch.get_autocast_dtype("cuda"), enabled=mixed, cache_enabled=False):
        outcome = tree_map(torch.clone, step(policy, env, memory, instances, state, noise)[0])

        def work() -> None:
            overwrite((outcome, state), step(policy, env, memory, instances, state, noise))

        return _Recorded(recorded(work, memory.query.device), memory, instances, state, noise, outcome)
