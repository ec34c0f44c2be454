from math import inf

import pytest

import nco
from nco import Client, Depot, Problem, Route, Solution, VehicleType, check
from nco.errors import SolutionError, SolverError
from nco.solvers.search import SearchSolver
from nco.stop import MaxIterations, MaxRuntime

ONE = MaxIterations(1)


@pytest.mark.parametrize("chains", [0, -1, 1.5, True, "2"])
def test_a_number_of_chains_that_is_none_is_refused(square, chains):
    with pytest.raises(SolverError, match=r"U307.*chains"):
        nco.solve(square, "search", ONE, chains=chains)


def test_the_result_tells_how_many_chains_ran_and_how_often_they_ruined(town):
    result = nco.solve(town(20), "search", MaxIterations(2), chains=3)
    assert (result.provenance["chains"], result.provenance["ruins"]) == ("3", "3000")
    assert result.provenance["search"].startswith("numba")


def test_every_improvement_is_told_in_checked_reports_whose_costs_fall(town):
    told = []
    result = nco.solve(town(80), "search", MaxIterations(6), chains=2, on_improvement=told.append)
    found = [report.cost.total for report in told]
    assert len(told) > 1
    assert all(report.is_feasible() for report in told)
    assert found == sorted(found, reverse=True)
    assert found == pytest.approx([cost for _, cost in result.history])
    assert told[-1].solution == result.report.solution


def test_nothing_is_told_while_clients_that_must_be_served_are_not():
    two = Problem((Depot(0.0, 0.0),), (Client(1.0, 0.0, (9.0,)), Client(2.0, 0.0)), (VehicleType(capacity=(1.0,)),))
    told = []
    result = nco.solve(two, "search", ONE, on_improvement=told.append)
    assert (told, result.history, result.cost()) == ([], (), inf)
    assert result.routes == (Route((2,)),)


def test_given_routes_are_never_made_worse(town):
    problem = town(60)
    good = nco.solve(problem, "search", MaxIterations(20), chains=2)
    for seed in range(3):
        again = nco.solve(problem, "search", ONE, seed, initial_solution=good.routes, chains=1)
        assert again.cost() <= good.cost() + 1e-9


BROKEN = {
    "none": ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
    "too much on board": ([[1, 2, 3], [4]], [[4]]),
    "a client twice": ([[1, 1], [3, 4]], [[3, 4]]),
    "a client of an earlier route": ([[1, 2], [2, 3], [4]], [[1, 2], [4]]),
    "too many routes": ([[1], [2], [3], [4]], [[1], [2], [3]]),
    "a refill of a vehicle that may not": ([[1, 0, 2], [3]], [[3]]),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_given_routes_that_break_a_rule_are_dissolved_and_the_others_begin_the_search(square, fault):
    given, kept = BROKEN[fault]
    problem = Problem(square.depots, square.clients, (VehicleType(3, (2.0,)),))
    assert SearchSolver(given)._start(problem) == Solution(tuple(Route(tuple(visits)) for visits in kept))
    assert nco.solve(problem, "search", ONE, initial_solution=given).cost() == pytest.approx(4 + 4 * 2**0.5)


def test_given_trips_of_a_vehicle_that_refills_are_kept(square):
    problem = Problem(square.depots, square.clients, (VehicleType(1, (2.0,), reload_depots=(0,)),))
    given = [[1, 2, 0, 3, 4]]
    assert SearchSolver(given)._start(problem) == Solution.of(problem, given)
    (route,) = nco.solve(problem, "search", ONE, initial_solution=given).routes
    assert check(problem, [route]).cost.total == pytest.approx(4 + 4 * 2**0.5)


def test_routes_through_places_that_do_not_exist_are_an_error(square):
    with pytest.raises(SolutionError, match="S201"):
        nco.solve(square, "search", ONE, initial_solution=[[7]])


class CtrlC:
    """A stop at which Ctrl-C is pressed when it is called for the last time."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def start(self):
        return self

    def progress(self) -> float:
        return 0.0

    def seconds_left(self) -> float:
        return inf

    def __call__(self, best_cost: float) -> bool:
        self.calls -= 1
        if self.calls == 0:
            raise KeyboardInterrupt
        return False


def test_ctrl_c_gives_the_best_so_far(town):
    told = []
    result = nco.solve(town(60), "search", CtrlC(4), chains=2, on_improvement=told.append)
    assert result.provenance["interrupted"] == "yes"
    assert result.is_feasible()
    assert result.cost() == told[-1].cost.total
    assert result.iterations == 3


def test_ctrl_c_while_an_improvement_is_told_gives_it(town):
    def press(report):
        raise KeyboardInterrupt

    result = nco.solve(town(30), "search", MaxRuntime(30), on_improvement=press)
    assert result.is_feasible()
    assert (result.iterations, len(result.history)) == (1, 1)
