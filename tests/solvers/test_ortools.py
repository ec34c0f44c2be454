"""What is particular to OR-Tools: strategies, the size of its model, dropped clients."""

from dataclasses import replace

import numpy as np
import pytest

import nco
from nco import Client, Depot, Problem, Profile, Shipment, VehicleType
from nco.solvers.integers import Integers
from nco.solvers.ortools import STRATEGIES, USUAL, USUAL_MIXED, OrtoolsSolver
from nco.solvers.ortools_model import SPARE, Model
from nco.stop import AnyOf, MaxIterations, MaxRuntime


def model(problem, **options):
    return Model(Integers(problem), **options)


@pytest.mark.parametrize("name", USUAL)
def test_the_usual_strategies_solve_a_town(name, town):
    result = nco.solve(town(30), "ortools", MaxIterations(3), first_solution=name)
    assert result.is_feasible()
    assert result.provenance["first_solution"] == name


def test_the_best_of_the_usual_strategies_is_where_the_search_starts(town):
    firsts = [nco.solve(town(40), "ortools", MaxIterations(0), first_solution=name).history[0][1] for name in USUAL]
    result = nco.solve(town(40), "ortools", MaxIterations(0))
    assert result.history[-1][1] == pytest.approx(min(firsts))
    assert result.provenance["first_solution"] == USUAL[int(np.argmin(firsts))]


def test_strategies_have_the_names_of_the_library():
    assert set(USUAL) < set(STRATEGIES)
    assert set(USUAL_MIXED) < set(USUAL)
    assert OrtoolsSolver("savings").strategies == ("savings",)


def test_a_type_without_a_number_has_no_more_vehicles_than_are_useful(town):
    problem = town(200)
    filled = int(np.ceil(problem.delivery.sum() / 60))
    assert len(model(problem).kinds) == 2 * filled + SPARE
    assert len(model(problem, every_vehicle=True).kinds) == 200
    assert (model(problem).is_short, model(problem, every_vehicle=True).is_short) == (True, False)


@pytest.mark.parametrize(
    "vehicle", [{"num_available": 150}, {"max_distance": 1e4}, {"max_duration": 1e4}, {"capacity": ()}]
)
def test_numbers_and_limits_of_routes_are_not_cut(vehicle):
    clients = tuple(Client(float(k), 1.0, (1.0,) if vehicle.get("capacity") != () else ()) for k in range(150))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(**{"capacity": (50.0,), **vehicle}),))
    assert len(model(problem).kinds) == 150


def test_windows_that_need_a_vehicle_for_each_client_get_them():
    clients = tuple(Client(10.0, 0.1 * k, (1.0,), tw=(20.0, 20.5), service=5.0) for k in range(30))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(capacity=(99.0,)),))
    result = nco.solve(problem, "ortools", MaxRuntime(1))
    assert len(model(problem).kinds) < 30
    assert (result.is_feasible(), len(result.routes)) == (True, 30)


def test_vehicles_are_ordered_by_capacity():
    types = tuple(VehicleType(num_available=1, capacity=(q,)) for q in (7.0, 3.0, 5.0))
    assert model(Problem((Depot(0.0, 0.0),), (Client(1.0, 1.0, (1.0,)),), types)).kinds == [1, 2, 0]


def test_reload_depots_are_copied_no_more_often_than_useful():
    clients = tuple(Client(float(k), 1.0, (2.0,)) for k in range(1, 9))
    vehicle = {"capacity": (8.0,), "reload_depots": (0,)}
    copies = [
        len(model(Problem((Depot(0.0, 0.0),), clients, (VehicleType(**vehicle, **extra),))).copies)
        for extra in ({}, {"num_available": 1, "max_reloads": 1}, {"max_reloads": 0})
    ]
    assert copies == [4, 1, 0]


def test_deliveries_and_pickups_that_only_fit_in_the_right_order_are_ordered(town):
    rng = np.random.default_rng(3)
    clients = tuple(
        Client(*rng.uniform(0, 100, 2).tolist(), **{("delivery", "pickup")[k % 2]: (float(rng.integers(1, 9)),)})
        for k in range(24)
    )
    problem = Problem((Depot(50.0, 50.0),), clients, (VehicleType(capacity=(20.0,)),))
    result = nco.solve(problem, "ortools", MaxRuntime(1.5))
    assert result.is_feasible()
    assert result.cost() <= 1.1 * nco.solve(problem, "pyvrp", MaxIterations(500)).cost()


def test_the_costliest_route_counts_with_its_fixed_cost_its_waiting_and_its_preferences():
    clients = Client(3.0, 0.0, tw=(5.0, 9.0)), Client(0.0, 3.0)
    types = (
        VehicleType(1, fixed_cost=10.0, unit_duration_cost=2.0, tw=(0.0, 9.0), profile=0),
        VehicleType(1, fixed_cost=1.0, unit_duration_cost=2.0, tw=(2.0, 20.0), profile=1),
    )
    profiles = (Profile(preference=np.array([0.5, 1.0])), Profile(allowed=np.array([False, True])))
    problem = Problem((Depot(0.0, 0.0),), clients, types, profiles, preference_weight=8.0, objective="max")
    result = nco.solve(problem, "ortools", MaxIterations(50))
    assert result.cost() == 10 + 6 + 2 * 6 + 4
    assert result.report.cost.route == [route.vehicle_type for route in result.routes].index(0)


def test_vehicles_that_stay_at_home_pay_for_no_time_while_depots_open():
    depots = Depot(0.0, 0.0, tw=(0.0, 9.0)), Depot(0.0, 0.0, tw=(50.0, 99.0))
    types = VehicleType(1), VehicleType(1, end_depot=1, unit_duration_cost=100.0)
    problem = Problem(depots, (Client(3.0, 0.0),), types, objective="max")
    assert nco.solve(problem, "ortools", MaxIterations(20)).cost() == 6


def test_a_fleet_without_a_number_is_never_cut_where_more_routes_are_better():
    clients = tuple(Client(10.0, float(k), (1.0,)) for k in range(40))
    problem = Problem((Depot(0.0, 0.0),), clients, (VehicleType(capacity=(99.0,)),))
    assert len(model(problem).kinds) < 40
    assert len(model(replace(problem, objective="max")).kinds) == 40
    pairs = tuple(Shipment(k, k + 20) for k in range(20))
    assert len(model(replace(problem, shipments=pairs)).kinds) == 40


def test_the_goods_of_a_shipment_share_the_vehicle_with_what_comes_from_and_goes_to_the_depot():
    places = [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]
    clients = Client(*places[0], pickup=(2.0,)), Client(*places[1]), Client(*places[2], delivery=(2.0,))
    problem = Problem((Depot(0.0, 1.0),), clients, (VehicleType(1, (3.0,)),), shipments=(Shipment(0, 1, (1.0,)),))
    result = nco.solve(problem, "ortools", MaxIterations(20))
    assert (result.routes[0].visits, result.cost()) == ((3, 1, 2), 3 + 2 + 1 + 2)


def test_a_time_limit_and_a_number_of_iterations_may_be_combined(town):
    result = nco.solve(town(30), "ortools", AnyOf(MaxRuntime(20), MaxIterations(5)))
    assert (result.iterations, result.runtime < 10) == (5, True)
