"""Rollouts in which all vehicles act in every step, and the record of what they saw, for re-scoring.

B problems, S rollouts, T steps, M vehicles, R = B * M rows of decisions, N nodes. Of vehicles that choose the same
client the one that was surest goes. The probability of a joint action is the product of the vehicles' own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

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


class Scene(NamedTuple):
    """What changes from step to step."""

    state: ParallelState
    spent: Tensor  # [B, S, M] by each vehicle on its way


class Acted(NamedTuple):
    """A step: what was done, and what each vehicle saw and chose; those that lost a conflict did something else."""

    action: Tensor  # [B, S, M]
    query: Query  # [R, S, ...]
    choice: Tensor  # [R, S]
    log_p: Tensor  # [R, S] of the choice


#: A step of all vehicles: (policy, env, memory, instances, scene, noise) -> (what was done, next scene).
Act = Callable[[CampPolicy, ParallelEnv, Memory, TensorDict, Scene, Tensor | None], tuple[Acted, Scene]]


def act(
    policy: CampPolicy, env: ParallelEnv, memory: Memory, instances: TensorDict, scene: Scene, noise: Tensor | None,
    starts: Tensor | None = None,
) -> tuple[Acted, Scene]:  # fmt: skip
    """One step: the likeliest nodes, or with exponential noise [R, S, N] samples (argmax of p / e, Gumbel's trick).

    starts [B, S, P]: what the vehicles that begin have to choose, in the first step.
    """
    state, fleet = scene.state, fleet_size(instances)
    mask = env.action_mask(instances, state)
    query = _observe(env, instances, scene, mask if starts is None else _given(mask, starts))
    logits = policy.logits(memory, query)
    score = logits.log_softmax(dim=-1)
    choice = (logits if noise is None else logits - noise.log()).argmax(dim=-1)
    action = env.resolve(state, mask, _by_problem(choice, fleet), _by_problem(score, fleet))
    spent = scene.spent + _price(instances, state.current, action)
    done = Acted(action, query, choice, score.gather(-1, choice[..., None])[..., 0])
    return done, Scene(env.step(instances, state, action), spent)


@torch.no_grad()
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
    process = ParallelEnv(env.constraints, env.objective)
    done = steps(policy, process, memory, instances, starts, generator)
    return joined(env, instances, [step.action for step in done])


@torch.no_grad()
def recorded_parallel_rollout(
    policy: CampPolicy, env: RoutingEnv, instances: TensorDict, starts: Tensor, generator: Generator, memory: Memory,
    step: Act = act,
) -> tuple[Trajectory, Decisions]:  # fmt: skip
    """A sampled rollout with all its decisions, step by step; on a GPU masks are packed. step: a captured `act`."""
    process, actions, queries, choices = ParallelEnv(env.constraints, env.objective), [], list[Query](), []
    for done in steps(policy, process, memory, instances, starts, generator, step):
        actions.append(done.action)
        queries.append(_packed(done.query) if starts.device.type == "cuda" else done.query)
        choices.append(done.choice)
    parts = (torch.stack(part, dim=1).flatten(1, 2) for part in zip(*queries, strict=True))
    decisions = Decisions(Query._make(parts), torch.stack(choices, dim=1).flatten(1, 2))
    return joined(env, instances, actions), decisions


def steps(
    policy: CampPolicy, env: ParallelEnv, memory: Memory, instances: TensorDict, starts: Tensor,
    generator: Generator | None, step: Act = act,
) -> Iterator[Acted]:  # fmt: skip
    """What is done in every step, until nobody can serve another client."""
    (batch, rollouts, _), fleet = starts.shape, fleet_size(instances)
    nodes, device = instances["locs"].shape[1], starts.device
    scene = Scene(env.reset(instances, rollouts), torch.zeros(batch, rollouts, fleet, device=device))
    noise = None if generator is None else torch.empty(batch * fleet, rollouts, nodes, device=device)
    every = CHECK_EVERY[device.type]
    for count in range(env.max_steps(instances)):
        if count and count % every == 0 and bool(env.done(instances, scene.state).all()):
            break
        if noise is not None:
            noise.exponential_(generator=generator)
        if count == 0:
            done, scene = act(policy, env, memory, instances, scene, noise, starts)
        else:
            done, scene = step(policy, env, memory, instances, scene, noise)
        yield done


def joined(env: RoutingEnv, instances: TensorDict, actions: list[Tensor]) -> Trajectory:
    """The trajectory of joint actions [B, S, M], in the sequential environment's actions."""
    path = in_sequence(torch.stack(actions, dim=2))
    return Trajectory(path, env.cost(instances, path))


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
    """The first mask [B, S, M, N]: the vehicle of a start may only choose its client; where that is free, any."""
    alone = starts.shape[-1] == 1
    free = torch.zeros_like(starts[..., 0], dtype=torch.bool) if alone else starts[..., 1] == FREE
    token = torch.zeros_like(starts[..., 0]) if alone else torch.where(free, 0, starts[..., 0])
    client = starts[..., 0] if alone else torch.where(free, starts[..., 0], starts[..., 1])
    chosen = F.one_hot(token, mask.shape[2]).bool() & (client != FREE)[..., None]
    return torch.where(chosen[..., None], F.one_hot(client.clamp(min=0), mask.shape[3]).bool()[:, :, None], mask)


def _observe(env: ParallelEnv, instances: TensorDict, scene: Scene, mask: Tensor) -> Query:
    """What the vehicles see: [R, S, ...]. What a vehicle has spent takes the place of when it is ready."""
    state, spent = scene
    token = torch.arange(mask.shape[2], device=mask.device).expand_as(state.current)
    pairs = zip(env.constraints, state.slots, strict=True)
    features = torch.cat([constraint.features(instances, slot, token) for constraint, slot in pairs], dim=-1)
    left = (~state.visited)[:, :, None].expand_as(mask)
    current = _by_vehicle(state.current)
    return Query(current, torch.zeros_like(current), *map(_by_vehicle, (spent, features, mask, left)))


def _packed(query: Query) -> Query:
    """The same with masks in bits."""
    left = query.mask if query.left is None else query.left
    return query._replace(mask=pack(query.mask), left=pack(left))


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
    by_problem: Tensor = values.unflatten(0, (-1, fleet))
    return by_problem.transpose(1, 2)
