"""The eager rollout: step by step in plain PyTorch, on any device, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.routing import RoutingEnv, State
from nco.policies.base import Memory, Policy, Query
from nco.rollout.starts import FREE

#: On an accelerator, asking whether all rollouts are done costs a round trip: ask only so often.
CHECK_EVERY = {"cpu": 1, "cuda": 8}

#: One decision of all rollouts: (policy, env, memory, instances, state, noise) -> (action, next state).
Step = Callable[[Policy, RoutingEnv, Memory, TensorDict, State, Tensor | None], tuple[Tensor, State]]


class Trajectory(NamedTuple):
    """What was done and what it cost. T is the length of the longest episode; shorter ones end at the depot."""

    actions: Tensor  # [B, S, T]
    cost: Tensor  # [B, S] in units of the instances' scale


def observe(env: RoutingEnv, instances: TensorDict, state: State) -> Query:
    """What a policy sees of states [B, Q]."""
    mask, features = env.action_mask(instances, state), env.features(instances, state)
    return Query(state.current, state.vehicles.active, env.ready(state), features, mask, ~state.visited)


def decide(
    policy: Policy, env: RoutingEnv, memory: Memory, instances: TensorDict, state: State, noise: Tensor | None
) -> tuple[Tensor, State]:
    """One step: the likeliest node, or with exponential noise [B, S, N] a sample (argmax of p / e, Gumbel's trick)."""
    logits = policy.logits(memory, observe(env, instances, state))
    if noise is not None:
        logits = logits - noise.log()
    action = logits.argmax(dim=-1)
    return action, env.step(instances, state, action)


@torch.no_grad()
def rollout(
    policy: Policy,
    env: RoutingEnv,
    instances: TensorDict,
    starts: Tensor,
    generator: Generator | None = None,
    *,
    memory: Memory | None = None,
    step: Step = decide,
) -> Trajectory:
    """Roll out S trajectories of each of B problems.

    starts [B, S, P]: how each rollout begins (nco.rollout.starts); generator: sample with it, None: act greedily;
    memory: of `policy.encode`, when it is at hand; step: a captured `decide`.
    """
    memory = policy.encode(instances) if memory is None else memory
    state = env.step(instances, env.reset(instances, starts.shape[1]), starts[..., 0])
    actions = [starts[..., 0]]
    noise = None if generator is None else torch.empty(state.visited.shape, device=starts.device)
    every = CHECK_EVERY[starts.device.type]
    for count in range(1, env.max_steps(instances)):
        if count % every == 0 and bool(env.done(state).all()):
            break
        if noise is not None:
            noise.exponential_(generator=generator)
        before = state
        action, state = step(policy, env, memory, instances, before, noise)
        if count < starts.shape[-1]:
            action = torch.where(starts[..., count] == FREE, action, starts[..., count])
            state = env.step(instances, before, action)
        actions.append(action)
    trajectory = torch.stack(actions, dim=-1)
    return Trajectory(trajectory, env.cost(instances, trajectory))
