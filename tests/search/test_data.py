from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_search import any_problem, any_routes, judged

from nco import Client, Depot, Problem, Profile, Shipment, VehicleType, check
from nco.search.data import NEAREST, Flags, from_solution, search_data, to_solution, unsupported

seeds = st.integers(0, 10**6)


def problem(client=None, vehicle=None, depot=None, **rest) -> Problem:
    """Four clients and a depot with nothing that matters but distances."""
    first = Client(3.0, 4.0, **(client or {}))
    clients = (first, Client(6.0, 8.0), Client(0.0, 5.0), Client(0.0, 1.0))
    return Problem((Depot(0.0, 0.0, **(depot or {})),), clients, (VehicleType(**(vehicle or {})),), **rest)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_routes_survive_the_way_to_a_solution_and_back(seed):
    routes = any_routes(drawn := any_problem(seed), seed)
    assert sorted(from_solution(drawn, to_solution(drawn, routes))) == sorted(routes)


def test_trips_of_a_vehicle_that_refills_freely_are_one_route():
    both = problem({"delivery": (1.0,)}, {"num_available": 1, "capacity": (1.0,), "reload_depots": (0,)})
    trips = [(0, [0, 2]), (0, [1]), (0, [3])]
    solution = to_solution(both, trips)
    assert [route.visits for route in solution.routes] == [(1, 3, 0, 2, 0, 4)]
    assert from_solution(both, solution) == trips
    report = check(both, solution)
    assert report.is_feasible()
    assert report.cost.total == pytest.approx(sum(judged(both, *trip) for trip in trips))


def test_vehicles_without_number_have_no_need_to_refill():
    many = problem({"delivery": (1.0,)}, {"capacity": (1.0,), "reload_depots": (0,)})
    assert [route.visits for route in to_solution(many, [(0, [0]), (0, [1])]).routes] == [(1,), (2,)]


FLAGS = {
    "nothing": ({}, set()),
    "a delivery": ({"client": {"delivery": (1.0,)}, "vehicle": {"capacity": (2.0,)}}, set()),
    "a window of a client": ({"client": {"tw": (0.0, 9.0)}}, {"timed"}),
    "a window of the depot": ({"depot": {"tw": (0.0, 9.0)}}, {"timed"}),
    "a shift": ({"vehicle": {"tw": (0.0, 9.0)}}, {"timed"}),
    "a price of time": ({"vehicle": {"unit_duration_cost": 0.1}}, {"timed", "lasting"}),
    "a limit of time": ({"vehicle": {"max_duration": 9.0}}, {"timed", "lasting"}),
    "a limit of distance": ({"vehicle": {"max_distance": 9.0}}, {"far"}),
    "a pickup": ({"client": {"pickup": (1.0,)}, "vehicle": {"capacity": (2.0,)}}, {"loaded"}),
    "a pickup that comes last": (
        {"client": {"pickup": (1.0,)}, "vehicle": {"capacity": (2.0,)}, "backhaul": "last"},
        {"loaded", "sorted"},
    ),
    "no pickup that comes last": ({"backhaul": "last"}, set()),
    "a shipment": ({"shipments": (Shipment(0, 1),)}, {"paired"}),
    "a shipment of something": (
        {"shipments": (Shipment(0, 1, (1.0,)),), "vehicle": {"capacity": (2.0,)}},
        {"paired", "loaded"},
    ),
    "a choice": ({"client": {"required": False}}, {"optional"}),
}


@pytest.mark.parametrize("feature", FLAGS)
def test_flags_tell_what_a_problem_has(feature):
    changes, expected = FLAGS[feature]
    flags = Flags(*search_data(problem(**changes)).flags.tolist())
    assert {name for name, flag in flags._asdict().items() if flag} == expected


REFILL = {"capacity": (9.0,), "reload_depots": (0,)}
REFUSED = {
    "the costliest route with a shipment": ({"objective": "max", "shipments": (Shipment(0, 1),)}, "objective"),
    "few refills": ({"vehicle": {**REFILL, "max_reloads": 2}}, "reloads"),
    "refills with a price of a route": ({"vehicle": {**REFILL, "fixed_cost": 1.0}}, "reloads"),
    "refills with a price of time": ({"vehicle": {**REFILL, "unit_duration_cost": 1.0}}, "reloads"),
    "refills with a limit of distance": ({"vehicle": {**REFILL, "max_distance": 99.0}}, "reloads"),
    "refills with a limit of time": ({"vehicle": {**REFILL, "max_duration": 99.0}}, "reloads"),
    "refills in a shift": ({"vehicle": {**REFILL, "tw": (0.0, 99.0)}}, "reloads"),
    "refills with an open end": ({"vehicle": {**REFILL, "end_depot": None}}, "reloads"),
    "refills and a window": ({"vehicle": REFILL, "client": {"tw": (0.0, 9.0)}}, "reloads"),
}


@pytest.mark.parametrize("feature", REFUSED)
def test_what_the_search_cannot_honour_is_named(feature):
    changes, word = REFUSED[feature]
    (refused,) = unsupported(problem(**changes))
    assert word in refused


def test_refills_without_any_limit_are_supported():
    assert unsupported(problem(vehicle=REFILL)) == []


@pytest.mark.parametrize("kind", ["delivery", "pickup"])
def test_loads_of_their_own_at_the_ends_of_shipments_are_refused(kind):
    own = problem({kind: (1.0,)}, {"capacity": (9.0,)}, shipments=(Shipment(1, 0, (2.0,)),))
    assert unsupported(own) == ["a delivery or pickup of its own at an end of a shipment"]
    assert unsupported(replace(own, shipments=(Shipment(1, 2, (2.0,)),))) == []


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_neighbours_come_by_their_distance_there_and_back(seed):
    drawn = any_problem(seed)
    n, depots = drawn.num_clients, drawn.num_depots
    views = {(v.profile, v.unit_distance_cost, v.speed) for v in drawn.vehicle_types}
    matrices = [drawn.distance_matrix(profile)[depots:, depots:] for profile, _, _ in views]
    for client, row in enumerate(search_data(drawn).neighbours.tolist()):
        gaps = [sum(matrix[client, other] + matrix[other, client] for matrix in matrices) for other in row]
        assert sorted(row) == list(range(n))
        assert gaps == pytest.approx(sorted(gaps))


def test_only_the_nearest_are_neighbours():
    street = Problem((Depot(0.0, 0.0),), tuple(Client(float(k), 0.0) for k in range(300)), (VehicleType(),))
    neighbours = search_data(street).neighbours
    assert neighbours.shape == (300, NEAREST + 1)
    assert sorted(neighbours[150].tolist()) == list(range(100, 201))


def test_the_first_neighbour_of_clients_at_one_place_is_each_itself():
    house = Problem((Depot(0.0, 0.0),), (Client(1.0, 1.0),) * 4, (VehicleType(),))
    assert search_data(house).neighbours[:, 0].tolist() == [0, 1, 2, 3]


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_leaving_a_required_client_out_costs_more_than_any_solution(seed):
    drawn = any_problem(seed)
    alone = [[judged(drawn, kind, [client]) for kind in range(len(drawn.vehicle_types))] for client in range(6)]
    dear = sum(max((cost for cost in costs if cost < inf), default=0.0) for costs in alone)
    mixed = sum(cost for cost in (judged(drawn, *route) for route in any_routes(drawn, seed)) if cost < inf)
    assert search_data(drawn).absence[drawn.required].min(initial=inf) > max(dear, mixed) + drawn.prizes.sum()


DEAR = {
    "time": Problem(
        (Depot(0.0, 0.0),),
        tuple(Client(9.0, float(k)) for k in range(4)),
        (VehicleType(unit_distance_cost=0.0, unit_duration_cost=1.0),),
    ),
    "waiting": Problem(
        (Depot(0.0, 0.0),),
        (Client(0.0, 1.0, tw=(0.0, 1.0)), Client(0.0, 2.0, tw=(900.0, 999.0))),
        (VehicleType(unit_duration_cost=5.0, num_available=1),),
    ),
    "vehicles": Problem(
        (Depot(0.0, 0.0),),
        tuple(Client(9.0, float(k), (1.0,)) for k in range(30)),
        (VehicleType(fixed_cost=1000.0, capacity=(1.0,)),),
    ),
}


@pytest.mark.parametrize("what", DEAR)
def test_however_dear_time_waiting_and_vehicles_are_serving_is_cheaper(what):
    dear = DEAR[what]
    routes = [[1, 2]] if what == "waiting" else [[1 + k] for k in range(dear.num_clients)]
    report = check(dear, routes)
    assert report.is_feasible()
    assert search_data(dear).absence.min() > report.cost.total


def test_the_price_of_an_optional_client_is_its_prize():
    assert search_data(problem({"required": False, "prize": 2.5})).absence[0] == 2.5


def test_vehicles_that_are_no_use_are_not_available():
    kinds = (
        VehicleType(2),
        VehicleType(),
        VehicleType(9),
        VehicleType(tw=(5.0, 9.0)),
        VehicleType(1, reload_depots=(0,)),
    )
    fleet = replace(problem(), vehicle_types=kinds, depots=(Depot(0.0, 0.0, tw=(0.0, 4.0)),))
    assert search_data(fleet).available.tolist() == [2, 4, 4, 0, 4]


def test_limits_give_way_by_less_than_the_checker_tolerates():
    limits = problem({"delivery": (4.0,)}, {"max_distance": 20.0, "max_duration": 0.0, "capacity": (1e6,)})
    data = search_data(limits)
    given_way = [data.farthest[0] - 20.0, data.longest[0], data.capacity[0, 0] - 1e6]
    assert min(given_way) > 0
    assert np.all(np.array(given_way) < 1e-6 * np.array([20.0, 1.0, 1e6]))


def test_vehicles_that_see_the_same_share_a_view():
    far = np.ones((5, 5)) - np.eye(5)
    kinds = [VehicleType(), VehicleType(fixed_cost=9.0), VehicleType(profile=1), VehicleType(unit_distance_cost=2.0)]
    mixed = replace(problem(), vehicle_types=tuple(kinds), profiles=(Profile(), Profile(distance=far)))
    data = search_data(mixed)
    assert data.sight.tolist() == [0, 0, 1, 2]
    assert data.cost[2, :5, :5].tolist() == (2 * data.cost[0, :5, :5]).tolist()
    assert set(data.cost[1, :5, :5][~np.eye(5, dtype=bool)].tolist()) == {1.0}
