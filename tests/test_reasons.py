"""Reasons: why a client is not served."""

import time

import nco
from nco.checker import check
from nco.reasons import Reason, reasons


def model_with(**client: object) -> nco.Model:
    model = nco.Model()
    model.add_depot(0, 0)
    model.add_client(10, 0, name="bakery", **client)  # type: ignore[arg-type]
    return model


def only_reason(model: nco.Model) -> Reason:
    problem = model.build()
    (reason,) = reasons(problem, check(problem, []))
    assert reason.location == problem.num_depots
    assert "bakery" in reason.message
    return reason


def test_a_demand_above_every_capacity_is_named() -> None:
    model = model_with(delivery=5)
    model.add_vehicle_type(capacity=4)
    assert only_reason(model).rule == "capacity"


def test_a_window_that_no_vehicle_can_reach_is_named() -> None:
    model = model_with(tw=(0, 9))
    model.add_vehicle_type()
    assert only_reason(model).rule == "time_windows"


def test_a_client_too_far_away_is_named() -> None:
    model = model_with()
    model.add_vehicle_type(max_distance=19)
    assert only_reason(model).rule == "max_distance"


def test_a_client_that_takes_too_long_is_named() -> None:
    model = model_with(service=5)
    model.add_vehicle_type(max_duration=24)
    assert only_reason(model).rule == "max_duration"


def test_a_client_that_no_profile_allows_is_named() -> None:
    model = model_with()
    model.add_profile(allowed=[False])
    model.add_vehicle_type()
    assert only_reason(model).rule == "allowed"


def test_one_vehicle_type_that_can_serve_is_enough() -> None:
    model = model_with(delivery=5)
    model.add_vehicle_type(capacity=4)
    model.add_vehicle_type(capacity=5)
    assert only_reason(model).rule == "not_chosen"


def test_an_optional_client_is_left_out_for_its_prize() -> None:
    model = model_with(required=False, prize=3)
    model.add_vehicle_type()
    reason = only_reason(model)
    assert reason.rule == "not_chosen"
    assert "prize" in reason.message


def test_a_fleet_that_is_used_up_is_named() -> None:
    model = model_with(delivery=2)
    model.add_client(0, 1, delivery=2)
    model.add_vehicle_type(1, capacity=2)
    problem = model.build()
    (reason,) = reasons(problem, check(problem, [[2]]))
    assert (reason.location, reason.rule) == (1, "fleet")


def test_vehicles_that_are_left_but_cannot_serve_do_not_count() -> None:
    model = model_with(delivery=2)
    model.add_client(0, 1, delivery=2)
    model.add_vehicle_type(1, capacity=2)
    model.add_vehicle_type(9, capacity=1)
    problem = model.build()
    (reason,) = reasons(problem, check(problem, [[2]]))
    assert reason.rule == "fleet"


def test_served_clients_have_no_reason(square: nco.Problem) -> None:
    assert reasons(square, check(square, [[1, 2], [3, 4]])) == ()


def test_reasons_come_in_the_order_of_clients(square: nco.Problem) -> None:
    assert [reason.location for reason in reasons(square, check(square, [[3]]))] == [1, 2, 4]


def test_reasons_for_thousands_of_clients_take_seconds_not_minutes() -> None:
    size = 3000
    model = nco.Model()
    model.add_depot(0, 0)
    for k in range(size):
        model.add_client(k, 1, delivery=1)
    model.add_vehicle_type(capacity=1)
    problem = model.build()
    began = time.perf_counter()
    assert len(reasons(problem, check(problem, []))) == size
    assert time.perf_counter() - began < 5
