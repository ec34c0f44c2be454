"""Many problems on a GPU at once: starts of the policies, or of a moment of search on the cores, then one search."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch

from nco.checker import Report, check
from nco.problem import Problem
from nco.search.chains import Search
from nco.search.compiled import cores
from nco.search.data import from_solution, search_data, to_solution
from nco.search.gpu import GpuSearch, on_device
from nco.search.packing import Routes
from nco.solution import Solution
from nco.solvers.starts import policy_starts
from nco.stop import MaxIterations, Running

#: Problems whose starts are checked to know how long it will take to check all solutions, and how much more to allow.
SAMPLE, MARGIN = 10, 1.2


class Solved(NamedTuple):
    """What has become of some problems, by their numbers."""

    reports: Mapping[int, Report]
    rounds: int
    provenance: Mapping[str, Any]


def solve_together(
    problems: Sequence[Problem], stop: Running, seed: int, chains: int | None = None, device: str = "cuda"
) -> Solved:
    """Reports on problems that the kernel knows, as far as there are starts; `stop` hears the sum of their costs."""
    with torch.cuda.device(device) if device != "cpu" else nullcontext():
        starts = complete_starts(problems, seed, device=device)
        chosen, solutions = [problems[k] for k in starts], list(starts.values())
        data = [search_data(problem) for problem in chosen]
        begun = [from_solution(problem, start) for problem, start in zip(chosen, solutions, strict=True)]
        search = GpuSearch(data, begun, chains=chains, seed=seed, device=device)
        for _ in search.run(stop, reserve=_judging(chosen, begun)):
            pass
        routes, _ = search.best()
    found = (to_solution(problem, better) for problem, better in zip(chosen, routes, strict=True))
    reports = [_accepted(*row) for row in zip(chosen, solutions, found, strict=True)]
    provenance = {**on_device(device), "chains": str(search.chains), "padding": f"{search.padding:.2f}"}
    return Solved(dict(zip(starts, reports, strict=True)), search.rounds, provenance)


def _accepted(problem: Problem, start: Solution, found: Solution) -> Report:
    """The checker's report of what was found, or of the start if it objects."""
    report = check(problem, found)
    return report if report.is_feasible() else check(problem, start)


def _judging(problems: Sequence[Problem], routes: Sequence[Routes]) -> float:
    """Seconds that it will take to check as many solutions."""
    clock = time.perf_counter()
    for problem, start in zip(problems[:SAMPLE], routes, strict=False):
        check(problem, to_solution(problem, start))
    return MARGIN * (time.perf_counter() - clock) * len(problems) / max(1, min(SAMPLE, len(problems)))


def complete_starts(
    problems: Sequence[Problem], seed: int, given: Mapping[int, Solution] | None = None, device: str = "cuda"
) -> dict[int, Solution]:
    """Solutions that serve every required client, by number, of the problems for which one is given or found.

    The policies are asked for those that are given nothing; what is left goes through a round of search on the cores.
    """
    routes = {k: start for k, start in (given or {}).items() if start.routes}
    free = [k for k in range(len(problems)) if k not in routes]
    built = zip(free, policy_starts([problems[k] for k in free], device), strict=True)
    starts = {k: start for k, start in built if start is not None}
    starts |= {k: start for k, start in routes.items() if check(problems[k], start).is_feasible()}
    rest = [k for k in range(len(problems)) if k not in starts]
    with ThreadPoolExecutor(cores()) as pool:
        others = pool.map(lambda k: _quickly(problems[k], routes.get(k, Solution(())), seed), rest)
    return starts | {k: start for k, start in zip(rest, others, strict=True) if start is not None}


def _quickly(problem: Problem, start: Solution, seed: int) -> Solution | None:
    """What one round of one chain makes of a problem; None when it leaves clients out."""
    search = Search(problem, start, seed, chains=1)
    costs = list(search.run(MaxIterations(0).start()))
    return search.best() if costs and math.isfinite(costs[-1]) else None
