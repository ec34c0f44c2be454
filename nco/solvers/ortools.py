"""OR-Tools' routing library: first solution heuristics and guided local search, on our problem in whole numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from nco.errors import Fault, SolverError, did_you_mean
from nco.problem import Problem
from nco.solution import Solution
from nco.solvers.base import Outcome
from nco.solvers.integers import Integers
from nco.solvers.ortools_model import Model
from nco.stop import Running

#: Our name -> OR-Tools' number of a first solution strategy.
STRATEGIES = {name.lower(): number for name, number in routing_enums_pb2.FirstSolutionStrategy.Value.items()}
#: The search goes on from the best of these; none of them is best on all kinds of problems.
USUAL = ("savings", "parallel_cheapest_insertion", "path_cheapest_arc")
#: Where loads of deliveries and pickups mix the last one gets lost in backtracking.
USUAL_MIXED = USUAL[:2]
#: With objective="max" the others put all clients on few routes: this one inserts at the true cost, in more time.
USUAL_MAX = ("local_cheapest_cost_insertion", "parallel_cheapest_insertion")
#: Neighbours examined without accepting one that count as an iteration when no time is set, so that every search ends.
IDLE = 1_000
#: The strategy that serves nobody; where the others fail, local search goes on from there.
NOBODY = "all_unperformed"
#: Seconds that a strategy gets at most: some backtrack without end.
PATIENCE = 10.0
#: Seconds; OR-Tools wants a limit.
FOREVER = 10_000_000


class OrtoolsSolver:
    """OR-Tools behind our protocol. An iteration is a solution that guided local search accepts.

    first_solution: one of OR-Tools' strategies in lower case, such as "savings"; None tries USUAL and takes the best.
    Guided local search draws no random numbers: the seed only reaches the constraint solver beneath it.
    """

    name = "ortools"

    def __init__(self, first_solution: str | None = None) -> None:
        if first_solution is not None and first_solution not in STRATEGIES:
            what, fix = f"first_solution '{first_solution}' is unknown", did_you_mean(first_solution, STRATEGIES)
            raise SolverError(Fault("U307", f"solver '{self.name}'", what, fix))
        self.strategies = () if first_solution is None else (first_solution,)

    def unsupported(self, problem: Problem) -> list[Fault]:
        """No faults: the model holds everything that a problem can."""
        return []

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Solve until `stop` says so, or until Ctrl-C once there is a solution, which may leave clients out."""
        search = _Search(Integers(problem), stop, seed)
        search.run(self.strategies)
        return Outcome(
            search.best,
            search.iterations,
            search.cost if math.isfinite(search.cost) else None,
            search.units.tolerance(search.best, search.cost),
            tuple(search.history),
            {"ortools": metadata.version("ortools"), "first_solution": search.first_solution},
        )


class _Search:
    """One run of OR-Tools: the best solution, its cost, when it was found, and when to stop.

    Errors in callbacks, Ctrl-C among them, would be lost inside OR-Tools: they are kept and raised afterwards.
    """

    def __init__(self, units: Integers, running: Running, seed: int) -> None:
        self.began, self.units, self.running, self.seed = time.perf_counter(), units, running, seed
        self.best, self.first_solution = Solution(()), ""
        self.cost, self.iterations = math.inf, 0
        self.history: list[tuple[float, float]] = []
        self._lowest, self._nexts, self._examined, self._counts = math.inf, list[int](), 0, False
        self._first: Any = None
        self._error: BaseException | None = None

    def run(self, strategies: Sequence[str]) -> None:
        """First solutions with few vehicles, with all of them when clients are left out; then guided local search."""
        try:
            for every_vehicle in (False, True):
                self.model = Model(self.units, every_vehicle)
                self._start(strategies)
                if math.isfinite(self.cost) or not self.model.is_short:
                    break
            if self._first is not None and not self._error:
                self._improve()
        except KeyboardInterrupt as interrupt:
            self._error = interrupt
        if self._error and not (self._nexts and isinstance(self._error, KeyboardInterrupt)):
            raise self._error
        self.best = self.model.solution(self._nexts)

    def _start(self, strategies: Sequence[str]) -> None:
        """Construct with each strategy, the usual ones without any, and keep the best solution."""
        self._lowest, self._nexts, self._first = math.inf, [], None
        if not self.model.kinds:
            return
        routing = self.model.routing
        routing.CloseModelWithParameters(self._parameters(FOREVER))
        routing.solver().ReSeed(self.seed)
        routing.AddAtSolutionCallback(self._at_solution)
        if self.running.seconds_left() > FOREVER:
            self._limit = routing.solver().CustomLimit(self._at_neighbour)
            routing.AddSearchMonitor(self._limit)
        if not strategies:
            strategies = USUAL_MAX if self.units.emphasis > 1 else USUAL_MIXED if self.model.mixes_loads else USUAL
        for number, name in enumerate((*strategies, NOBODY)):
            if self._error or not self.running.seconds_left() or (name == NOBODY and self._nexts):
                return
            parameters = self._parameters(min(PATIENCE, self.running.seconds_left() * (0.25 if number else 0.9)))
            parameters.first_solution_strategy = STRATEGIES[name]
            parameters.solution_limit = 1
            before = self._lowest
            found = routing.SolveWithParameters(parameters)
            if found is not None and self._lowest < before:
                self.first_solution, self._first = name, routing.solver().Assignment(found)

    def _improve(self) -> None:
        """Guided local search from the best solution."""
        parameters = self._parameters(self.running.seconds_left())
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        self._counts = True
        self.model.routing.SolveFromAssignmentWithParameters(self._first, parameters)

    def _parameters(self, seconds: float) -> Any:
        """OR-Tools' defaults and a time limit."""
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.time_limit.FromMilliseconds(max(1, int(1000 * min(seconds, FOREVER))))
        return parameters

    def _at_solution(self) -> None:
        try:
            cost = self.model.cost()
            if cost < self._lowest:
                self._record(cost)
            self._examined = 0
            if self._counts and self._iterate():
                self.model.routing.solver().FinishCurrentSearch()
        except BaseException as error:
            self._error = error
            self.model.routing.solver().FinishCurrentSearch()

    def _at_neighbour(self) -> bool:
        try:
            self._examined += self._counts
            idle = self._counts and self._examined % IDLE == 0
            return self._error is not None or (idle and self._iterate())
        except BaseException as error:
            self._error = error
            return True

    def _record(self, cost: int) -> None:
        self._lowest, self._nexts = cost, self.model.nexts()
        self.cost = self.units.price(cost)
        if math.isfinite(self.cost):
            self.history.append((time.perf_counter() - self.began, self.cost))

    def _iterate(self) -> bool:
        if self.running(self.cost):
            return True
        self.iterations += 1
        return False
