"""Solution: what may be passed as routes, and what is refused."""

from typing import Any

import numpy as np
import pytest

import nco


def test_lists_are_routes_of_the_first_vehicle_type(square: nco.Problem) -> None:
    solution = nco.Solution.of(square, [[1, 2], (3, 4)])
    assert solution.routes == (nco.Route((1, 2), 0), nco.Route((3, 4), 0))


def test_routes_keep_their_vehicle_type() -> None:
    model = nco.Model()
    model.add_depot(0, 0)
    model.add_client(1, 1)
    model.add_vehicle_type(name="van")
    model.add_vehicle_type(name="bike")
    assert nco.Solution.of(model.build(), [nco.Route((1,), 1)]).routes[0].vehicle_type == 1


@pytest.mark.parametrize("routes", [[], [[]], [[], ()], iter([])], ids=["[]", "[[]]", "[[], ()]", "iterator"])
def test_routes_without_a_visit_are_dropped(routes: Any, square: nco.Problem) -> None:
    assert nco.Solution.of(square, routes).routes == ()


def test_a_solution_passes_unchanged_through(square: nco.Problem) -> None:
    solution = nco.Solution.of(square, [[1, 2]])
    assert nco.Solution.of(square, solution) == solution


def test_arrays_and_generators_will_do(square: nco.Problem) -> None:
    expected = nco.Solution.of(square, [[1, 2], [3, 4]])
    assert nco.Solution.of(square, np.array([[1, 2], [3, 4]])) == expected  # type: ignore[arg-type]
    assert nco.Solution.of(square, (route for route in ([1, 2], [3, 4]))) == expected
    assert all(type(visit) is int for route in expected.routes for visit in route.visits)


def test_every_location_that_does_not_exist_is_reported(square: nco.Problem) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Solution.of(square, [[1, 5], [-1, 2], [99]])
    assert [(fault.code, fault.where) for fault in raised.value.faults] == [
        ("S201", "routes[0][1]"),
        ("S201", "routes[1][0]"),
        ("S201", "routes[2][0]"),
    ]


@pytest.mark.parametrize("kind", [-1, 1])
def test_a_vehicle_type_that_does_not_exist_is_reported(kind: int, square: nco.Problem) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Solution.of(square, [nco.Route((1,), kind)])
    assert raised.value.codes == ("S202",)


@pytest.mark.parametrize(
    "routes", [5, [1, 2], [[1.0]], [["1"]], ["12"], [[None]], None, {1: 2}, [nco.Route((1.5,))]], ids=repr
)
def test_what_cannot_be_read_as_routes_is_refused(routes: Any, square: nco.Problem) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Solution.of(square, routes)
    assert raised.value.codes == ("S203",)


@pytest.mark.parametrize("route", [nco.Route(5), nco.Route((1,), "van"), nco.Route((1,), None)], ids=repr)  # type: ignore[arg-type]
def test_a_malformed_route_is_refused(route: nco.Route, square: nco.Problem) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.Solution.of(square, [route])
    assert raised.value.codes == ("S203",)


def test_an_infeasible_solution_is_no_error(square: nco.Problem) -> None:
    assert len(nco.Solution.of(square, [[1, 1, 2, 3, 4, 1]]).routes) == 1


def test_visited_lists_clients_only_and_as_often_as_visited(square: nco.Problem) -> None:
    assert nco.Solution.of(square, [[1, 0, 2], [1]]).visited(square) == [1, 2, 1]
