"""Result: cost and verdict as the checker has them, and plain data for files."""

import json
import math
from collections.abc import Callable

import pytest

import nco
from nco.checker import check

Judged = Callable[..., nco.Result]


def test_a_feasible_result_has_the_exact_cost(square: nco.Problem, judged: Judged) -> None:
    result = judged(square, [[1, 2], [3, 4]])
    assert result.is_feasible()
    assert result.cost() == pytest.approx(4 + 4 * math.sqrt(2))
    assert result.routes == (nco.Route((1, 2)), nco.Route((3, 4)))
    assert result.unassigned == ()


def test_an_infeasible_result_costs_infinity_and_keeps_its_routes(square: nco.Problem, judged: Judged) -> None:
    result = judged(square, [[1, 2, 3, 4]])
    assert not result.is_feasible()
    assert result.cost() == math.inf
    assert result.routes == (nco.Route((1, 2, 3, 4)),)
    assert result.report.cost.total < math.inf


def test_a_client_left_out_is_listed_with_its_reason(square: nco.Problem, judged: Judged) -> None:
    result = judged(square, [[1, 2]])
    assert [reason.location for reason in result.unassigned] == [3, 4]


def test_the_schedule_has_every_stop_with_its_times(timed: nco.Problem, judged: Judged) -> None:
    schedule = judged(timed, [[1, 2], [3]]).schedule[0]
    assert [stop.location for stop in schedule.stops] == [0, 1, 2, 0]
    for stop in schedule.stops:
        assert stop.start == stop.arrival + stop.wait
    assert schedule.stops[2].start == 60


def test_the_summary_says_what_counts(square: nco.Problem, judged: Judged) -> None:
    text = judged(square, [[1, 2], [3, 4]]).summary()
    assert "square: 4 of 4 clients on 2 routes by pyvrp" in text
    assert "cost 9.656854249" in text
    assert "rounded: none" in text
    assert "INFEASIBLE" not in text


def test_the_summary_of_an_infeasible_result_names_the_violations(square: nco.Problem, judged: Judged) -> None:
    text = judged(square, [[1, 2, 3]]).summary()
    assert "INFEASIBLE" in text
    assert "capacity" in text
    assert "left out: 4" in text


def test_a_large_cost_is_shown_in_full() -> None:
    problem = nco.Problem((nco.Depot(0, 0),), (nco.Client(617_283, 0),), (nco.VehicleType(),))
    result = nco.Result(problem, check(problem, [[1]]), "hand", 0.0, 1, 1)
    assert "cost 1234566 (distance 1234566)" in result.summary()
    assert "cost 1234566," in str(result.report)


def test_its_text_lists_the_routes_by_name(timed: nco.Problem, judged: Judged) -> None:
    assert str(judged(timed, [[1, 2], [3]])).splitlines()[-2:] == ["Route 1: early late", "Route 2: west"]


def test_a_problem_without_cost_says_so() -> None:
    problem = nco.Problem((nco.Depot(0, 0),), (nco.Client(0, 0),), (nco.VehicleType(),))
    assert "no cost" in nco.Result(problem, check(problem, [[1]]), "hand", 0.0, 1, 1).summary()


def test_plain_data_has_cost_by_term_and_every_stop(timed: nco.Problem, judged: Judged) -> None:
    result = judged(timed, [[1, 2], [3]])
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert (data["format"], data["version"], data["feasible"]) == ("nco-solution", 1, True)
    assert data["cost"]["total"] == result.cost()
    terms = ("distance", "duration", "fixed", "preference", "prizes")
    assert sum(data["cost"][term] for term in terms) == pytest.approx(result.cost())
    assert [route["visits"] for route in data["routes"]] == [[1, 2], [3]]
    stop = data["routes"][0]["stops"][2]
    assert (stop["name"], stop["start"]) == ("late", 60)
    assert stop["wait"] == stop["start"] - stop["arrival"]
    assert data["solver"]["seed"] == 1
    assert data["solver"]["device"] == "cpu"


def test_plain_data_lists_violations_and_clients_left_out(square: nco.Problem, judged: Judged) -> None:
    data = judged(square, [[1, 2, 3]]).to_dict()
    assert {violation["rule"] for violation in data["violations"]} == {"capacity", "visits"}
    assert [entry["location"] for entry in data["unassigned"]] == [4]
    assert not data["feasible"]


def test_a_client_left_out_is_named_once_and_many_are_counted(judged: Judged) -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    for k in range(15):
        model.add_client(k, 1, delivery=1)
    model.add_vehicle_type(1, capacity=2)
    lines = judged(model.build(), [[1, 2, 3]]).summary().splitlines()
    assert [line for line in lines if "not visited" in line] == []
    assert sum("left out" in line for line in lines) == 10
    assert lines[-1] == "  ... and 2 more"


def test_a_single_route_is_one_route(square: nco.Problem, judged: Judged) -> None:
    assert "on 1 route by" in judged(square, [[1, 2, 3, 4]]).summary()
