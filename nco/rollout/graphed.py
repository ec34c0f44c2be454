"""One step of a rollout as a CUDA graph: the same kernels as the eager step, launched as one.

A step is some thirty small kernels, or two hundred where all vehicles act; launching them one by one costs more than
running them. The graph is captured once per shape and replayed; the eager step is its twin and the definition of what
it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from nco.policies.base import Memory, Policy

#: (policy, env, memory, instances, state, noise) -> (outcome, next state); tensors in any structure.
Captive = Callable[[Any, Any, Memory, TensorDict, Any, Tensor | None], tuple[Any, Any]]


@dataclass(slots=True)
class _Captured:
    """A graph and the tensors it reads and writes."""

    graph: torch.cuda.CUDAGraph
    memory: Memory
    instances: TensorDict
    state: Any
    noise: Tensor | None
    outcome: Any


class GraphedStep:
    """Drop-in for a step on CUDA devices, for one policy and environment, inference only."""

    def __init__(self, step: Captive) -> None:
        self.step = step
        self._captured: dict[tuple[object, ...], _Captured] = {}

    def __call__(
        self, policy: Policy, env: Any, memory: Memory, instances: TensorDict, state: Any, noise: Tensor | None
    ) -> tuple[Any, Any]:
        """As the step; the state that is returned is overwritten by the next call."""
        shapes = tuple(leaf.shape for leaf in tree_leaves(state))
        key = (shapes, noise is None, memory.query.dtype, tuple(instances.keys()))
        if key not in self._captured:
            self._captured[key] = _capture(self.step, policy, env, memory, instances, state, noise)
        captured = self._captured[key]
        if state is not captured.state:  # the first step of a rollout
            _copy(
                (memory, list(instances.values()), state),
                (captured.memory, list(captured.instances.values()), captured.state),
            )
        if noise is not None and captured.noise is not None:
            captured.noise.copy_(noise)
        captured.graph.replay()
        return tree_map(torch.clone, captured.outcome), captured.state


def _capture(
    step: Captive, policy: Policy, env: Any, memory: Memory, instances: TensorDict, state: Any, noise: Tensor | None
) -> _Captured:
    """Record one step on copies of its inputs."""
    memory = Memory._make(None if tensor is None else tensor.clone() for tensor in memory)
    instances = instances.clone()
    state = tree_map(torch.clone, state)
    noise = None if noise is None else noise.clone()
    mixed = torch.is_autocast_enabled("cuda")
    # no cache of cast weights: the casts belong into the graph, for weights that change between replays
    with torch.autocast("cuda", torch.get_autocast_dtype("cuda"), enabled=mixed, cache_enabled=False):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):  # warm-up: libraries allocate their workspaces outside the graph
                step(policy, env, memory, instances, state, noise)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            outcome, after = step(policy, env, memory, instances, state, noise)
            _copy(after, state)
    return _Captured(graph, memory, instances, state, noise, outcome)


def _copy(sources: object, targets: object) -> None:
    """Copy every tensor of one structure into the other's."""
    for source, target in zip(tree_leaves(sources), tree_leaves(targets), strict=True):
        if source is not None and source is not target:
            target.copy_(source)
