"""Each rule: the least that it accepts, the least that it rejects, where it says the fault is."""

import math
from dataclasses import replace

import numpy as np
import pytest

import nco
from nco import Client, Depot, Problem, Profile, Route, VehicleType
from nco.checker import exceeds


def only_violation(problem, routes):
    report = nco.check(problem, routes)
    (violation,) = report.violations
    assert not report.is_feasible()
    assert str(violation) == f"{violation.rule}: {violation.message}"
    return violation


def accepts(problem, routes):
    report = nco.check(problem, routes)
    return report.is_feasible() and not report.violations


def test_a_full_vehicle_is_accepted(street):
    assert accepts(street({"delivery": (4.0,)}, {"delivery": (5.0,)}, vehicle={"capacity": (9.0,)}), [[1, 2]])


def test_a_route_over_capacity_is_rejected_where_the_load_is_highest(street):
    problem = street({"delivery": (4.0,)}, {"delivery": (6.0,)}, vehicle={"capacity": (9.0,)})
    violation = only_violation(problem, [[1, 2]])
    assert (violation.rule, violation.route, violation.location, violation.amount) == ("capacity", 0, 0, 1)


def test_pickups_count_where_they_come_on_board(street):
    problem = street({"delivery": (6.0,)}, {"pickup": (6.0,)}, {"pickup": (5.0,)}, vehicle={"capacity": (9.0,)})
    violation = only_violation(problem, [[1, 2, 3]])
    assert (violation.rule, violation.location, violation.amount) == ("capacity", 3, 2)


def test_a_pickup_before_a_delivery_may_be_too_much_while_after_it_fits(street):
    problem = street({"delivery": (6.0,)}, {"pickup": (6.0,)}, vehicle={"capacity": (9.0,)})
    assert accepts(problem, [[1, 2]])
    violation = only_violation(problem, [[2, 1]])
    assert (violation.rule, violation.location, violation.amount) == ("capacity", 2, 3)


def test_every_load_dimension_has_its_own_capacity(street):
    problem = street({"delivery": (1.0, 5.0)}, vehicle={"capacity": (9.0, 4.0)})
    violation = only_violation(problem, [[1]])
    assert (violation.rule, violation.amount) == ("capacity", 1)
    assert "dimension 1" in violation.message


def test_each_trip_has_the_whole_capacity(street):
    problem = street({"delivery": (9.0,)}, {"delivery": (9.0,)}, vehicle={"capacity": (9.0,), "reload_depots": (0,)})
    assert accepts(problem, [[1, 0, 2]])
    assert only_violation(problem, [[1, 2]]).rule == "capacity"


def test_capacity_is_that_of_the_vehicle_type_that_drives():
    problem = Problem(
        (Depot(0, 0),), (Client(1, 0, (5.0,)),), (VehicleType(capacity=(4.0,)), VehicleType(capacity=(5.0,)))
    )
    assert only_violation(problem, [Route((1,), 0)]).rule == "capacity"
    assert accepts(problem, [Route((1,), 1)])


def test_service_may_start_when_the_window_closes_but_not_later(street):
    assert accepts(street({"tw": (0.0, 10.0), "service": 99.0}), [[1]])
    violation = only_violation(street({"tw": (0.0, 9.0)}), [[1]])
    assert (violation.rule, violation.route, violation.location, violation.amount) == ("time_windows", 0, 1, 1)


def test_lateness_is_reported_at_every_stop_that_is_missed(street):
    report = nco.check(street({"tw": (0.0, 9.0)}, {"tw": (0.0, 18.0)}, {"tw": (0.0, 30.0)}), [[1, 2, 3]])
    assert [(v.rule, v.location, v.amount) for v in report.violations] == [
        ("time_windows", 1, 1),
        ("time_windows", 2, 2),
    ]


def test_the_end_depot_must_still_be_open(street):
    assert accepts(street({}, depot={"tw": (0.0, 20.0)}), [[1]])
    violation = only_violation(street({}, depot={"tw": (0.0, 19.0)}), [[1]])
    assert (violation.rule, violation.location, violation.amount) == ("time_windows", 0, 1)


def test_the_shift_must_not_be_exceeded(street):
    assert accepts(street({"service": 1.0}, vehicle={"tw": (5.0, 26.0)}), [[1]])
    violation = only_violation(street({"service": 1.0}, vehicle={"tw": (6.0, 26.0)}), [[1]])
    assert (violation.rule, violation.location, violation.amount) == ("time_windows", 0, 1)


def test_with_an_open_end_the_shift_ends_with_the_last_service(street):
    assert accepts(street({"service": 5.0}, vehicle={"tw": (0.0, 15.0), "end_depot": None}), [[1]])
    violation = only_violation(street({"service": 5.0}, vehicle={"tw": (0.0, 14.0), "end_depot": None}), [[1]])
    assert (violation.rule, violation.location, violation.amount) == ("time_windows", 1, 1)


def test_a_shift_outside_the_opening_hours_of_the_depot_is_late_at_once(street):
    problem = street({}, vehicle={"tw": (30.0, 90.0)}, depot={"tw": (0.0, 20.0)})
    assert nco.check(problem, [[1]]).violations[0].location == 0


def test_a_reload_must_respect_the_window_of_its_depot():
    depots = (Depot(0.0, 0.0), Depot(0.0, 10.0, tw=(0.0, 25.0)))
    problem = Problem(depots, (Client(0.0, 20.0), Client(0.0, 30.0)), (VehicleType(reload_depots=(1,)),))
    assert only_violation(problem, [[2, 1, 3]]).location == 1
    assert accepts(replace(problem, depots=(depots[0], replace(depots[1], tw=(0.0, 30.0)))), [[2, 1, 3]])


@pytest.mark.parametrize(("rule", "limit"), [("max_distance", 40.0), ("max_duration", 45.0)])
def test_a_route_may_reach_its_limit_but_not_exceed_it(street, rule, limit):
    clients = {"service": 2.0}, {"service": 3.0}
    assert accepts(street(*clients, vehicle={rule: limit}), [[1, 2]])
    violation = only_violation(street(*clients, vehicle={rule: limit - 1}), [[1, 2]])
    assert (violation.rule, violation.route, violation.location, violation.amount) == (rule, 0, None, 1)


def test_waiting_on_the_road_counts_for_the_duration_waiting_at_home_does_not(street):
    clients = {"tw": (0.0, 12.0)}, {"tw": (50.0, 60.0)}
    assert accepts(street(*clients, vehicle={"max_duration": 68.0}), [[1, 2]])
    assert only_violation(street(*clients, vehicle={"max_duration": 67.0}), [[1, 2]]).rule == "max_duration"
    assert accepts(street(clients[1], vehicle={"max_duration": 20.0}), [[1]])


def test_the_whole_route_with_its_reloads_counts_for_the_limits(street):
    problem = street({}, {}, vehicle={"reload_depots": (0,), "max_distance": 59.0})
    assert only_violation(problem, [[1, 0, 2]]).rule == "max_distance"


def test_a_vehicle_visits_only_clients_its_profile_allows(street):
    problem = street({}, {}, profiles=(Profile(allowed=np.array([True, False])),))
    assert accepts(replace(problem, clients=(problem.clients[0], replace(problem.clients[1], required=False))), [[1]])
    violation = only_violation(problem, [[1, 2]])
    assert (violation.rule, violation.route, violation.location) == ("allowed", 0, 2)


def test_the_profile_is_that_of_the_vehicle_type():
    profiles = (Profile(), Profile(allowed=np.array([False])))
    problem = Problem((Depot(0, 0),), (Client(1, 0),), (VehicleType(profile=1), VehicleType(profile=0)), profiles)
    assert only_violation(problem, [Route((1,), 0)]).rule == "allowed"
    assert accepts(problem, [Route((1,), 1)])


MIXED = {"delivery": (1.0,)}, {"pickup": (1.0,)}, {"delivery": (1.0,)}


def test_backhauls_go_last_only_when_asked_for(street):
    vehicle = {"capacity": (9.0,), "reload_depots": (0,)}
    assert accepts(street(*MIXED, vehicle=vehicle), [[1, 2, 3]])
    problem = street(*MIXED, vehicle=vehicle, backhaul="last")
    assert accepts(problem, [[1, 3, 2]])
    violation = only_violation(problem, [[1, 2, 3]])
    assert (violation.rule, violation.route, violation.location) == ("backhaul", 0, 3)


def test_after_a_reload_deliveries_may_come_again(street):
    problem = street(*MIXED, vehicle={"capacity": (9.0,), "reload_depots": (0,)}, backhaul="last")
    assert accepts(problem, [[1, 2, 0, 3]])


def test_a_client_without_a_load_does_not_end_the_backhauls(street):
    problem = street(*MIXED, {}, vehicle={"capacity": (9.0,)}, backhaul="last")
    assert accepts(problem, [[1, 4, 3, 2]])
    assert only_violation(problem, [[1, 2, 4, 3]]).location == 3


def test_a_route_of_backhauls_alone_is_accepted(street):
    assert accepts(street({"pickup": (1.0,)}, vehicle={"capacity": (1.0,)}, backhaul="last"), [[1]])


def test_a_vehicle_reloads_only_at_its_reload_depots():
    problem = Problem((Depot(0, 0), Depot(5, 0)), (Client(1, 0), Client(2, 0)), (VehicleType(reload_depots=(1,)),))
    assert accepts(problem, [[2, 1, 3]])
    violation = only_violation(problem, [[2, 0, 3]])
    assert (violation.rule, violation.route, violation.location) == ("reloads", 0, 0)


def test_a_vehicle_reloads_no_more_often_than_it_may(street):
    problem = street({}, {}, {}, vehicle={"reload_depots": (0,), "max_reloads": 1})
    assert accepts(problem, [[1, 0, 2, 3]])
    violation = only_violation(problem, [[1, 0, 2, 0, 3]])
    assert (violation.rule, violation.route, violation.location, violation.amount) == ("reloads", 0, None, 1)


def test_no_more_vehicles_are_used_than_there_are(street):
    problem = street({}, {}, {}, vehicle={"num_available": 2, "name": "van"})
    assert accepts(problem, [[1], [2, 3]])
    violation = only_violation(problem, [[1], [2], [3]])
    assert (violation.rule, violation.route, violation.amount) == ("fleet", None, 1)
    assert "van" in violation.message


def test_the_fleet_is_counted_per_vehicle_type():
    problem = Problem(
        (Depot(0, 0),), (Client(1, 0), Client(2, 0)), (VehicleType(num_available=1), VehicleType(num_available=1))
    )
    assert accepts(problem, [Route((1,), 0), Route((2,), 1)])
    assert only_violation(problem, [Route((1,), 1), Route((2,), 1)]).rule == "fleet"


def test_a_required_client_must_be_visited(street):
    report = nco.check(street({}, {"name": "shop"}), [[1]])
    (violation,) = report.violations
    assert (violation.rule, violation.location, report.unassigned) == ("visits", 2, (2,))
    assert "shop" in violation.message


def test_an_optional_client_may_be_left_out(street):
    report = nco.check(street({}, {"required": False, "prize": 3.0}), [[1]])
    assert (report.is_feasible(), report.unassigned) == (True, (2,))


@pytest.mark.parametrize("routes", [[[1, 2, 1]], [[1, 2], [1]]])
@pytest.mark.parametrize("required", [True, False])
def test_no_client_is_visited_twice(street, routes, required):
    violation = only_violation(street({"required": required}, {}), routes)
    assert (violation.rule, violation.location, violation.amount) == ("visits", 1, 1)


def test_a_triple_visit_does_not_hide_behind_full_coverage(street):
    assert only_violation(street({}, {}), [[1, 1, 1, 2]]).amount == 2


def test_all_broken_rules_are_reported_together(street):
    problem = street(
        {"delivery": (9.0,), "tw": (0.0, 1.0)},
        {},
        vehicle={"capacity": (1.0,), "num_available": 1, "max_distance": 5.0, "max_duration": 5.0},
    )
    report = nco.check(problem, [[1], [1]])
    assert {v.rule for v in report.violations} == {
        "capacity",
        "time_windows",
        "max_distance",
        "max_duration",
        "fleet",
        "visits",
    }
    assert "infeasible" in str(report)


@pytest.mark.parametrize("limit", [1e-3, 1.0, 1e3, 1e9])
def test_a_limit_is_exceeded_only_beyond_the_tolerance(limit):
    slack = 1e-6 * max(1.0, limit)
    assert not exceeds(limit, limit)
    assert not exceeds(limit + 0.9 * slack, limit)
    assert exceeds(limit + 1.1 * slack, limit)


def test_nothing_exceeds_no_limit():
    assert not exceeds(1e12, math.inf)


@pytest.mark.parametrize(("late", "accepted"), [(0.9e-6, True), (1.1e-6, False)])
def test_a_window_is_missed_only_beyond_the_tolerance(street, late, accepted):
    assert accepts(street({"x": 0.5, "tw": (0.0, 0.5 - late)}), [[1]]) is accepted


def test_a_clock_that_counts_from_1970_buys_no_lateness(street):
    now = 1.7e9
    problem = street({"tw": (now, now + 9.0)}, depot={"tw": (now, now + 90.0)})
    violation = only_violation(problem, [[1]])
    assert (violation.rule, violation.amount) == ("time_windows", 1)


def test_a_long_drive_has_a_proportionate_tolerance(street):
    far = street({"x": 1e6, "tw": (0.0, 1e6 - 0.9)})
    assert accepts(far, [[1]])
    assert not accepts(replace(far, clients=(replace(far.clients[0], tw=(0.0, 1e6 - 1.1)),)), [[1]])
