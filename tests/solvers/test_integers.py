"""Problems in whole numbers: the tolerance covers what is lost, bounds are bounds."""

from dataclasses import replace

import numpy as np
import pytest
from random_problems import in_floats, random_problem, random_routes

import nco
from nco import check
from nco.solvers.integers import Integers


def test_whole_data_stay_as_they_are(town):
    problem = random_problem(4, ("loads", "windows", "fixed", "optional"), size=5)
    units = Integers(problem)
    vehicle = problem.vehicle_types[0]
    assert (units.cost.factor, units.cost.exact, units.time.exact) == (1, True, True)
    assert units.arcs(vehicle).tolist() == problem.distance_matrix().astype(int).tolist()


def test_distances_with_one_decimal_are_scaled_by_ten(town):
    assert Integers(replace(town(9), rounding="dimacs")).cost.factor == 10


def test_the_cost_of_driving_into_a_disliked_client_is_on_the_arc():
    problem = random_problem(2, ("loads", "preference"), size=4)
    units, vehicle = Integers(problem), problem.vehicle_types[0]
    extra = units.arcs(vehicle) - units.cost.up(problem.distance_matrix())
    disliked = problem.preference_weight * (1 - problem.profiles[0].preference) * units.cost.factor
    off = ~np.eye(5, dtype=bool)
    assert (extra[:, 0] == 0).all()
    assert (extra == [0, *disliked])[off].all()


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_no_feasible_solution_costs_more_than_the_bound(seed, exact):
    problem = random_problem(seed) if exact else in_floats(random_problem(seed), seed)
    units = Integers(problem)
    for k in range(5):
        report = check(problem, random_routes(problem, 10 * seed + k))
        if report.is_feasible():
            assert report.cost.total * units.cost.factor < units.big


@pytest.mark.parametrize("seed", range(40))
def test_no_vehicle_is_on_the_road_after_the_latest_time(seed):
    problem = in_floats(random_problem(seed), seed)
    units = Integers(problem)
    for k in range(5):
        for schedule in check(problem, random_routes(problem, 10 * seed + k)).schedules:
            if not any(place < problem.num_depots for place in schedule.route.visits):
                assert schedule.stops[-1].departure <= units.latest
                assert schedule.duration <= units.all_time


def test_a_cost_that_only_an_infeasible_solution_has_is_infinite(town):
    units = Integers(town(3))
    assert units.price(units.big) == float("inf")
    assert units.price(units.big - 1) < float("inf")


def test_a_required_client_has_a_prize_above_any_solution():
    problem = random_problem(5, ("loads", "optional"), size=5)
    units = Integers(problem)
    for client, prize in zip(problem.clients, units.prizes(), strict=True):
        assert prize == (units.big if client.required else client.prize)


def test_the_tolerance_is_tight_when_nothing_is_lost(town):
    whole = random_problem(1, ("loads", "windows", "duration_cost"), size=5)
    routes = nco.Solution(tuple(random_routes(whole, 1)))
    assert Integers(whole).tolerance(routes, 50.0) == pytest.approx(1e-9)
    broken = in_floats(whole, 1)
    assert 1e-9 < Integers(broken).tolerance(routes, check(broken, routes).cost.total) < 1e-6


@pytest.mark.parametrize("size", [100, 1000])
def test_large_problems_keep_six_digits(town, size):
    problem = town(size, unit_duration_cost=0.3)
    routes = nco.Solution((nco.Route(tuple(range(1, size + 1))),))
    assert Integers(problem).tolerance(routes, check(problem, routes).cost.total) < 1e-6


def test_sums_times_the_largest_penalty_stay_within_64_bits(town):
    from nco.solvers.pyvrp import _penalties

    for vehicle in (
        {},
        {"unit_duration_cost": 1 / 3},
        {"fixed_cost": 1e9},
        {"max_distance": 1e5},
        {"unit_duration_cost": 1e-4},
    ):
        units = Integers(town(100, **vehicle))
        assert _penalties(units).max_penalty * max(units.largest_sums) <= 1.01e18


@pytest.mark.parametrize("seed", range(40))
def test_the_checker_tolerates_twice_the_lateness(seed):
    problem = in_floats(
        random_problem(seed, ("windows", "depots", "fleet", "profiles", "speed", "reloads", "loads")), seed
    )
    lateness = Integers(problem).lateness
    for k in range(5):
        for schedule in check(problem, random_routes(problem, 10 * seed + k)).schedules:
            for stop in schedule.stops:
                assert 2 * lateness[stop.location] <= 1.0001e-6 * max(1.0, stop.departure - schedule.stops[0].start)
