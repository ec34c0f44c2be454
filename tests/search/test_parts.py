"""Large problems in parts: nothing is lost at the cuts, and nothing gets worse."""

import math
from collections.abc import Iterator
from itertools import count, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_problems import FEATURES, in_pairs, random_problem, random_routes, with_shipments

import nco
from nco.checker import Report, check
from nco.envs.presets import problems
from nco.places import map_coordinates
from nco.search import gpu, packing
from nco.search import parts as module
from nco.search.packing import unsupported
from nco.search.parts import InParts, cut, parts
from nco.stop import MaxIterations


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.integers(1, 20)), min_size=1, max_size=40),
    st.integers(1, 60),
    st.floats(0, 7),
)
def test_every_point_is_in_one_group_and_no_group_is_too_heavy(points, size, angle):
    rows = np.array(points)
    weights = rows[:, 2].astype(np.intp)
    groups = cut(rows[:, :2], weights, size, angle)
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(points)))
    assert all(weights[group].sum() <= size or len(group) == 1 for group in groups)


def test_groups_are_neighbours():
    centres = np.array([(x, y) for x in (0.0, 10.0) for y in (0.0, 10.0) for _ in range(3)])
    groups = cut(centres, np.ones(12, dtype=np.intp), 3, 0.1)
    assert sorted(sorted(group.tolist()) for group in groups) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]


def solved(feature: str) -> Iterator[tuple[nco.Problem, Report]]:
    """Problems with this feature and a feasible solution of each, without end."""
    for seed in count(0):
        problem = random_problem(seed, ("loads", "fleet", feature), size=7)
        problem = with_shipments(problem, seed) if feature == "shipments" else problem
        candidates = (in_pairs(problem, random_routes(problem, number), number) for number in range(40))
        reports = (check(problem, routes) for routes in candidates)
        if report := next((report for report in reports if report.is_feasible()), None):
            yield problem, report


@pytest.mark.parametrize("feature", sorted({*FEATURES, "shipments"}))
def test_parts_cost_together_what_the_solution_costs_and_share_its_vehicles(feature):
    for problem, solution in islice(solved(feature), 3):
        compare(problem, solution)


def compare(problem: nco.Problem, solution: Report) -> None:
    xy = map_coordinates(problem)[0]
    pieces = parts(problem, solution.solution, xy, size=3, angle=0.5)
    reports = [check(piece.problem, piece.start) for piece in pieces]
    assert all(not report.violations for report in reports), reports
    assert sum(report.cost.total for report in reports) == pytest.approx(solution.cost.total)
    routes = [route for piece in pieces for route in piece.whole(piece.start)]
    assert sorted(routes, key=str) == sorted(solution.solution.routes, key=str)
    for k, vehicle in enumerate(problem.vehicle_types):
        if vehicle.num_available is not None:
            shared = [piece.problem.vehicle_types[piece.kinds.index(k)] for piece in pieces if k in piece.kinds]
            assert sum(share.num_available for share in shared) == vehicle.num_available


@pytest.mark.slow
def test_turns_make_a_large_problem_cheaper_and_its_solution_stays_whole(monkeypatch):
    monkeypatch.setattr(packing, "FEWEST", 8)
    monkeypatch.setattr(packing, "SPARE", 1)
    monkeypatch.setattr(gpu, "ROUND", 6)
    monkeypatch.setattr(module, "SIZE", 6)
    problem = problems("cvrp", 12, 1, 4)[0]
    alone = nco.Solution.of(problem, [[k] for k in range(1, 13)])
    search = InParts(problem, alone, seed=1, chains=1, device="cpu")
    costs = list(search.run(MaxIterations(2).start()))
    report = check(problem, search.best())
    assert report.is_feasible()
    assert math.isclose(report.cost.total, costs[-1])
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < 0.9 * check(problem, alone).cost.total
    assert not unsupported(problem)
