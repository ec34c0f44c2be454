"""Many rollouts of one problem: greedy from every start, under the eight symmetries, then samples without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.instances import symmetries
from nco.envs.routing import RoutingEnv, split_routes
from nco.policies.base import Policy
from nco.rollout.eager import Trajectory, rollout
from nco.rollout.starts import starting_at

#: Work of one batch, in rollouts x steps x nodes: about a third of a second on one CPU core; a GPU wants more at once.
WORK = {"cpu": 4e6, "cuda": 4e8}
FEWEST = 4  # rollouts in a batch: fewer cost as much


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best rollout of a batch: routes as lists of nodes, and the cost in the problem's unit (single precision)."""

    routes: list[list[int]]
    cost: float


@torch.inference_mode()
def candidates(
    policy: Policy, env: RoutingEnv, instances: TensorDict, max_routes: float, generator: Generator
) -> Iterator[Candidate]:
    """Batches of rollouts of one problem (instances [1]), without end; each gives its best.

    Sizes of batches depend on the problem and the kind of device only: the same generator state gives the same
    candidates. Rollouts with more than `max_routes` routes come after all others.
    """
    copies = symmetries(instances)
    size = instances["locs"].shape[1] - 1
    rollouts = WORK[instances["locs"].device.type] / (size + 1) / (1.15 * size)
    together = int(min(8, max(1, rollouts / size)))  # symmetries in one batch
    chunk = int(min(size, max(FEWEST, rollouts)))  # starts in one batch
    groups = list(copies.split(together))
    memories = [policy.encode(groups[0])]
    sampling = False
    while True:
        for index, group in enumerate(groups):
            if index == len(memories):
                memories.append(policy.encode(group))
            for starts in _starts(group, chunk, generator, sampling):
                draw = generator if sampling else None
                done = rollout(policy, env, group, starts, draw, memory=memories[index])
                yield _best(done, float(group["scale"][0]), max_routes)
                if sampling:
                    break
        sampling = True


def _starts(group: TensorDict, chunk: int, generator: Generator, shuffle: bool) -> Iterator[Tensor]:
    """Every client as first client once, in chunks [copies, chunk]; in random order on request."""
    copies, nodes, _ = group["locs"].shape
    device = group["locs"].device
    order = torch.randperm(nodes - 1, generator=generator, device=device) if shuffle else torch.arange(nodes - 1)
    for starts in order.to(device).split(chunk):
        yield starting_at(group, (starts + 1).expand(copies, -1))


def _best(done: Trajectory, scale: float, max_routes: float) -> Candidate:
    """The cheapest rollout that has at most `max_routes` routes; when none has, the one with the least excess."""
    actions, cost = done
    closed = torch.cat([actions, torch.zeros_like(actions[..., :1])], dim=-1)
    routes = ((closed[..., :-1] != 0) & (closed[..., 1:] == 0)).sum(dim=-1)
    excess = (routes - max_routes).clamp(min=0)
    best = int((cost + excess * (1 + cost.max())).flatten().argmin())
    return Candidate(split_routes(actions.flatten(0, 1)[best].tolist()), float(cost.flatten()[best]) * scale)
