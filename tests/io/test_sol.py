"""VRPLIB's .sol files."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_problems import random_problem, random_routes

import nco
from nco.checker import check

DATA = Path(__file__).parent / "data"


@pytest.fixture
def problem() -> nco.Problem:
    return nco.read(DATA / "windows.vrp")


def test_routes_are_read_and_the_cost_is_left_to_the_checker(problem: nco.Problem) -> None:
    solution = nco.read_solution(DATA / "routes.sol", problem)
    assert solution == nco.Solution((nco.Route((1, 3)), nco.Route((2,))))


@pytest.mark.parametrize("line", ["Route #1: 1 3", "Route 1 : 1 3", "Route #1:\t1\t3 ", "Route#1:1 3"])
def test_spellings_in_use_are_read(line: str, tmp_path: Path, problem: nco.Problem) -> None:
    path = tmp_path / "x.sol"
    path.write_text(f"{line}\nRoute #2:\nCost 42.5\nTime : 3.1\nby hand\n")
    assert nco.read_solution(path, problem).routes == (nco.Route((1, 3)),)


def test_every_line_that_is_not_a_route_is_reported(tmp_path: Path, problem: nco.Problem) -> None:
    path = tmp_path / "x.sol"
    path.write_text("Route #1: 1 x\nRoute #2: 2\nRoute three: 3\n")
    with pytest.raises(nco.NcoError) as raised:
        nco.read_solution(path, problem)
    assert [fault.where for fault in raised.value.faults] == ["x.sol, line 1", "x.sol, line 3"]


def test_a_solution_that_is_written_reads_back_the_same(tmp_path: Path, problem: nco.Problem) -> None:
    solution = nco.Solution((nco.Route((1, 3)), nco.Route((2,))))
    nco.write(solution, tmp_path / "x.sol")
    assert nco.read_solution(tmp_path / "x.sol", problem) == solution


def test_a_result_is_written_with_its_exact_cost(tmp_path: Path, problem: nco.Problem) -> None:
    report = check(problem, [[1, 3], [2, 4]])
    nco.write(nco.Result(problem, report, "hand", 0.1, 1, 1), tmp_path / "x.sol")
    assert (tmp_path / "x.sol").read_text() == "Route #1: 1 3\nRoute #2: 2 4\nCost: 39\n"
    assert nco.read_solution(tmp_path / "x.sol", problem) == report.solution


def test_vehicle_types_cannot_be_expressed(tmp_path: Path) -> None:
    with pytest.raises(nco.NcoError) as raised:
        nco.write(nco.Solution((nco.Route((1,), 1),)), tmp_path / "x.sol")
    assert raised.value.codes == ("F013",)


def test_a_reload_is_a_depot_inside_a_route(tmp_path: Path) -> None:
    problem = nco.read(DATA / "everything.json")
    solution = nco.Solution((nco.Route((2, 1, 3)),))
    nco.write(solution, tmp_path / "x.sol")
    assert nco.read_solution(tmp_path / "x.sol", problem) == solution


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_any_routes_of_one_vehicle_type_read_back_the_same(seed: int, tmp_path: Path) -> None:
    problem = random_problem(seed)
    solution = nco.Solution(tuple(replace(route, vehicle_type=0) for route in random_routes(problem, seed)))
    result = nco.Result(problem, check(problem, solution), "hand", 0.1, 1, 1)
    for thing in (result, solution) if solution.routes else ():
        nco.write(thing, tmp_path / "x.sol")
        assert nco.read_solution(tmp_path / "x.sol", problem) == solution


def test_no_route_at_all_cannot_be_expressed(tmp_path: Path, problem: nco.Problem) -> None:
    for thing in (nco.Solution(()), nco.Result(problem, check(problem, []), "hand", 0.1, 1, 1)):
        with pytest.raises(nco.NcoError, match="without any route") as raised:
            nco.write(thing, tmp_path / "x.sol")
        assert raised.value.codes == ("F013",)
