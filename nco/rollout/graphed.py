"""One decision as a CUDA graph: the same kernels as the eager step, launched as one.

A step of a rollout is some thirty small kernels; launching them one by one costs more than running them. The graph is
captured once per shape and replayed; the eager `decide` is its twin and the definition of what it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.routing import RoutingEnv, State
from nco.policies.base import Memory, Policy
from nco.rollout.eager import decide


@dataclass(slots=True)
class _Captured:
    """A graph and the tensors it reads and writes."""

    graph: torch.cuda.CUDAGraph
    memory: Memory
    instances: TensorDict
    state: State
    noise: Tensor | None
    action: Tensor


class GraphedStep:
    """Drop-in for `decide` on CUDA devices, for one policy and environment, inference only."""

    def __init__(self) -> None:
        self._captured: dict[tuple[object, ...], _Captured] = {}

    def __call__(
        self,
        policy: Policy,
        env: RoutingEnv,
        memory: Memory,
        instances: TensorDict,
        state: State,
        noise: Tensor | None,
    ) -> tuple[Tensor, State]:
        """As `decide`; the state that is returned is overwritten by the next call."""
        key = (state.visited.shape, noise is None, memory.query.dtype, tuple(instances.keys()))
        if key not in self._captured:
            self._captured[key] = _capture(policy, env, memory, instances, state, noise)
        captured = self._captured[key]
        if state is not captured.state:  # the first step of a rollout
            _copy((*memory, *instances.values()), (*captured.memory, *captured.instances.values()))
            _copy(_flat(state), _flat(captured.state))
        if noise is not None and captured.noise is not None:
            captured.noise.copy_(noise)
        captured.graph.replay()
        return captured.action.clone(), captured.state


def _capture(
    policy: Policy, env: RoutingEnv, memory: Memory, instances: TensorDict, state: State, noise: Tensor | None
) -> _Captured:
    """Record one decision on copies of its inputs."""
    memory = Memory(*(tensor.clone() for tensor in memory))
    instances = instances.clone()
    state = State(state.current.clone(), state.visited.clone(), tuple(slot.clone() for slot in state.slots))
    noise = None if noise is None else noise.clone()
    mixed = torch.is_autocast_enabled("cuda")
    # no cache of cast weights: the casts belong into the graph, for weights that change between replays
    with torch.autocast("cuda", torch.get_autocast_dtype("cuda"), enabled=mixed, cache_enabled=False):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):  # warm-up: libraries allocate their workspaces outside the graph
                decide(policy, env, memory, instances, state, noise)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            action, after = decide(policy, env, memory, instances, state, noise)
            _copy(_flat(after), _flat(state))
    return _Captured(graph, memory, instances, state, noise, action)


def _flat(state: State) -> tuple[Tensor, ...]:
    return (state.current, state.visited, *state.slots)


def _copy(sources: tuple[Tensor, ...], targets: tuple[Tensor, ...]) -> None:
    for source, target in zip(sources, targets, strict=True):
        target.copy_(source)
