"""Ruin & recreate on a GPU: chains on many problems at once, from given routes; twin of nco.search.chains."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from nco.checker import Report, check
from nco.problem import Problem
from nco.search.data import SearchData, from_solution, search_data, to_solution
from nco.search.packing import Group, Routes, pack, unpack
from nco.solution import Solution
from nco.stop import Running, StoppingCriterion

#: Clients removed in an iteration on average, and in one string at most (Christiaens & Vanden Berghe).
REMOVED, LONGEST = 10, 10
#: Clients that are left out and get a chance in an iteration, on average at most.
CALLED = 20
#: First and last temperature in units of an arc between neighbours.
HEAT = (1.0, 0.01)
#: Iterations of every chain between two looks at a stop that has no clock.
ROUND = 500
#: Iterations of a launch whose speed is not known yet, and seconds of one whose speed is.
PROBE, SLICE = 100, 0.1
#: Four slots a thread: with more, registers run out.
SLOTS_PER_WARP = 128
#: Slots of all chains together that keep a GPU busy, and the most chains that a problem gets for it.
BUSY, MOST_CHAINS = 2**18, 1024
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


class GpuSearch:
    """Chains that improve feasible solutions, which serve every required client, of problems that are prepared.

    chains: of each problem; None: as many as keep the GPU busy. When the stop does not look at the clock, the same seed
    and number of chains give the same solutions.
    """

    def __init__(
        self,
        problems: Sequence[SearchData],
        starts: Sequence[Routes],
        *,
        chains: int | None = None,
        seed: int = 0,
        heat: tuple[float, float] = HEAT,
        device: str | torch.device = "cuda",
    ) -> None:
        groups = pack(problems, starts, device)
        slots = sum(len(group.members) * group.slots for group in groups)
        self.chains = chains or min(MOST_CHAINS, max(1, BUSY // max(1, slots)))
        self.seed, self.heat, self.count, self.iterations, self.rounds = seed, heat, len(problems), 0, 0
        self.padding = 1 - sum(group.filled for group in groups) / slots if slots else 0.0
        self._groups = [_several(group, self.chains) for group in groups]
        self._wait = partial(torch.cuda.synchronize, device) if torch.device(device).type == "cuda" else int
        self._wait()

    def run(self, stop: Running, launch: int | None = None, reserve: float = 0.0) -> Iterator[float]:
        """The sum of the best costs after every launch in which it fell, until `stop` says so.

        launch: iterations of one when the stop has no clock, ROUND by default; reserve: seconds of the clock that are
        needed afterwards.
        """
        reserve += READING * self.count
        pace, begun, told, began = PROBE / SLICE, stop.progress(), math.inf, time.perf_counter()
        stop(told)  # whatever it says: the first launch is always done
        while True:
            left = stop.seconds_left() - reserve
            many = int(max(1.0, min(pace * SLICE, pace * left))) if left < math.inf else launch or ROUND
            spent = time.perf_counter() - began
            gone = min(1.0, max((stop.progress() - begun) / max(1e-9, 1.0 - begun), spent / max(1e-9, spent + left)))
            ahead = min(1.0, many / pace / max(left, 1e-9)) * (1.0 - gone)
            clock = time.perf_counter()
            self._launch(many, gone, ahead)
            pace = many / (time.perf_counter() - clock)
            if (cost := self.cost) < told:
                told = cost
                yield told
            if stop(told) or stop.seconds_left() <= reserve:
                return
            if int((gone + ahead) * SELECTIONS) > int(gone * SELECTIONS):
                for each in self._groups:
                    each.select()

    def _launch(self, iterations: int, gone: float, ahead: float) -> None:
        """So many iterations of every chain while the share of the run that is over grows by `ahead` from `gone`."""
        hot, cold = self.heat[0], self.heat[1] / self.heat[0]
        for each in self._groups:
            each.launch(self.seed + self.iterations, iterations, hot * cold**gone, cold ** (ahead / iterations))
        self._wait()
        self.iterations, self.rounds = self.iterations + iterations, self.rounds + 1

    @property
    def cost(self) -> float:
        """The sum of the best costs, in single precision."""
        return sum(float(each.lowest.view(-1, self.chains).amin(1).double().sum()) for each in self._groups)

    def best(self) -> tuple[list[Routes], list[float]]:
        """The best routes of every problem and what they cost, in single precision."""
        routes: list[Routes] = [[] for _ in range(self.count)]
        costs = [0.0] * self.count
        for each in self._groups:
            for member, cost, found in each.best():
                routes[member], costs[member] = found, cost
        return routes, costs


class OneOnGpu:
    """GpuSearch of one problem from a feasible solution, as nco.search.chains.Search."""

    def __init__(self, problem: Problem, start: Solution, seed: int, chains: int | None, device: str = "cuda") -> None:
        self.problem, self.start = problem, start
        routes = from_solution(problem, start)
        self._search = GpuSearch([search_data(problem)], [routes], chains=chains, seed=seed, device=device)
        self.provenance = {**on_device(device), "chains": str(self._search.chains)}

    def run(self, stop: Running) -> Iterator[float]:
        """The best cost after every launch in which it fell, until `stop` says so."""
        clock = time.perf_counter()
        check(self.problem, self.start)
        return self._search.run(stop, reserve=2 * (time.perf_counter() - clock))

    @property
    def cost(self) -> float:
        """Of the best solution, in single precision."""
        return self._search.cost

    @property
    def rounds(self) -> int:
        return self._search.rounds

    @property
    def ruins(self) -> int:
        return self._search.iterations * self._search.chains

    def best(self) -> Solution:
        """The best solution, as the checker judges; the start if nothing is better."""
        found = to_solution(self.problem, self._search.best()[0][0])
        return judged(self.problem, self.start, found).solution


def on_device(device: str | torch.device) -> dict[str, str]:
    """What a search runs on, for the provenance of its results."""
    from triton import __version__ as version

    name = torch.cuda.get_device_name(device) if torch.device(device).type == "cuda" else "interpreter"
    return {"search": f"triton {version}", "device": name}


def improve(
    problems: Sequence[Problem],
    starts: Sequence[Routes],
    stop: StoppingCriterion,
    launch: int | None = None,
    **options: Any,
) -> Improved:
    """Shorten feasible routes that serve all required clients; the checker has the last word. Options: GpuSearch's."""
    found = search([search_data(problem) for problem in problems], starts, stop, launch, **options)
    routes = [
        from_solution(problem, judged(problem, to_solution(problem, start), to_solution(problem, better)).solution)
        for problem, start, better in zip(problems, starts, found.routes, strict=True)
    ]
    return found._replace(routes=routes)


def judged(problem: Problem, start: Solution, found: Solution) -> Report:
    """The checker's report of what was found, if it accepts that and it is cheaper; else of the start."""
    before, after = check(problem, start), check(problem, found)
    return after if after.is_feasible() and after.cost.total < before.cost.total else before


def search(
    problems: Sequence[SearchData], starts: Sequence[Routes], stop: StoppingCriterion, launch: int | None = None,
    **options: Any,
) -> Improved:  # fmt: skip
    """As `improve`, of problems that are prepared, without the checker."""
    began, running = time.perf_counter(), stop.start()
    found = GpuSearch(problems, starts, **options)
    for _ in found.run(running, launch):
        pass
    routes, costs = found.best()
    return Improved(routes, costs, found.iterations, time.perf_counter() - began, found.padding)


def _several(group: Group, chains: int) -> Chains:
    """So many chains from every problem's start, on a stream of their own: groups share the GPU."""
    start = tuple(part.repeat_interleave(chains, 0) for part in group.start)
    return Chains(replace(group, start=start), chains, torch.cuda.Stream() if start[0].is_cuda else None)


class Chains:
    """Chains [B x C] of one group of problems, whose starts are [B x C, P]."""

    def __init__(self, group: Group, chains: int, stream: torch.cuda.Stream | None = None) -> None:
        self.group, self.chains, self.stream = group, chains, stream
        self.current = group.start
        self.best_of = tuple(part.clone() for part in self.current)
        self.lowest = torch.full((len(self.current[0]),), torch.inf, device=self.current[0].device)
        self.cost = self.lowest.clone()
        self.slots = torch.arange(group.slots, dtype=torch.int32, device=group.start[0].device)

    def launch(self, seed: int, iterations: int, temperature: float, decay: float) -> None:
        """So many iterations of every chain."""
        from nco.search.kernel import ruin_recreate_kernel

        flags = {name.upper(): value for name, value in self.group.traits._asdict().items()}
        with torch.cuda.stream(self.stream):
            ruin_recreate_kernel[(len(self.cost),)](
                *self.group.tables, *self.current, self.cost, *self.best_of, self.lowest, self.slots,
                seed, iterations, self.chains, self.group.clients, temperature, decay,
                **flags, REMOVED=REMOVED, LONGEST=LONGEST, CALLED=CALLED, P=self.group.slots,
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
