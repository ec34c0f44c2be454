"""The checker against an independent, slow and simple evaluation of small random problems."""

from itertools import permutations, product
from math import inf

import pytest
from brute_force import best_cost, cost_of_route
from random_problems import FEATURES, random_problem, random_routes

from nco import Problem, Route, check


@pytest.mark.parametrize("seed", range(150))
def test_random_routes_are_judged_and_costed_as_by_brute_force(seed):
    problem = random_problem(seed)
    routes = [route for k in range(5) for route in random_routes(problem, 100 * seed + k)]
    for route in routes:
        report = check(problem, [route])
        accepted = not any(violation.route == 0 for violation in report.violations)
        expected = cost_of_route(problem, route)
        assert accepted == (expected < inf), route
        if accepted:
            assert report.cost.total - report.cost.prizes == pytest.approx(expected), route


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_judged_as_by_brute_force_when_it_comes_alone(feature):
    for seed in range(6):
        problem = random_problem(seed, ("loads", feature), size=5)
        for route in random_routes(problem, seed):
            report = check(problem, [route])
            accepted = not any(violation.route == 0 for violation in report.violations)
            assert accepted == (cost_of_route(problem, route) < inf)


def test_the_random_routes_are_feasible_and_infeasible_often_enough():
    problems = [random_problem(seed) for seed in range(150)]
    costs = [cost_of_route(p, route) for seed, p in enumerate(problems) for route in random_routes(p, 100 * seed)]
    feasible = sum(cost < inf for cost in costs)
    assert min(feasible, len(costs) - feasible) > 80


def all_solutions(problem: Problem):
    """Every way to leave clients out, put the others in order, cut the order into routes and give these vehicles."""
    clients = range(problem.num_depots, problem.num_locations)
    kinds = range(len(problem.vehicle_types))
    for kept in product((True, False), repeat=len(clients)):
        for order in permutations([c for c, keep in zip(clients, kept, strict=True) if keep]):
            for cuts in product((True, False), repeat=max(0, len(order) - 1)):
                routes, last = [], 0
                for k in [*(k + 1 for k, cut in enumerate(cuts) if cut), len(order)]:
                    routes.append(order[last:k])
                    last = k
                for types in product(kinds, repeat=len(routes)):
                    yield [Route(visits, kind) for visits, kind in zip(routes, types, strict=True)]


@pytest.mark.parametrize("seed", range(25))
def test_the_best_of_all_solutions_is_the_optimum_by_brute_force(seed):
    problem = random_problem(
        seed, tuple(f for k, f in enumerate(FEATURES) if f != "reloads" and (seed >> k % 5) & 1), size=3
    )
    reports = [check(problem, routes) for routes in all_solutions(problem)]
    best = min((report.cost.total for report in reports if report.is_feasible()), default=inf)
    assert best == pytest.approx(best_cost(problem))
