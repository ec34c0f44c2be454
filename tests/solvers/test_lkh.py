"""LKH through elkai: tours only, at their exact cost, within the time."""

import signal
import threading
import time
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from brute_force import best_cost
from random_problems import in_floats, random_problem

import nco
from nco import Client, Depot, Problem, Profile, Route, Shipment, VehicleType
from nco.errors import ConfigError, SolverError
from nco.solvers.lkh import LkhSolver, nearest
from nco.stop import AnyOf, MaxIterations, MaxRuntime, NoImprovement

needs_elkai = pytest.mark.skipif(find_spec("elkai") is None, reason="needs the extra 'lkh'")
SLEEPS = "import sys, time\nfor line in sys.stdin: time.sleep(60)"


def tour(seed: int, size: int, *features: str) -> Problem:
    """A random problem of one vehicle and nothing else but these features."""
    problem = random_problem(seed, features, size)
    return replace(problem, vehicle_types=(replace(problem.vehicle_types[0], num_available=1, profile=0),))


def ways(size: int, scale: float = 1.0) -> Problem:
    """A tour on a random asymmetric matrix with many decimals."""
    matrix = np.random.default_rng(size).random((size, size)) * scale
    np.fill_diagonal(matrix, 0.0)
    return Problem((Depot(),), (Client(),) * (size - 1), (VehicleType(num_available=1),), (Profile(matrix),))


@needs_elkai
@pytest.mark.parametrize("size", range(1, 6))
@pytest.mark.parametrize("features", [(), ("profiles",), ("profiles", "fixed", "duration_cost", "speed", "preference")])
def test_the_cheapest_tour_is_found_in_whole_numbers_and_in_others(size, features):
    for seed in range(2):
        problem = tour(seed, size, *features)
        assert nco.solve(problem, "lkh", MaxIterations(1)).cost() == pytest.approx(best_cost(problem))
        result = nco.solve(in_floats(problem, seed), "lkh", MaxIterations(1))
        exact = nco.solve(in_floats(problem, seed), "ortools", MaxIterations(50))
        assert result.cost() == pytest.approx(exact.cost(), rel=1e-6)


@needs_elkai
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e12])
def test_the_tour_does_not_depend_on_the_unit(scale):
    problem = ways(30, scale)
    result = nco.solve(problem, "lkh", MaxIterations(2))
    assert result.routes == nco.solve(ways(30), "lkh", MaxIterations(2)).routes
    assert (result.provenance["exact"], float(result.provenance["unit"])) == ("no", pytest.approx(1e-8 * scale))


@needs_elkai
def test_ways_that_are_closed_by_a_huge_cost_leave_the_others_as_they_are():
    problem = tour(3, 5, "profiles")
    matrix = problem.distance_matrix().copy()
    route = nco.solve(problem, "lkh", MaxIterations(1)).routes[0].visits
    matrix[route[1], route[2]] = 1e9
    closed = replace(problem, profiles=(Profile(matrix),))
    result = nco.solve(closed, "lkh", MaxIterations(2))
    assert result.cost() == pytest.approx(best_cost(closed))
    assert result.provenance["exact"] == "yes"


REFUSED = {
    "several vehicles": {"num_available": 2},
    "routes that do not end where they start": {"end_depot": None},
    "loads that may not fit on one trip": {"capacity": (1.0,)},
    "reloads": {"reload_depots": (0,)},
    "time windows": {"tw": (0.0, 9.0)},
    "limits of distance": {"max_distance": 9.0},
    "limits of duration": {"max_duration": 9.0},
}


def test_all_that_is_more_than_a_tour_is_refused_by_its_name():
    clients = Client(1.0, 0.0, (1.0,)), Client(0.0, 1.0, (1.0,))
    plain = Problem((Depot(0.0, 0.0),), clients, (VehicleType(num_available=1, capacity=(2.0,)),))
    assert not LkhSolver().unsupported(plain)
    cases = {name: {"vehicle_types": (replace(plain.vehicle_types[0], **v),)} for name, v in REFUSED.items()}
    cases["optional clients"] = {"clients": (replace(clients[0], required=False), clients[1])}
    cases["shipments"] = {"clients": tuple(replace(c, delivery=()) for c in clients), "shipments": (Shipment(0, 1),)}
    cases["allowed clients"] = {"profiles": (Profile(allowed=np.array([True, False])),)}
    pickup = replace(clients[0], delivery=(), pickup=(1.0,))
    cases["deliveries before pickups"] = {"clients": (pickup, clients[1]), "backhaul": "last"}
    for name, change in cases.items():
        (fault,) = LkhSolver().unsupported(replace(plain, **change))
        assert (fault.code, fault.what) == ("U302", f"it does not support {name}")
    everything = {key: value for change in REFUSED.values() for key, value in change.items()}
    many = replace(plain, vehicle_types=(replace(plain.vehicle_types[0], **everything),))
    with pytest.raises(SolverError, match=r"(?s)several vehicles.*time windows.*limits of duration"):
        nco.solve(many, "lkh")


def test_without_elkai_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr("nco.solvers.lkh_process.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"C502.*pip install 'nco-vrp\[lkh\]'"):
        nco.solve(ways(9), "lkh")


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_tiny_tours_need_no_elkai_and_no_time_limit(clients, monkeypatch):
    monkeypatch.setattr("nco.solvers.lkh_process.find_spec", lambda name: None)
    problem = tour(clients, clients, "profiles")
    result = nco.solve(problem, "lkh", AnyOf(MaxIterations(30), NoImprovement(20)))
    assert (result.cost(), result.iterations) == (pytest.approx(best_cost(problem)), 1)


@needs_elkai
def test_the_same_seed_gives_the_same_tour_and_iterations_are_counted_exactly():
    first, second = (nco.solve(ways(40), "lkh", MaxIterations(3), seed=7) for _ in range(2))
    assert first.routes == second.routes
    assert first.iterations == second.iterations == 3
    assert nco.solve(ways(40), "lkh", NoImprovement(2)).is_feasible()


@needs_elkai
def test_places_without_any_distance_cost_nothing():
    problem = replace(ways(6), profiles=(Profile(np.zeros((6, 6))),))
    assert nco.solve(problem, "lkh", MaxIterations(1)).cost() == 0


@needs_elkai
def test_the_history_falls_to_the_cost_of_the_result():
    result = nco.solve(ways(60), "lkh", MaxIterations(2))
    seconds, costs = zip(*result.history, strict=True)
    assert (sorted(seconds), sorted(costs, reverse=True)) == (list(seconds), list(costs))
    assert costs[-1] == pytest.approx(result.cost())


@needs_elkai
@pytest.mark.parametrize("size", [20, 500])
def test_the_time_limit_holds_however_long_a_run_takes(size):
    result = nco.solve(ways(size), "lkh", MaxRuntime(1.5))
    assert result.is_feasible()
    assert 1.4 < result.runtime < 2.2


@needs_elkai
def test_a_run_that_does_not_end_is_killed_and_what_there_was_is_kept(monkeypatch):
    monkeypatch.setattr("nco.solvers.lkh_process.SERVE", SLEEPS)
    result = nco.solve(ways(9), "lkh", MaxRuntime(0.5))
    assert result.routes == (Route(tuple(nearest(ways(9).distance_matrix())[1:].tolist())),)
    assert (result.iterations, result.runtime < 1.5) == (0, True)


@needs_elkai
def test_an_interrupt_keeps_the_best_tour(monkeypatch):
    monkeypatch.setattr("nco.solvers.lkh_process.SERVE", SLEEPS)
    threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    began = time.perf_counter()
    result = nco.solve(ways(9), "lkh", MaxRuntime(30))
    assert result.provenance["interrupted"] == "yes"
    assert time.perf_counter() - began < 10


@needs_elkai
@pytest.mark.parametrize(
    ("serve", "what"),
    [("import sys\nfor line in sys.stdin: print('\"no memory\"', flush=True)", "no memory"), ("", "its process died")],
)
def test_a_failure_of_lkh_is_an_error_that_says_what_it_said(serve, what, monkeypatch):
    monkeypatch.setattr("nco.solvers.lkh_process.SERVE", serve)
    with pytest.raises(SolverError, match=f"U303.*{what}"):
        nco.solve(ways(9), "lkh", MaxIterations(1))
