"""Many rollouts of a problem: greedy from every start, under the eight symmetries, then samples without end.

P problems of one size, most often a single one, are rolled out in the same batches. The samples are those of the
policy as it is, or of one that learns from them (nco.search.active).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.instances import fleet_size, symmetries, to_routes
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.rollout.eager import Trajectory
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import starting_at
from nco.search.active import Adaptation
from nco.solution import Route

#: Work of one batch, in rollouts x steps x nodes: about a third of a second on one CPU core; a GPU wants more at once.
WORK = {"cpu": 4e6, "cuda": 4e8}
FEWEST = 4  # rollouts in a batch: fewer cost as much


@dataclass(frozen=True, slots=True)
class Candidate:
    """A problem's best rollout of a batch: routes over the nodes of the instances, and the cost (single precision)."""

    routes: list[Route]
    cost: float


@torch.no_grad()
def candidates(
    policy: Policy,
    env: RoutingEnv,
    instances: TensorDict,
    max_routes: float,
    generator: Generator,
    active: bool = False,
) -> Iterator[list[Candidate]]:
    """Batches of rollouts of problems (instances [P]), without end; each gives the best of every problem.

    active: learn from the samples, those of all symmetries at once.
    Sizes of batches depend on the problems and the kind of device only: the same generator state gives the same
    candidates. Rollouts with more than `max_routes` routes come after all others, those that leave clients out last.
    """
    copies, could = symmetries(instances), env.could(instances)
    size = instances["locs"].shape[1] - fleet_size(instances)
    rollouts = WORK[instances["locs"].device.type] / (size + 1) / (1.15 * size) / len(instances)  # of each problem
    together = int(min(8, max(1, rollouts / size)))  # symmetries in one batch
    chunk = int(min(size, max(FEWEST, rollouts)))  # starts in one batch
    groups = list(copies.split(together * len(instances)))
    memories = [policy.encode(groups[0])]
    sampling = False
    while True:
        for index, group in enumerate(groups):
            if index == len(memories):
                memories.append(policy.encode(group))
            for starts in _starts(group, chunk, generator, sampling):
                draw = generator if sampling else None
                begin = starting_at(group, starts, could.repeat(len(starts) // len(could), 1, 1))
                done = fastest_rollout(policy, env, group, begin, draw, memory=memories[index])
                yield _best(done, group, max_routes, len(instances))
                if sampling:
                    break
        sampling = True
        if active:
            yield from _adapting(Adaptation(policy, env, copies), len(instances), rollouts, max_routes, generator)


def _adapting(
    adaptation: Adaptation, problems: int, rollouts: float, max_routes: float, generator: Generator
) -> Iterator[list[Candidate]]:
    """The best of every batch from which the policy learns, without end."""
    copies, could = adaptation.copies, adaptation.env.could(adaptation.copies)
    size = copies["locs"].shape[1] - fleet_size(copies)
    count = int(min(size, max(FEWEST, rollouts * problems / len(copies))))
    while True:
        order = torch.rand(len(copies), size, generator=generator, device=generator.device).argsort(dim=1)
        clients = order[:, :count] + fleet_size(copies)
        yield _best(adaptation.step(clients, could, generator), copies, max_routes, problems)


def _starts(group: TensorDict, chunk: int, generator: Generator, shuffle: bool) -> Iterator[Tensor]:
    """Every client as first client once, in chunks [copies, chunk]; in random order on request."""
    (copies, nodes, _), fleet, device = group["locs"].shape, fleet_size(group), group["locs"].device
    size = nodes - fleet
    order = torch.randperm(size, generator=generator, device=device) if shuffle else torch.arange(size)
    for clients in order.to(device).split(chunk):
        yield (clients + fleet).expand(copies, -1)


def excess(done: Trajectory, group: TensorDict, max_routes: Tensor | float) -> Tensor:
    """How far rollouts [B, S] are from solutions: zero for those with all clients and at most `max_routes` routes."""
    actions, fleet = done.actions, fleet_size(group)
    closed = torch.cat([actions, torch.zeros_like(actions[..., :1])], dim=-1)
    routes = ((closed[..., :-1] >= fleet) & (closed[..., 1:] < fleet)).sum(dim=-1)
    missing = group["locs"].shape[1] - fleet - (actions >= fleet).sum(dim=-1)
    beyond: Tensor = (routes - max_routes).clamp(min=0) + missing * group["locs"].shape[1]
    return beyond


def _best(done: Trajectory, group: TensorDict, max_routes: float, problems: int = 1) -> list[Candidate]:
    """Of each problem, the cheapest rollout with at most `max_routes` routes and all clients; else the one that comes
    nearest to it. Copies are in the group symmetry-major, as in nco.envs.instances.symmetries.
    """
    beyond = excess(done, group, max_routes)
    found = []
    for row in range(problems):
        actions, cost, over = (part[row::problems].flatten(0, 1) for part in (*done, beyond))
        best = int((cost + over * (1 + cost.max())).argmin())
        found.append(Candidate(to_routes(group, actions[best].tolist(), row), float(cost[best] * group["scale"][row])))
    return found
