"""Rollouts in which all vehicles act in every step, and the record of what they saw, for re-scoring.

B problems, S rollouts, T steps, M vehicles, R = B * M rows of decisions, N nodes. Of vehicles that choose the same
client the one that was surest goes. The probability of a joint action is the product of the vehicles' own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.instances import arcs, fleet_size, has
from nco.envs.parallel import ParallelEnv, ParallelState
from nco.envs.routing import RoutingEnv
from nco.nn.bits import pack
from nco.policies.base import Memory, Query
from nco.policies.camp import CampPolicy
from nco.rollout.eager import CHECK_EVERY, Trajectory
from nco.rollout.rescore import Decisions
from nco.rollout.starts import FREE


def parallel_rollout(
    policy: CampPolicy,
    env: RoutingEnv,
    instances: TensorDict,
    starts: Tensor,
    generator: Generator | None = None,
    *,
    memory: Memory | None = None,
) -> Trajectory:
    """As nco.rollout.eager.rollout; of a start [B, S, P] the vehicle and its first client are taken."""
    memory = policy.encode(instances) if memory is None else memory
    return _play(policy, env, instances, starts, generator, memory, record=False)[0]


def recorded_parallel_rollout(
    policy: CampPolicy, env: RoutingEnv, instances: TensorDict, starts: Tensor, generator: Generator, memory: Memory
) -> tuple[Trajectory, Decisions]:
    """A sampled rollout with all its decisions; on a GPU masks are packed into bits."""
    trajectory, seen = _play(policy, env, instances, starts, generator, memory, record=True)
    queries, choices = zip(*seen, strict=True)
    parts = (torch.stack(part, dim=1).flatten(1, 2) for part in zip(*queries, strict=True))
    return trajectory, Decisions(Query._make(parts), torch.stack(choices, dim=1).flatten(1, 2))


@torch.no_grad()
def _play(
    policy: CampPolicy, env: RoutingEnv, instances: TensorDict, starts: Tensor, generator: Generator | None,
    memory: Memory, record: bool,
) -> tuple[Trajectory, list[tuple[Query, Tensor]]]:  # fmt: skip
    """The trajectory, in the sequential environment's actions, and what was seen and chosen in every step."""
    process, fleet = ParallelEnv(env.constraints, env.objective), fleet_size(instances)
    state = process.reset(instances, starts.shape[1])
    spent = torch.zeros(state.current.shape, device=starts.device)
    actions, seen, every = [], list[tuple[Query, Tensor]](), CHECK_EVERY[starts.device.type]
    for count in range(process.max_steps(instances)):
        if count and count % every == 0 and bool(process.done(instances, state).all()):
            break
        mask = process.action_mask(instances, state)
        given = _given(mask, starts) if count == 0 else mask
        query = _observe(process, instances, state, given, spent)
        logits = policy.logits(memory, query)
        score = _by_problem(logits.log_softmax(dim=-1), fleet)
        drawn = logits
        if generator is not None:
            noise = torch.empty_like(logits).exponential_(generator=generator)
            drawn = logits - noise.log()
        choice = drawn.argmax(dim=-1)
        action = process.resolve(state, mask, _by_problem(choice, fleet), score)
        if record:
            packed = starts.device.type == "cuda"
            left = query.left if query.left is not None else given
            seen.append((query._replace(mask=pack(query.mask), left=pack(left)) if packed else query, choice))
        spent = spent + _price(instances, state.current, action)
        state = process.step(instances, state, action)
        actions.append(action)
    path = in_sequence(torch.stack(actions, dim=2))
    return Trajectory(path, env.cost(instances, path)), seen


def in_sequence(actions: Tensor) -> Tensor:
    """Joint actions [B, S, T, M] as actions [B, S, M * (T + 1)] of one vehicle after the other, without stays."""
    fleet = actions.shape[-1]
    token = torch.arange(fleet, device=actions.device).view(1, 1, -1, 1)
    moves = actions.transpose(2, 3)
    before = torch.cat([token.expand(*moves.shape[:2], -1, -1), moves[..., :-1]], dim=-1)
    stays = moves == before
    order = stays.to(torch.uint8).argsort(dim=-1, stable=True)
    tidy = torch.where(stays, token, moves).gather(-1, order)
    return torch.cat([token.expand(*tidy.shape[:3], 1), tidy], dim=-1).flatten(2)


def _given(mask: Tensor, starts: Tensor) -> Tensor:
    """The first mask [B, S, M, N]: the vehicle of a start may only choose its client."""
    alone = starts.shape[-1] == 1
    free = torch.zeros_like(starts[..., 0], dtype=torch.bool) if alone else starts[..., 1] == FREE
    token = torch.zeros_like(starts[..., 0]) if alone else torch.where(free, 0, starts[..., 0])
    client = starts[..., 0] if alone else torch.where(free, starts[..., 0], starts[..., 1])
    chosen = F.one_hot(token, mask.shape[2]).bool()[..., None]
    return torch.where(chosen, F.one_hot(client, mask.shape[3]).bool()[:, :, None], mask)


def _observe(env: ParallelEnv, instances: TensorDict, state: ParallelState, mask: Tensor, spent: Tensor) -> Query:
    """What the vehicles see: [R, S, ...]. What a vehicle has spent takes the place of when it is ready."""
    token = torch.arange(mask.shape[2], device=mask.device).expand_as(state.current)
    pairs = zip(env.constraints, state.slots, strict=True)
    features = torch.cat([constraint.features(instances, slot, token) for constraint, slot in pairs], dim=-1)
    left = (~state.visited)[:, :, None].expand_as(mask)
    current = _by_vehicle(state.current)
    return Query(current, torch.zeros_like(current), *map(_by_vehicle, (spent, features, mask, left)))


def _price(instances: TensorDict, origin: Tensor, node: Tensor) -> Tensor:
    """What moves [B, S, M] cost their vehicles on the way."""
    token = torch.arange(origin.shape[-1], device=origin.device).expand_as(origin).contiguous()
    way = arcs(instances, origin, node, token, "distance")
    price: Tensor = instances["unit_cost"][:, None] if has(instances, "unit_cost") else torch.ones_like(way)
    return way * price


def _by_vehicle(values: Tensor) -> Tensor:
    """[B, S, M, ...] -> [R, S, ...]."""
    return values.transpose(1, 2).flatten(0, 1)


def _by_problem(values: Tensor, fleet: int) -> Tensor:
    """[R, S, ...] -> [B, S, M, ...]."""
    return values.unflatten(0, (-1, fleet)).transpose(1, 2)
