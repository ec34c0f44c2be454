"""The time algebra and the loads along a route, against figures computed by hand."""

import math

import numpy as np
import pytest

import nco
from nco import Client, Depot, Problem, Profile, Route, VehicleType
from nco.checker import drive


def times(schedule, field):
    return [getattr(stop, field) for stop in schedule.stops]


def test_arrival_start_and_departure_add_up_along_a_route(street):
    problem = street({"service": 3.0}, {"service": 4.0})
    schedule = drive(problem, Route((1, 2)))
    assert [stop.location for stop in schedule.stops] == [0, 1, 2, 0]
    assert times(schedule, "arrival") == [0, 10, 23, 47]
    assert times(schedule, "start") == [0, 10, 23, 47]
    assert times(schedule, "departure") == [0, 13, 27, 47]
    assert times(schedule, "distance") == [0, 10, 20, 40]
    assert (schedule.distance, schedule.duration) == (40, 47)


def test_a_vehicle_leaves_late_instead_of_waiting_on_the_road(street):
    schedule = drive(street({"tw": (50.0, 60.0)}), Route((1,)))
    assert times(schedule, "start") == [40, 50, 60]
    assert times(schedule, "wait") == [0, 0, 0]
    assert schedule.duration == 20


def test_a_vehicle_that_must_leave_early_waits_on_the_road(street):
    schedule = drive(street({"tw": (0.0, 12.0)}, {"tw": (50.0, 60.0)}), Route((1, 2)))
    assert times(schedule, "start") == [2, 12, 50, 70]
    assert times(schedule, "arrival") == [2, 12, 22, 70]
    assert times(schedule, "wait") == [0, 0, 28, 0]
    assert schedule.duration == 68


def test_leaving_late_never_ends_the_route_later(street):
    problem = street({"tw": (0.0, 100.0)}, {"tw": (30.0, 100.0)}, {"tw": (0.0, 100.0)})
    schedule = drive(problem, Route((1, 2, 3)))
    assert times(schedule, "start") == [10, 20, 30, 40, 70]


def test_the_closing_time_of_the_depot_bounds_a_late_departure(street):
    schedule = drive(street({"tw": (50.0, 60.0)}, depot={"tw": (0.0, 30.0)}), Route((1,)))
    assert times(schedule, "start")[:2] == [30, 50]
    assert times(schedule, "wait")[1] == 10
    assert schedule.duration == 30
    assert schedule.lateness == (0, 0, 30)


def test_a_vehicle_waits_for_the_end_depot_to_open(street):
    problem = Problem(
        (Depot(0.0, 0.0, tw=(0.0, 5.0)), Depot(20.0, 0.0, tw=(100.0, 200.0))),
        (Client(10.0, 0.0),),
        (VehicleType(end_depot=1),),
    )
    schedule = drive(problem, Route((2,)))
    assert times(schedule, "start") == [5, 15, 100]
    assert schedule.duration == 95


def test_the_shift_begins_when_both_vehicle_and_depot_are_there(street):
    problem = street({}, vehicle={"tw": (7.0, 99.0)}, depot={"tw": (3.0, 99.0)})
    assert times(drive(problem, Route((1,))), "start") == [7, 17, 27]
    problem = street({}, vehicle={"tw": (3.0, 99.0)}, depot={"tw": (7.0, 99.0)})
    assert times(drive(problem, Route((1,))), "start") == [7, 17, 27]


def test_after_a_missed_window_the_clock_goes_on_from_the_real_arrival(street):
    problem = street({"tw": (0.0, 4.0), "service": 5.0}, {"tw": (0.0, 20.0)}, {"tw": (0.0, 99.0)})
    schedule = drive(problem, Route((1, 2, 3)))
    assert times(schedule, "start") == [0, 10, 25, 35, 65]
    assert schedule.lateness == (0, 6, 5, 0, 0)


def test_durations_come_from_the_matrix_and_speed_divides_them():
    distance = np.array([[0.0, 5.0], [7.0, 0.0]])
    duration = np.array([[0.0, 8.0], [2.0, 0.0]])
    problem = Problem(
        (Depot(),), (Client(service=1.0),), (VehicleType(speed=2.0),), (Profile(distance=distance, duration=duration),)
    )
    schedule = drive(problem, Route((1,)))
    assert times(schedule, "arrival") == [0, 4, 6]
    assert (schedule.distance, schedule.duration) == (12, 6)


def test_each_vehicle_type_sees_the_matrix_of_its_profile():
    profiles = tuple(Profile(distance=np.array([[0.0, d], [d, 0.0]])) for d in (3.0, 5.0))
    problem = Problem((Depot(),), (Client(),), (VehicleType(profile=1), VehicleType(profile=0)), profiles)
    assert [drive(problem, Route((1,), kind)).distance for kind in (0, 1)] == [10, 6]


def test_an_open_end_stops_at_the_last_client(street):
    problem = street({"service": 2.0}, {"service": 3.0}, vehicle={"end_depot": None})
    schedule = drive(problem, Route((1, 2)))
    assert [stop.location for stop in schedule.stops] == [0, 1, 2]
    assert (schedule.distance, schedule.duration) == (20, 25)


def test_a_route_may_end_at_another_depot():
    problem = Problem((Depot(0.0, 0.0), Depot(30.0, 0.0)), (Client(10.0, 0.0),), (VehicleType(end_depot=1),))
    schedule = drive(problem, Route((2,)))
    assert [stop.location for stop in schedule.stops] == [0, 2, 1]
    assert schedule.distance == 30


def test_deliveries_leave_and_pickups_come_on_board(street):
    problem = street(
        {"delivery": (4.0,)}, {"pickup": (3.0,)}, {"delivery": (2.0,), "pickup": (5.0,)}, vehicle={"capacity": (99.0,)}
    )
    schedule = drive(problem, Route((1, 2, 3)))
    assert times(schedule, "load") == [(6,), (2,), (5,), (8,), (8,)]


def test_loads_are_kept_per_dimension(street):
    problem = street({"delivery": (4.0, 1.0)}, {"pickup": (0.0, 3.0)}, vehicle={"capacity": (9.0, 9.0)})
    assert times(drive(problem, Route((1, 2))), "load") == [(4, 1), (0, 0), (0, 3), (0, 3)]


def test_a_reload_empties_the_vehicle_and_fills_it_for_the_next_trip(street):
    problem = street(
        {"delivery": (4.0,), "pickup": (1.0,)},
        {"delivery": (3.0,)},
        vehicle={"capacity": (9.0,), "reload_depots": (0,)},
    )
    schedule = drive(problem, Route((1, 0, 2)))
    assert times(schedule, "load") == [(4,), (1,), (3,), (0,), (0,)]
    assert schedule.distance == 60


def test_an_open_route_that_ends_at_a_reload_is_empty_there(street):
    problem = street({"pickup": (4.0,)}, vehicle={"capacity": (9.0,), "reload_depots": (0,), "end_depot": None})
    assert times(drive(problem, Route((1, 0))), "load") == [(0,), (4,), (0,)]


def test_more_depots_than_clients_do_not_disturb_the_loads():
    problem = Problem(
        tuple(Depot(float(k), 0.0) for k in range(4)),
        (Client(9.0, 0.0, (2.0,)),),
        (VehicleType(capacity=(2.0,), start_depot=3),),
    )
    schedule = drive(problem, Route((4,)))
    assert times(schedule, "load") == [(2,), (0,), (0,)]
    assert nco.check(problem, [[4]]).is_feasible()


@pytest.mark.parametrize("start", [0.0, 1.7e9])
def test_the_shortest_duration_does_not_depend_on_when_clocks_began(street, start):
    problem = street(
        {"tw": (start, start + 12), "service": 5.0},
        {"tw": (start + 40, start + 50), "service": 5.0},
        depot={"tw": (start, start + 900)},
    )
    assert math.isclose(drive(problem, Route((1, 2))).duration, 40 + 5 + 20 - 2 + 0, abs_tol=1e-6)
