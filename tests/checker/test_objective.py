"""The objective: the sum of the costs of all routes, or the largest of them."""

from dataclasses import replace

import pytest
from brute_force import best_cost, cost_of_route
from random_problems import random_problem, random_routes

import nco
from nco.checker import check


@pytest.fixture
def two_ways() -> nco.Problem:
    """A client to the east, one twice as far to the west, one that may be left out; time costs too."""
    model = nco.Model("two ways", objective="max", preference_weight=5)
    model.add_depot(0, 0)
    model.add_client(10, 0, service=1)
    model.add_client(-20, 0, service=1)
    model.add_client(0, 1, required=False, prize=7)
    model.add_profile(preference=[1, 0.6, 1])
    model.add_vehicle_type(fixed_cost=3, unit_duration_cost=0.5)
    return model.build()


def test_the_costliest_route_is_the_cost(two_ways: nco.Problem) -> None:
    cost = check(two_ways, [[1], [2]]).cost
    assert (cost.route, cost.distance, cost.duration, cost.fixed) == (1, 40, 20.5, 3)
    assert cost.preference == pytest.approx(2)
    assert cost.prizes == 7
    assert cost.total == pytest.approx(40 + 20.5 + 3 + 2 + 7)


def test_the_sum_has_no_costliest_route(two_ways: nco.Problem) -> None:
    report = check(replace(two_ways, objective="sum"), [[1], [2]])
    assert report.cost.route is None
    assert report.cost.distance == 60


def test_without_routes_only_prizes_are_left(two_ways: nco.Problem) -> None:
    cost = check(two_ways, []).cost
    assert (cost.route, cost.total) == (None, 7)


def test_the_result_names_the_costliest_route(two_ways: nco.Problem) -> None:
    result = nco.Result(two_ways, check(two_ways, [[1], [2, 3]]), "hand", 0.1, 1, 1)
    assert "(of route 2, the costliest: distance" in result.summary()
    assert result.to_dict()["objective"] == "max"
    assert result.to_dict()["cost"]["route"] == 1


@pytest.mark.parametrize("seed", range(40))
def test_the_cost_of_random_routes_is_that_of_the_dearest(seed: int) -> None:
    problem = replace(random_problem(seed, ("fleet", "fixed", "duration_cost", "depots"), size=5), objective="max")
    routes = random_routes(problem, seed)
    cost = check(problem, routes).cost
    dearest = max((cost_of_route(problem, route) for route in routes), default=0.0)
    assert cost.total - cost.prizes == pytest.approx(dearest)


@pytest.mark.parametrize("seed", range(5))
def test_the_largest_route_of_a_best_solution_is_not_above_the_best_sum(seed: int) -> None:
    problem = random_problem(seed, ("fixed", "optional"), size=4)
    assert best_cost(replace(problem, objective="max")) <= best_cost(problem)
