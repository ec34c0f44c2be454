"""The nearest neighbour: what it builds, by hand and against every rule."""

from dataclasses import replace

import pytest
from brute_force import best_cost
from random_problems import random_problem

import nco
from nco import Client, Depot, Problem, Route, VehicleType
from nco.envs.presets import PRESETS, problems
from nco.solvers.nearest import NearestSolver
from nco.stop import MaxIterations, MaxRuntime

SEEN = ("loads", "windows", "open", "max_distance", "allowed", "pickups", "backhaul_last", "depots", "fleet", "shift")


def on_a_line(*places: float, **vehicle) -> Problem:
    """Clients on a line through the depot, each with a load of 1."""
    clients = tuple(Client(x, 0.0, (1.0,)) for x in places)
    return Problem((Depot(0.0, 0.0),), clients, (VehicleType(**{"capacity": (9.0,), **vehicle}),))


def test_it_goes_on_to_the_nearest_client_and_home_when_the_vehicle_is_full():
    problem = on_a_line(-2.5, 1.0, 2.0, 4.0, capacity=(3.0,))
    assert nco.solve(problem, "nearest").routes == (Route((2, 3, 4)), Route((1,)))


def test_a_single_vehicle_makes_a_tour():
    result = nco.solve(on_a_line(-2.5, 1.0, 2.0, 4.0, num_available=1), "nearest")
    assert (result.routes, result.cost(), result.iterations) == ((Route((2, 3, 4, 1)),), 13.0, 1)


def test_the_vehicle_whose_depot_is_nearest_to_a_client_sets_out():
    problem = on_a_line(1.0, 9.0, 2.0, 8.5)
    depots = Depot(0.0, 0.0), Depot(10.0, 0.0)
    problem = replace(problem, depots=depots, vehicle_types=tuple(VehicleType(None, (2.0,), d, d) for d in (0, 1)))
    routes = nco.solve(problem, "nearest").routes
    assert set(routes) == {Route((2, 4), 0), Route((3, 5), 1)}


def test_whom_a_fleet_that_is_too_small_cannot_serve_is_left_out_and_said():
    result = nco.solve(on_a_line(1.0, 2.0, 3.0, num_available=1, capacity=(2.0,)), "nearest")
    assert (result.is_feasible(), [reason.location for reason in result.unassigned]) == (False, [3])


def test_what_the_environment_does_not_know_is_refused():
    plain = on_a_line(1.0, 2.0, capacity=(2.0,))
    for change in ({"fixed_cost": 1.0}, {"max_duration": 9.0}, {"reload_depots": (0,), "max_distance": 50.0}):
        faulty = replace(plain, vehicle_types=(replace(plain.vehicle_types[0], **change),))
        assert [fault.code for fault in NearestSolver().unsupported(faulty)] == ["U302"], change


@pytest.mark.parametrize("seed", range(40))
def test_no_rule_is_broken_with_any_mix_of_what_the_environment_knows(seed):
    features = tuple(name for k, name in enumerate(SEEN) if (seed * 37 + k * 11) % 3)
    problem = random_problem(seed, features, size=4)
    alike = replace(problem.vehicle_types[0], start_depot=0, end_depot=None if "open" in features else 0)
    problem = replace(problem, vehicle_types=(alike,))
    if not NearestSolver().unsupported(problem):
        result = nco.solve(problem, "nearest")
        assert {violation.rule for violation in result.report.violations} <= {"visits"}
        assert result.cost() >= best_cost(problem) - 1e-6


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_refused_or_solved_without_a_broken_rule(name):
    (problem,) = problems(name, 12, 1, seed=1)
    if not NearestSolver().unsupported(problem):
        result = nco.solve(problem, "nearest", MaxIterations(1))
        assert {violation.rule for violation in result.report.violations} <= {"visits"}
        assert result.is_feasible() or problem.vehicle_types[0].num_available


def test_when_the_time_is_up_it_stops_where_it_is(town):
    result = nco.solve(town(200), "nearest", MaxRuntime(0))
    assert (result.is_feasible(), result.runtime < 1) == (False, True)
