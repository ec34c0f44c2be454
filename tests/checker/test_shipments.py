"""Shipments: both ends on one trip, pickup first, and the load between them."""

import pytest
from brute_force import cost_of_route
from random_problems import random_problem, random_routes

import nco
from nco.checker import Report, check


@pytest.fixture
def couriers() -> nco.Problem:
    """Four clients on a line: 1 sends to 3, 2 sends to 4; a vehicle holds 5 and may stop at the depot on its way."""
    model = nco.Model("couriers")
    depot = model.add_depot(0, 0)
    for x in (1, 2, 3, 4):
        model.add_client(x, 0)
    model.add_shipment(0, 2, 3)
    model.add_shipment(1, 3, 3)
    model.add_vehicle_type(capacity=5, reload_depots=[depot])
    return model.build()


def rules(report: Report) -> list[tuple[str, int | None]]:
    return [(violation.rule, violation.location) for violation in report.violations]


def test_a_pickup_before_its_delivery_on_one_trip_is_accepted(couriers: nco.Problem) -> None:
    assert check(couriers, [[1, 3, 2, 4]]).is_feasible()
    assert check(couriers, [[1, 3], [2, 4]]).is_feasible()
    assert check(couriers, [[1, 3, 0, 2, 4]]).is_feasible()


def test_the_load_is_on_board_between_the_two(couriers: nco.Problem) -> None:
    schedule = check(couriers, [[1, 3, 2, 4]]).schedules[0]
    assert [stop.load for stop in schedule.stops] == [(0,), (3,), (0,), (3,), (0,), (0,)]


def test_two_shipments_on_board_at_once_must_fit(couriers: nco.Problem) -> None:
    report = check(couriers, [[1, 2, 3, 4]])
    assert rules(report) == [("capacity", 2)]
    assert report.violations[0].amount == 1


def test_a_delivery_before_its_pickup_is_rejected_at_both(couriers: nco.Problem) -> None:
    assert rules(check(couriers, [[3, 1], [2, 4]])) == [("shipments", 3), ("shipments", 1)]


def test_both_must_be_on_one_route(couriers: nco.Problem) -> None:
    assert rules(check(couriers, [[1], [3], [2, 4]])) == [("shipments", 1), ("shipments", 3)]


def test_both_must_be_on_one_trip(couriers: nco.Problem) -> None:
    assert rules(check(couriers, [[1, 0, 3], [2, 4]])) == [("shipments", 1), ("shipments", 3)]


def test_what_is_never_delivered_stays_on_board_to_the_end_of_the_trip(couriers: nco.Problem) -> None:
    stops = check(couriers, [[1, 2, 0, 3]]).schedules[0].stops
    assert [stop.load for stop in stops] == [(0,), (3,), (6,), (0,), (0,), (0,)]


def test_an_optional_shipment_is_served_whole_or_not_at_all() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    sender = model.add_client(1, 0, required=False, prize=3)
    receiver = model.add_client(2, 0, required=False, prize=4)
    model.add_client(3, 0)
    model.add_shipment(sender, receiver)
    model.add_vehicle_type()
    problem = model.build()
    left_out = check(problem, [[3]])
    assert left_out.is_feasible()
    assert left_out.cost.prizes == 7
    assert check(problem, [[1, 2, 3]]).cost.prizes == 0
    assert rules(check(problem, [[1, 3]])) == [("shipments", 1)]
    assert rules(check(problem, [[3, 2]])) == [("shipments", 2)]


def test_shipments_add_to_what_goes_to_and_from_the_depot() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    model.add_client(1, 0, delivery=(4, 0))
    model.add_client(2, 0, pickup=(0, 2))
    model.add_shipment(0, 1, (3, 1))
    model.add_vehicle_type(capacity=(4, 3))
    stops = check(model.build(), [[1, 2]]).schedules[0].stops
    assert [stop.load for stop in stops] == [(4, 0), (3, 1), (0, 2), (0, 2)]


def test_backhauls_last_does_not_concern_shipments() -> None:
    model = nco.Model(backhaul="last")
    model.add_depot(0, 0)
    model.add_client(1, 0)
    model.add_client(2, 0, delivery=1)
    model.add_client(3, 0)
    model.add_shipment(0, 2, 1)
    model.add_vehicle_type(capacity=2)
    assert check(model.build(), [[1, 2, 3]]).is_feasible()


@pytest.mark.parametrize("seed", range(60))
def test_random_routes_are_judged_as_by_brute_force(seed: int) -> None:
    problem = random_problem(seed, ("shipments", "loads", "two_loads", "pickups", "reloads"), size=6)
    for attempt in range(20):
        for route in random_routes(problem, 1000 * seed + attempt):
            report = check(problem, [route])
            broken = [v for v in report.violations if v.rule not in ("visits", "fleet")]
            expected = cost_of_route(problem, route)
            assert (expected == float("inf")) == bool(broken)
            if not broken:
                assert report.cost.total - report.cost.prizes == pytest.approx(expected)
