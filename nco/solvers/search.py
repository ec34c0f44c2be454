"""Search: ruin & recreate from the routes one has, or from none, on the cores of this machine or on a GPU."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from nco.checker import Report, check
from nco.errors import Fault, SolverError
from nco.problem import Problem
from nco.search.chains import Search
from nco.search.data import unsupported
from nco.search.warm import compile_now
from nco.solution import Route, RoutesLike, Solution
from nco.solvers.base import Outcome, cannot
from nco.solvers.devices import wants_gpu
from nco.stop import Running

if TYPE_CHECKING:
    from nco.search.gpu import OneOnGpu
    from nco.search.parts import InParts

OTHERS, MIN_MAX = "solver='pyvrp' or solver='ortools'", "solver='ortools'"


class SearchSolver:
    """Chains of ruin & recreate. An iteration is a round of 500 by every chain; on a GPU with a clock, a launch.

    initial_solution: routes to begin with, never made worse; those that break a rule are dissolved;
    on_improvement: called with the checker's report of every better solution;
    chains: how many; by default one for each core, or as many as keep a GPU busy;
    device: "cuda" searches on the GPU, from greedy routes of a policy, where its kernel knows the problem.
    """

    name = "search"

    def __init__(
        self,
        initial_solution: RoutesLike | None = None,
        on_improvement: Callable[[Report], None] | None = None,
        chains: int | None = None,
        device: str = "auto",
    ) -> None:
        if chains is not None and (isinstance(chains, bool) or not isinstance(chains, int) or chains < 1):
            fix = "Give a whole number from 1, or None for one on each core"
            raise SolverError(Fault("U307", "solver 'search'", f"chains={chains!r} is not allowed", fix))
        self.on_gpu = wants_gpu(device)
        compile_now()  # and not when a clock runs
        self.initial_solution, self.on_improvement, self.chains = initial_solution, on_improvement, chains

    def unsupported(self, problem: Problem) -> list[Fault]:
        """Faults for the features that have no place in a chain's arithmetic."""
        others = MIN_MAX if problem.objective == "max" else OTHERS
        return [cannot(self.name, feature, others) for feature in unsupported(problem)]

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Improve until `stop` says so, or until Ctrl-C."""
        began, history = time.perf_counter(), list[tuple[float, float]]()
        search = self._engine(problem, seed)
        provenance = dict(search.provenance)
        try:
            for cost in search.run(stop):
                if math.isfinite(cost):
                    history.append((time.perf_counter() - began, cost))
                    if self.on_improvement is not None:
                        self.on_improvement(check(problem, search.best()))
        except KeyboardInterrupt:
            provenance["interrupted"] = "yes"
        provenance["ruins"] = str(search.ruins)
        exact = isinstance(search, Search) and math.isfinite(search.cost)
        claimed = search.cost if exact else None
        return Outcome(search.best(), search.rounds, claimed, history=tuple(history), provenance=provenance)

    def _engine(self, problem: Problem, seed: int) -> Search | OneOnGpu | InParts:
        """On the GPU if it is wanted, knows the problem, and there are routes for everybody, none too long for it."""
        start = self._start(problem)
        if self.on_gpu:
            from nco.search.gpu import OneOnGpu
            from nco.search.packing import MOST_CLIENTS, unsupported
            from nco.search.parts import InParts
            from nco.solvers.together import complete_starts

            known = not unsupported(problem, whole=False)
            if known and (begun := complete_starts([problem], seed, given={0: start})):
                start = begun[0]
                if not unsupported(problem):
                    return OneOnGpu(problem, start, seed, self.chains)
                if all(len(route.visits) <= MOST_CLIENTS for route in start.routes):
                    return InParts(problem, start, seed, self.chains)
        return Search(problem, start, seed, self.chains)

    def _start(self, problem: Problem) -> Solution:
        """The given routes that break no rule, each with clients of its own, as far as there are vehicles."""
        seen, kept, left = set[int](), list[Route](), [v.num_available for v in problem.vehicle_types]
        for route in Solution.of(problem, self.initial_solution or ()).routes:
            clients = {visit for visit in route.visits if visit >= problem.num_depots}
            alone = check(problem, Solution((route,)))
            fine = all(violation.route is None for violation in alone.violations) and not clients & seen
            limit = left[route.vehicle_type]
            if fine and limit != 0 and not _repeats(problem, alone):
                seen |= clients
                kept.append(route)
                left[route.vehicle_type] = None if limit is None else limit - 1
        return Solution(tuple(kept))


def _repeats(problem: Problem, report: Report) -> bool:
    """Whether a client is visited twice."""
    visits = report.solution.visited(problem)
    return len(set(visits)) < len(visits)
