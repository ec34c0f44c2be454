"""Reasons: why a client is not served, for each vehicle type; and what can be said before solving, never wrongly."""

import time

import numpy as np
import pytest
from random_problems import random_problem, random_routes

import nco
from nco.checker import check
from nco.reasons import Obstacle, Reason, reasons, screen


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
    began = time.process_time()
    assert len(reasons(problem, check(problem, []))) == size
    assert time.process_time() - began < 5


def rules_of(reason: Reason) -> list[tuple[int, str]]:
    return [(obstacle.vehicle_type, obstacle.rule) for obstacle in reason.obstacles]


def test_every_vehicle_type_has_its_own_obstacle() -> None:
    model = model_with(delivery=5, tw=(0, 30), service=8)
    model.add_profile(allowed=[False], name="closed to it")
    model.add_profile(name="open")
    model.add_vehicle_type(1, capacity=4, profile="open", name="bike")
    model.add_vehicle_type(1, capacity=9, profile="open", speed=0.25, name="cart")
    model.add_vehicle_type(1, capacity=9, profile="closed to it", name="lorry")
    model.add_vehicle_type(1, capacity=9, profile="open", max_distance=15, name="drone")
    model.add_vehicle_type(1, capacity=9, profile="open", max_duration=25, name="courier")
    reason = only_reason(model)
    assert rules_of(reason) == [
        (0, "capacity"),
        (1, "time_windows"),
        (2, "allowed"),
        (3, "max_distance"),
        (4, "max_duration"),
    ]
    assert (reason.rule, reason.message.count("bike")) == ("capacity", 1)
    assert [obstacle.message for obstacle in reason.obstacles] == [
        "the load exceeds the capacity of bike by 1",
        "cart reaches bakery 10 too late",
        "the profile of lorry does not allow bakery",
        "the shortest route of drone to it is 5 too long",
        "the route of courier lasts 3 longer than it may",
    ]


def test_types_in_use_and_types_that_cannot_are_told_apart() -> None:
    model = model_with(delivery=2)
    model.add_client(0, 1, delivery=2)
    model.add_vehicle_type(1, capacity=2, name="van")
    model.add_vehicle_type(9, capacity=1, name="bike")
    problem = model.build()
    (reason,) = reasons(problem, check(problem, [[2]]))
    assert reason.obstacles == (
        Obstacle(0, "fleet", "the only vehicle of van is in use"),
        Obstacle(1, "capacity", "the load exceeds the capacity of bike by 1"),
    )


def test_a_type_that_could_serve_has_no_obstacle() -> None:
    model = model_with(delivery=5)
    model.add_vehicle_type(capacity=4)
    model.add_vehicle_type(capacity=5)
    assert rules_of(only_reason(model)) == [(0, "capacity")]


def test_a_vehicle_back_too_late_is_named_with_its_depot() -> None:
    model = nco.Model()
    model.add_depot(0, 0, name="yard")
    model.add_client(10, 0, name="bakery")
    model.add_vehicle_type(tw=(0, 15))
    reason = only_reason(model)
    assert reason.rule == "time_windows"
    assert "reaches yard 5 too late" in reason.message


def pair(**options: object) -> nco.Model:
    model = nco.Model()
    model.add_depot(0, 0)
    model.add_client(10, 0, name="sender")
    model.add_client(0, 10, name="receiver")
    model.add_shipment(0, 1, 3)
    model.add_vehicle_type(**options)  # type: ignore[arg-type]
    return model


def test_both_ends_of_a_shipment_count() -> None:
    for options, rule in (({"capacity": 2}, "capacity"), ({"capacity": 3, "max_distance": 34}, "max_distance")):
        problem = pair(**options).build()
        found = reasons(problem, check(problem, []))
        assert [(reason.location, reason.rule) for reason in found] == [(1, rule), (2, rule)]
    assert [r.rule for r in reasons(pair(capacity=3).build(), check(pair(capacity=3).build(), []))] == [
        "not_chosen"
    ] * 2


def test_a_client_whose_partner_is_served_without_it_is_named() -> None:
    problem = pair(capacity=3).build()
    (reason,) = reasons(problem, check(problem, [[1]]))
    assert (reason.location, reason.rule) == (2, "shipments")
    assert "sender" in reason.message


def test_no_vehicle_may_visit_both_ends() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    model.add_client(1, 0, name="sender")
    model.add_client(2, 0, name="receiver")
    model.add_shipment(0, 1)
    for index in range(2):
        model.add_vehicle_type(profile=model.add_profile(allowed=[index == 0, index == 1]))
    problem = model.build()
    first, second = reasons(problem, check(problem, []))
    assert rules_of(first) == rules_of(second) == [(0, "allowed"), (1, "allowed")]
    assert screen(problem).infeasible


def shortcut(**options: object) -> nco.Problem:
    """Three clients; the second is 30 away both ways, but 10 by way of the first and 10 home by way of the third."""
    model = nco.Model()
    model.add_depot()
    for name in ("out", "far", "home"):
        model.add_client(name=name)
    model.set_matrix([[0, 5, 30, 5], [5, 0, 5, 30], [30, 30, 0, 5], [5, 30, 30, 0]])
    model.add_vehicle_type(**options)  # type: ignore[arg-type]
    return model.build()


@pytest.mark.parametrize("options", [{"max_distance": 20}, {"max_duration": 20}, {"tw": (0, 20)}])
def test_what_a_detour_makes_possible_is_not_called_impossible(options: dict[str, object]) -> None:
    problem = shortcut(**options)
    assert check(problem, [[1, 2, 3]]).is_feasible()
    assert not check(problem, [[2]]).is_feasible()
    assert screen(problem).clients == ()
    assert [reason.rule for reason in reasons(problem, check(problem, []))] == ["not_chosen"] * 3


@pytest.mark.parametrize("options", [{"max_distance": 19}, {"max_duration": 19}, {"tw": (0, 19)}])
def test_what_no_detour_makes_possible_is(options: dict[str, object]) -> None:
    problem = shortcut(**options)
    assert [reason.location for reason in screen(problem).clients] == [2]
    assert screen(problem).infeasible


def test_an_optional_client_out_of_reach_leaves_the_problem_feasible() -> None:
    model = model_with(required=False)
    model.add_vehicle_type(max_distance=5)
    found = screen(model.build())
    assert [reason.rule for reason in found.clients] == ["max_distance"]
    assert not found.infeasible


def loaded(count: int | None = 2, **options: object) -> nco.Problem:
    model = nco.Model()
    model.add_depot(0, 0)
    for k in range(5):
        model.add_client(k, 1, delivery=(1, 2), pickup=(1, 0))
    model.add_client(1, 1, delivery=(1, 99), required=False)
    model.add_vehicle_type(count, **options)  # type: ignore[arg-type]
    return model.build()


def test_loads_beyond_the_whole_fleet_are_named_with_their_dimension() -> None:
    found = screen(loaded(capacity=(9, 4)))
    assert found.infeasible
    assert found.fleet == ("the deliveries of required clients are 10 in all, the fleet carries 8 in dimension 1",)


def test_pickups_count_by_themselves() -> None:
    assert [text.split()[1] for text in screen(loaded(capacity=(2, 9))).fleet] == ["deliveries", "pickups"]


@pytest.mark.parametrize(
    "options",
    [
        {"capacity": (9, 5)},
        {"capacity": (9, 4), "count": None},
        {"capacity": (9, 4), "reload_depots": [0]},
        {"capacity": (9, 4), "reload_depots": [0], "max_reloads": 1},
    ],
)
def test_a_fleet_that_may_do_is_not_called_too_small(options: dict[str, object]) -> None:
    assert screen(loaded(**options)).fleet == ()  # type: ignore[arg-type]


def test_nothing_known_is_said_as_such(square: nco.Problem) -> None:
    found = screen(square)
    assert (found.clients, found.fleet, found.infeasible) == ((), (), False)
    assert str(found) == "nothing is known to be impossible"


def test_a_result_says_what_its_problem_makes_impossible() -> None:
    problem = loaded(capacity=(9, 4))
    result = nco.Result(problem, check(problem, [[1, 2], [3, 4]]), "hand", 0.1, 1, 1)
    assert "whatever the routes: the deliveries" in result.summary()
    data = result.to_dict()
    assert data["impossible"] == [result.screen.clients[0].message, *result.screen.fleet]
    assert data["unassigned"][0]["vehicle_types"][0]["rule"] == "fleet"


@pytest.mark.parametrize("seed", range(150))
def test_no_client_of_a_feasible_route_is_called_impossible(seed: int) -> None:
    features = (
        None if seed % 2 else ("profiles", "windows", "max_distance", "max_duration", "shift", "loads", "shipments")
    )
    problem = random_problem(seed, features, size=6)
    impossible = {reason.location for reason in screen(problem).clients}
    for attempt in range(20):
        for route in random_routes(problem, 1000 * seed + attempt):
            broken = [v for v in check(problem, [route]).violations if v.rule not in ("visits", "fleet")]
            assert broken or not impossible & set(route.visits)


@pytest.mark.parametrize("seed", range(60))
def test_where_ways_are_direct_a_client_is_possible_just_when_a_route_of_its_own_is(seed: int) -> None:
    features = (
        "windows",
        "max_distance",
        "max_duration",
        "shift",
        "loads",
        "allowed",
        "open",
        "fleet",
        "depots",
        "speed",
    )
    problem = random_problem(seed, features, size=6)
    problem = nco.Problem(problem.depots, problem.clients, problem.vehicle_types, problem.profiles)
    impossible = {reason.location for reason in screen(problem).clients}
    for location in range(problem.num_depots, problem.num_locations):
        alone = [check(problem, [nco.Route((location,), kind)]) for kind in range(len(problem.vehicle_types))]
        broken = [any(v.rule not in ("visits", "fleet") for v in report.violations) for report in alone]
        assert all(broken) == (location in impossible)


def test_a_thousand_places_with_a_matrix_are_screened_in_seconds() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.uniform(1, 100, (1001, 1001))
    np.fill_diagonal(matrix, 0)
    model = nco.Model()
    model.add_depot()
    for _ in range(1000):
        model.add_client()
    model.set_matrix(matrix)
    for kind in range(20):
        model.add_vehicle_type(1, max_distance=20, fixed_cost=kind)
    began = time.process_time()
    found = screen(model.build())
    assert time.process_time() - began < 5
    assert found.clients == ()  # directly, nearly all are too far away


def test_ten_thousand_clients_within_reach_are_screened_in_half_a_second() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    for k in range(10_000):
        model.add_client(k, 1, delivery=1, tw=(0, 1e6), service=1)
    model.add_vehicle_type(capacity=1, max_distance=1e6, max_duration=1e6)
    problem = model.build()
    began = time.process_time()
    assert screen(problem).clients == ()
    assert time.process_time() - began < 0.5
