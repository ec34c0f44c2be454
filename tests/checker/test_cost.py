"""The cost of a solution, term by term, against figures computed by hand."""

import numpy as np
import pytest

import nco
from nco import Client, Depot, Problem, Profile, Route, VehicleType


def test_the_cost_is_the_distance_by_default(street):
    cost = nco.check(street({"service": 5.0}, {}), [[1], [2]]).cost
    assert (cost.distance, cost.total) == (60, 60)


def test_every_vehicle_used_costs_its_fixed_cost(street):
    problem = street({}, {}, vehicle={"fixed_cost": 7.0, "num_available": 9})
    assert nco.check(problem, [[1], [2]]).cost.fixed == 14
    assert nco.check(problem, [[1, 2]]).cost.total == 40 + 7


def test_distance_and_duration_have_their_prices(street):
    vehicle = {"unit_distance_cost": 2.0, "unit_duration_cost": 3.0, "speed": 2.0}
    cost = nco.check(street({"service": 5.0}, vehicle=vehicle), [[1]]).cost
    assert (cost.distance, cost.duration, cost.total) == (40, 45, 85)


def test_waiting_is_paid_only_where_it_cannot_be_avoided(street):
    clients = {"tw": (0.0, 12.0)}, {"tw": (50.0, 60.0)}
    vehicle = {"unit_distance_cost": 0.0, "unit_duration_cost": 1.0}
    assert nco.check(street(*clients, vehicle=vehicle), [[1, 2]]).cost.total == 68
    assert nco.check(street(*clients, vehicle=vehicle), [[1], [2]]).cost.total == 20 + 40


def test_each_vehicle_type_has_its_own_prices():
    types = VehicleType(fixed_cost=1.0, unit_distance_cost=2.0), VehicleType(fixed_cost=5.0, unit_distance_cost=0.5)
    problem = Problem((Depot(0, 0),), (Client(10, 0), Client(20, 0)), types)
    cost = nco.check(problem, [Route((1,), 0), Route((2,), 1)]).cost
    assert (cost.distance, cost.fixed) == (2 * 20 + 0.5 * 40, 6)


def test_a_visit_costs_what_the_vehicle_is_disliked(street):
    problem = street({}, {}, {}, profiles=(Profile(preference=np.array([1.0, 0.25, 0.0])),), preference_weight=4.0)
    assert nco.check(problem, [[1, 2, 3]]).cost.preference == 4 * (0 + 0.75 + 1)
    assert nco.check(problem, [[1, 2, 3]]).cost.total == 60 + 7


def test_preferences_depend_on_the_profile_and_none_means_no_opinion():
    profiles = Profile(preference=np.array([0.0, 0.5])), Profile()
    types = VehicleType(profile=0), VehicleType(profile=1)
    problem = Problem((Depot(0, 0),), (Client(10, 0), Client(20, 0)), types, profiles, preference_weight=2.0)
    assert nco.check(problem, [Route((1, 2), 0)]).cost.preference == 3
    assert nco.check(problem, [Route((1, 2), 1)]).cost.preference == 0


def test_an_optional_client_left_out_costs_its_prize(street):
    problem = street({"required": False, "prize": 3.0}, {"required": False, "prize": 5.0}, {"prize": 100.0})
    assert nco.check(problem, [[3]]).cost.prizes == 8
    assert nco.check(problem, [[1, 3]]).cost.prizes == 5
    assert nco.check(problem, [[1, 2, 3]]).cost.prizes == 0


def test_a_required_client_left_out_is_a_violation_not_a_price(street):
    report = nco.check(street({"prize": 3.0}, {}), [[2]])
    assert (report.cost.prizes, report.is_feasible()) == (0, False)


def test_no_routes_cost_the_prizes_only(street):
    report = nco.check(street({"required": False, "prize": 3.0}), [])
    assert (report.cost.total, report.is_feasible(), report.schedules) == (3, True, ())


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [("none", 2.5495097567963922), ("round", 3), ("trunc", 2), ("dimacs", 2.5), ("exact", 2.55)],
)
def test_distances_are_rounded_only_by_the_named_convention(rounding, expected):
    problem = Problem((Depot(0.0, 0.0),), (Client(0.5, 2.5),), (VehicleType(end_depot=None),), rounding=rounding)
    assert nco.check(problem, [[1]]).cost.total == pytest.approx(expected, rel=1e-15)


def test_a_matrix_is_never_rounded():
    distance = np.array([[0.0, 2.5495], [1.0, 0.0]])
    problem = Problem((Depot(),), (Client(),), (VehicleType(),), (Profile(distance=distance),), rounding="round")
    assert nco.check(problem, [[1]]).cost.total == 3.5495


def test_an_asymmetric_matrix_is_read_from_row_to_column():
    distance = np.array([[0.0, 1.0, 10.0], [100.0, 0.0, 1000.0], [1e4, 1e5, 0.0]])
    problem = Problem((Depot(),), (Client(), Client()), (VehicleType(),), (Profile(distance=distance),))
    assert nco.check(problem, [[1, 2]]).cost.total == 1 + 1000 + 1e4
    assert nco.check(problem, [[2, 1]]).cost.total == 10 + 1e5 + 100


def test_reloads_cost_their_way_and_no_second_fixed_cost(street):
    problem = street({}, {}, vehicle={"fixed_cost": 7.0, "reload_depots": (0,)})
    assert nco.check(problem, [[1, 0, 2]]).cost.total == 20 + 40 + 7
