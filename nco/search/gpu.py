"""Ruin & recreate on a GPU: many problems at once, from the routes that are given, until the time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from nco.checker import check
from nco.problem import Problem
from nco.search.data import SearchData, search_data, to_solution
from nco.search.packing import Group, Routes, pack, unpack

#: Clients removed in an iteration on average, and in one string at most (Christiaens & Vanden Berghe).
REMOVED, LONGEST = 10, 10
#: First and last temperature in units of an arc between neighbours.
HEAT = (1.0, 0.01)
#: Iterations of a launch whose speed is not known yet, and seconds of one whose speed is.
PROBE, SLICE = 100, 0.1
#: Four slots a thread: with more, registers run out.
SLOTS_PER_WARP = 128
#: Launches of a run whose iterations are counted, each of at least `PROBE`.
ROUNDS = 20
#: How often in a run the worst chains of a problem give way to its best.
SELECTIONS = 10
#: Seconds that reading back the routes of a problem takes.
READING = 3e-5


class Improved(NamedTuple):
    """What a search has found for each problem."""

    routes: list[Routes]  # never worse than the start, feasible
    costs: list[float]  # in single precision, before the checker looked
    iterations: int  # of each chain
    seconds: float  # on the device
    padding: float  # share of slots that hold neither a client nor a route of the start


def improve(
    problems: Sequence[Problem],
    starts: Sequence[Routes],
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    chains: int = 1,
    seed: int = 0,
    heat: tuple[float, float] = HEAT,
    device: str | torch.device = "cuda",
) -> Improved:
    """Shorten feasible routes that serve every client, for so many seconds or iterations, with `chains` a problem.

    The same seed and iterations give the same routes. The checker judges: where it objects, the start comes back.
    """
    data = [search_data(problem) for problem in problems]
    found = search(data, starts, seconds=seconds, iterations=iterations, chains=chains, seed=seed, heat=heat,
                   device=device)  # fmt: skip
    routes = [judged(*row) for row in zip(problems, starts, found.routes, strict=True)]
    return found._replace(routes=routes)


def judged(problem: Problem, start: Routes, found: Routes) -> Routes:
    """What was found, if the checker accepts it and it is cheaper; else the start."""
    report = check(problem, to_solution(problem, found))
    better = report.is_feasible() and report.cost.total < check(problem, to_solution(problem, start)).cost.total
    return found if better else start


def search(
    problems: Sequence[SearchData],
    starts: Sequence[Routes],
    *,
    seconds: float | None = None,
    iterations: int | None = None,
    chains: int = 1,
    seed: int = 0,
    heat: tuple[float, float] = HEAT,
    device: str | torch.device = "cuda",
) -> Improved:
    """As `improve`, of problems that are prepared, without the checker."""
    began = time.perf_counter()
    searches = [_Search(group, chains) for group in pack(problems, starts, device)]
    wait = torch.cuda.synchronize if torch.device(device).type == "cuda" else int
    wait()
    done, pace, cold = 0, PROBE / SLICE, heat[1] / heat[0]
    limit = math.inf if seconds is None else seconds - READING * len(problems)
    while (left := limit - ((before := time.perf_counter()) - began)) > 0:
        if iterations is None:
            many = int(pace * min(SLICE, left))
            share, goal = 1 - left / limit, min(1.0, 1 - (left - many / pace) / limit)
        else:
            many = min(max(PROBE, iterations // ROUNDS), iterations - done)
            share, goal = done / iterations, (done + many) / iterations
        if many <= 0:
            break
        warmth, decay = heat[0] * cold**share, cold ** ((goal - share) / many)
        for each in searches:
            each.launch(seed + done, many, warmth, decay)
        wait()
        done, pace = done + many, many / (time.perf_counter() - before)
        if int(goal * SELECTIONS) > int(share * SELECTIONS):
            for each in searches:
                each.select()
    routes: list[Routes] = [[] for _ in problems]
    costs = [0.0] * len(problems)
    for each in searches:
        for member, cost, found in each.best():
            routes[member], costs[member] = found, cost
    slots = sum(len(each.group.members) * each.group.slots for each in searches)
    padding = 1 - sum(each.group.filled for each in searches) / slots if slots else 0.0
    return Improved(routes, costs, done, time.perf_counter() - began, padding)


class _Search:
    """Chains [B x C] of one group of problems."""

    def __init__(self, group: Group, chains: int) -> None:
        self.group, self.chains = group, chains
        self.current = tuple(part.repeat_interleave(chains, 0) for part in group.start)
        self.best_of = tuple(part.clone() for part in self.current)
        self.lowest = torch.full((len(group.members) * chains,), torch.inf, device=group.start[0].device)
        self.cost = self.lowest.clone()
        self.stream = torch.cuda.Stream() if self.cost.is_cuda else None  # groups share the GPU
        self.slots = torch.arange(group.slots, dtype=torch.int32, device=group.start[0].device)

    def launch(self, seed: int, iterations: int, temperature: float, decay: float) -> None:
        """So many iterations of every chain."""
        from nco.search.kernel import ruin_recreate_kernel

        flags = {name.upper(): value for name, value in self.group.traits._asdict().items()}
        with torch.cuda.stream(self.stream):
            ruin_recreate_kernel[(len(self.cost),)](
                *self.group.tables, *self.current, self.cost, *self.best_of, self.lowest, self.slots,
                seed, iterations, self.chains, self.group.clients, temperature, decay,
                **flags, REMOVED=REMOVED, LONGEST=LONGEST, P=self.group.slots,
                num_warps=max(1, self.group.slots // SLOTS_PER_WARP),
            )  # fmt: skip

    def select(self) -> None:
        """Put the best quarter of the chains of every problem in the place of the worst."""
        if self.chains == 1:
            return
        order = self.cost.view(-1, self.chains).argsort(dim=1)
        order += torch.arange(len(order), device=order.device)[:, None] * self.chains
        quarter = max(1, self.chains // 4)
        best, worst = order[:, :quarter].flatten(), order[:, -quarter:].flatten()
        for part in (*self.current, self.cost):
            part[worst] = part[best]

    def best(self) -> list[tuple[int, float, Routes]]:
        """Number, cost and routes of the best solution of every problem."""
        lowest, chain = self.lowest.view(-1, self.chains).min(1)
        rows: Tensor = chain + torch.arange(len(lowest), device=lowest.device) * self.chains
        found = unpack(self.best_of[0][rows], self.best_of[2][rows])
        return list(zip(self.group.members, lowest.tolist(), found, strict=True))
