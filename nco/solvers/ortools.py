"""OR-Tools' routing library: a first solution heuristic and guided local search, on our problem in whole numbers."""

from __future__ import annotations

import math
import time
from importlib import metadata
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from nco.errors import Fault, SolverError, did_you_mean
from nco.problem import Problem
from nco.solvers.base import Outcome
from nco.solvers.integers import Integers
from nco.solvers.ortools_model import Model
from nco.stop import Running

#: Our name -> OR-Tools' number of a first solution strategy.
STRATEGIES = {name.lower(): number for name, number in routing_enums_pb2.FirstSolutionStrategy.Value.items()}
#: Neighbours examined without accepting one that count as an iteration when no time is set, so that every search ends.
IDLE = 10_000
#: Seconds; OR-Tools wants a limit.
FOREVER = 10_000_000


class OrtoolsSolver:
    """OR-Tools behind our protocol. An iteration is a solution that its search accepts.

    first_solution: any of OR-Tools' strategies in lower case, such as "savings" or "parallel_cheapest_insertion".
    Guided local search draws no random numbers: the seed only reaches the constraint solver beneath it.
    """

    name = "ortools"

    def __init__(self, first_solution: str = "savings") -> None:
        if first_solution not in STRATEGIES:
            what, fix = f"first_solution '{first_solution}' is unknown", did_you_mean(first_solution, STRATEGIES)
            raise SolverError(Fault("U307", f"solver '{self.name}'", what, fix))
        self.first_solution = first_solution

    def unsupported(self, problem: Problem) -> list[Fault]:
        """No faults: the model holds every feature."""
        return []

    def run(self, problem: Problem, stop: Running, seed: int) -> Outcome:
        """Solve until `stop` says so, or until Ctrl-C once there is a solution, which may leave clients out."""
        units = Integers(problem)
        model = Model(units)
        search = _Search(model, stop)
        if model.kinds:
            search.run(self.first_solution, seed)
        solution = model.solution(search.best)
        return Outcome(
            solution,
            search.iterations,
            search.cost if math.isfinite(search.cost) else None,
            units.tolerance(solution, search.cost),
            tuple(search.history),
            {"ortools": metadata.version("ortools"), "first_solution": self.first_solution},
        )


class _Search:
    """One run of OR-Tools' search: the best solution, its cost, when it was found, and when to stop."""

    def __init__(self, model: Model, running: Running) -> None:
        self.began, self.model, self.running = time.perf_counter(), model, running
        self.best: list[int] = []
        self.cost, self.iterations = math.inf, 0
        self.history: list[tuple[float, float]] = []
        self._lowest, self._examined = math.inf, 0
        self._error: BaseException | None = None

    def run(self, first_solution: str, seed: int) -> None:
        """Search until told to stop; errors raised in callbacks, which OR-Tools would swallow, are raised here."""
        routing = self.model.routing
        parameters = pywrapcp.DefaultRoutingSearchParameters()
        parameters.first_solution_strategy = STRATEGIES[first_solution]
        parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
        parameters.time_limit.FromSeconds(FOREVER)
        routing.CloseModelWithParameters(parameters)
        routing.solver().ReSeed(seed)
        routing.AddAtSolutionCallback(self._at_solution)
        seconds = self.running.seconds_left()
        if seconds < FOREVER:
            parameters.time_limit.FromMilliseconds(max(1, int(1000 * seconds)))
        else:
            limit = routing.solver().CustomLimit(self._at_neighbour)
            routing.AddSearchMonitor(limit)
        try:
            routing.SolveWithParameters(parameters)
        except KeyboardInterrupt as interrupt:
            self._error = interrupt
        if self._error and not (self.best and isinstance(self._error, KeyboardInterrupt)):
            raise self._error

    def _at_solution(self) -> None:
        try:
            cost = self.model.routing.CostVar().Max()
            if cost < self._lowest:
                self._improve(cost)
            self._examined = 0
            if self._iterate():
                self.model.routing.solver().FinishCurrentSearch()
        except BaseException as error:
            self._error = error
            self.model.routing.solver().FinishCurrentSearch()

    def _at_neighbour(self) -> bool:
        try:
            self._examined += 1
            return self._error is not None or (self._examined % IDLE == 0 and self._iterate())
        except BaseException as error:
            self._error = error
            return True

    def _improve(self, cost: int) -> None:
        self._lowest, self.best = cost, self.model.nexts()
        self.cost = self.model.units.price(cost)
        if math.isfinite(self.cost):
            self.history.append((time.perf_counter() - self.began, self.cost))

    def _iterate(self) -> bool:
        if self.running(self.cost):
            return True
        self.iterations += 1
        return False
