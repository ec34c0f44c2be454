"""From cost only to preferences only: one solution a weight, one by one or, where a solver can, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nco.errors import Fault, ProblemError
from nco.pareto.points import Front, Point
from nco.pareto.weights import checked, spread, weighed
from nco.problem import Problem
from nco.solution import Solution
from nco.solvers.solve import AUTO, choose, create, solve, solve_alike, solves_alike, takes
from nco.stop import MaxRuntime, StoppingCriterion

#: The option of a solver that takes routes to begin with.
WARM = "initial_solution"


def front(
    problem: Problem,
    solver: str = AUTO,
    weights: Sequence[float] | None = None,
    seconds: float = 20.0,
    seed: int = 1,
    device: str = "auto",
) -> Front:
    """The front between the cost of routes and the preferences they keep to, judged by the checker.

    solver, seed, device: as in nco.solve; weights: of preferences, from 0 to 1, the rest weighs 1 - weight; 8 that suit
    the problem's units by default; seconds: in all, shared equally among the weights unless they are solved at once.
    Raises ProblemError (P122) for a problem that has no such front, and whatever nco.solve does.
    """
    chosen = checked(weights) if weights is not None else spread(problem)
    require_front(problem)
    name = choose(weighed(problem, chosen[0]), device)[0] if solver == AUTO else solver
    if solves_alike(name):
        return at_once(problem, chosen, MaxRuntime(seconds), name, seed, device)
    share = MaxRuntime(seconds / len(chosen))
    return Front(tuple(sweep(problem, chosen, [share] * len(chosen), name, seed, device)))


def at_once(
    problem: Problem, weights: Sequence[float], stop: StoppingCriterion, solver: str, seed: int = 1,
    device: str = "auto",
) -> Front:  # fmt: skip
    """The front by a solver that takes all weights at once (nco.solvers.solve.solves_alike)."""
    require_front(problem)
    results = solve_alike([weighed(problem, weight) for weight in weights], solver, stop, seed, device)
    return Front(tuple(Point(*pair) for pair in zip(weights, results, strict=True)))


def sweep(
    problem: Problem,
    weights: Sequence[float],
    stops: Sequence[StoppingCriterion],
    solver: str = AUTO,
    seed: int = 1,
    device: str = "auto",
) -> Iterator[Point]:
    """The points of a front one by one, each with a stop of its own: for callers that show them or stop early.

    A point begins with the routes of the one before, where the solver takes some.
    """
    require_front(problem)
    name = choose(weighed(problem, weights[0]), device)[0] if solver == AUTO else solver
    warm, options = takes(name, WARM), dict[str, Solution]()
    for weight, stop in zip(weights, stops, strict=True):
        result = solve(weighed(problem, weight), create(name, device, **options), stop, seed)
        yield Point(weight, result)
        if warm:
            options = {WARM: result.report.solution}


def require_front(problem: Problem) -> None:
    """Raise ProblemError (P122) for a problem without preferences, or whose cost is not a sum."""
    faults = []
    if all(problem.profiles[vehicle.profile].preference is None for vehicle in problem.vehicle_types):
        what = "no vehicle type has preferences"
        fix = "Give the profiles of vehicle types a preference, from 0 to 1 for each client"
        faults.append(Fault("P122", "profiles", what, fix))
    if problem.objective == "max":
        what = "with 'max' the cost is that of one route, the preferences are those of all"
        faults.append(Fault("P122", "objective", what, "Use objective='sum'"))
    if faults:
        raise ProblemError(faults)
