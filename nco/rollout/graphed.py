"""One decision as a CUDA graph: the same kernels as the eager step, launched as one.

The graph is recorded once per shape and replayed; the eager `decide` is its twin and the definition of what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.utils._pytree import tree_map

from nco.envs.recorded import overwrite, recorded
from nco.envs.routing import RoutingEnv, State
from nco.policies.base import Memory, Policy
from nco.rollout.eager import decide


@dataclass(slots=True)
class _Recorded:
    """A decision and the tensors it reads and writes."""

    decide: Callable[[], None]
    memory: Memory
    instances: TensorDict
    state: State
    noise: Tensor | None
    action: Tensor


class GraphedStep:
    """Drop-in for `decide`, for one policy and environment, inference only; a graph on CUDA devices."""

    def __init__(self) -> None:
        self._recorded: dict[tuple[object, ...], _Recorded] = {}

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
        if key not in self._recorded:
            self._recorded[key] = _record(policy, env, memory, instances, state, noise)
        here = self._recorded[key]
        if state is not here.state:  # the first step of a rollout
            sources = (memory, list(instances.values()), state)
            overwrite((here.memory, list(here.instances.values()), here.state), sources)
        overwrite(here.noise, noise)
        here.decide()
        return here.action.clone(), here.state


def _record(
    policy: Policy, env: RoutingEnv, memory: Memory, instances: TensorDict, state: State, noise: Tensor | None
) -> _Recorded:
    """Record one decision on copies of its inputs."""
    memory = Memory._make(None if tensor is None else tensor.clone() for tensor in memory)
    instances = instances.clone()
    state = tree_map(torch.clone, state)
    noise = None if noise is None else noise.clone()
    action = torch.zeros_like(state.current)

    def work() -> None:
        chosen, after = decide(policy, env, memory, instances, state, noise)
        overwrite((action, state), (chosen, after))

    mixed = torch.is_autocast_enabled("cuda")
    # no cache of cast weights: the casts belong into the graph, for weights that change between replays
    with torch.autocast("cuda", torch.get_autocast_dtype("cuda"), enabled=mixed, cache_enabled=False):
        return _Recorded(recorded(work, action.device), memory, instances, state, noise, action)
