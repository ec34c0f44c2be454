"""The checker against PyVRP's and OR-Tools' own evaluation of the same random solutions."""

from dataclasses import replace
from math import isfinite

import pytest
from foreign_evaluators import by_ortools, by_pyvrp
from random_problems import in_floats, in_pairs, random_problem, random_routes, with_shipments

from nco import check
from nco.solvers.integers import Integers
from nco.solvers.pyvrp import PyvrpSolver


def agree(problem, evaluate, seed):
    """Whether verdict and cost are the same for some random solutions and for their routes alone."""
    units, compared = Integers(problem), 0
    for k in range(4):
        routes = in_pairs(problem, random_routes(problem, 100 * seed + k), k)
        for candidate in (routes, *([route] for route in routes)):
            report, theirs = check(problem, candidate), evaluate(candidate)
            if theirs is None:
                continue
            assert report.is_feasible() == isfinite(theirs), (candidate, report)
            if report.is_feasible():
                tolerance = units.tolerance(report.solution, theirs)
                assert report.cost.total == pytest.approx(theirs, rel=tolerance, abs=tolerance), candidate
            compared += 1
    return compared


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(100))
def test_pyvrp_gives_the_same_verdict_and_cost(seed, exact):
    problem = random_problem(seed) if exact else in_floats(random_problem(seed), seed)
    if PyvrpSolver().unsupported(problem):
        problem = random_problem(seed, ("loads", "windows", "fleet", "reloads", "max_distance", "duration_cost"))
    assert agree(problem, by_pyvrp(problem), seed)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(100))
def test_ortools_gives_the_same_verdict_and_cost(seed, exact):
    problem = random_problem(seed) if exact else in_floats(random_problem(seed), seed)
    assert agree(problem, by_ortools(problem), seed)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_pyvrp_gives_the_same_verdict_and_cost_with_shipments(seed, exact):
    problem = with_shipments(random_problem(seed, size=6), seed)
    if PyvrpSolver().unsupported(problem):
        problem = with_shipments(random_problem(seed, ("loads", "windows", "fleet", "reloads", "optional"), 6), seed)
    problem = problem if exact else in_floats(problem, seed)
    assert agree(problem, by_pyvrp(problem), seed)


@pytest.mark.parametrize("objective", ["sum", "max"])
@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_ortools_gives_the_same_verdict_and_cost_with_shipments_and_either_objective(seed, exact, objective):
    problem = with_shipments(replace(random_problem(seed, size=6), objective=objective), seed, own_loads=seed % 2 == 0)
    problem = problem if exact else in_floats(problem, seed)
    assert agree(problem, by_ortools(problem), seed)
