from dataclasses import replace
from itertools import pairwise

import pytest
from brute_force import best_cost
from random_problems import random_problem

import nco
from nco.envs.presets import problems
from nco.errors import ConfigError, ProblemError, SolverError
from nco.pareto import spread, sweep
from nco.pareto.sweep import at_once
from nco.stop import MaxIterations


def points(problem, weights, solver="search", **options):
    return list(sweep(problem, weights, [MaxIterations(3)] * len(weights), solver, **options))


@pytest.mark.parametrize("seed", range(6))
def test_solved_to_optimality_more_weight_of_preferences_never_costs_less_nor_pleases_less(seed):
    problem = random_problem(seed, ("fleet", "profiles", "preference", "loads", "fixed"), size=5)
    found = points(problem, spread(problem))
    assert all(point.result.is_feasible() for point in found)
    for point in found:
        assert point.result.cost() == pytest.approx(best_cost(point.result.problem))
    for cheaper, nicer in pairwise(found):
        assert nicer.cost >= cheaper.cost - 1e-6
        assert nicer.dislike <= cheaper.dislike + 1e-6


def test_the_ends_are_the_cheapest_and_the_most_liked_routes(liked):
    cheapest, nicest = points(liked, (0.0, 1.0))
    assert (cheapest.cost, cheapest.preference) == pytest.approx((4 * 101**0.5 + 4, 2))
    assert (nicest.cost, nicest.preference) == pytest.approx((4 * 101**0.5 + 40, 4))


def test_a_point_begins_with_the_routes_of_the_one_before_where_the_solver_can(liked, fake_solvers):
    warm = points(liked, (0.0, 0.5, 1.0), f"{fake_solvers}:Warm")
    assert [point.result.iterations for point in warm] == [0, 4, 4]
    assert len(points(liked, (0.0, 1.0), f"{fake_solvers}:Alone")) == 2


def test_the_points_come_one_by_one(liked, fake_solvers):
    stops = [MaxIterations(1)] * 2
    first = next(sweep(liked, (0.0, 1.0), stops, f"{fake_solvers}:Alone", seed=7))
    assert (first.weight, first.result.seed) == (0.0, 7)


def test_without_a_solver_the_first_that_can_is_taken_and_the_time_is_shared(liked):
    front = nco.pareto.front(liked, seconds=0.3, weights=[1, 0, 0.5])
    assert front.solver == "search"
    assert [point.weight for point in front.points] == [0, 0.5, 1]
    assert all(point.result.runtime < 2 for point in front.points)


def test_a_solver_that_can_takes_all_weights_at_once(liked, fake_solvers):
    front = nco.pareto.front(liked, f"{fake_solvers}:Alike", weights=[0, 0.5, 1], seconds=0.3, seed=7)
    assert [point.weight for point in front.points] == [0, 0.5, 1]
    assert [point.result.iterations for point in front.points] == [3, 3, 3]
    assert [point.result.seed for point in front.points] == [7, 7, 7]
    assert all(point.result.runtime >= 0.3 for point in front.points)


def test_the_policy_solves_all_weights_at_once_and_more_weight_never_costs_less_nor_pleases_less():
    (problem,) = problems("pvrp_p", 20, 1, seed=5)
    front = nco.pareto.front(problem, "neural", seconds=0, device="cpu")
    assert all(point.result.is_feasible() for point in front.points)
    assert [point.result.iterations for point in front.points] == [1] * len(spread(problem))
    for cheaper, nicer in pairwise(front.points):
        assert nicer.cost >= cheaper.cost - 1e-6
        assert nicer.dislike <= cheaper.dislike + 1e-6
    assert front.points[-1].preference > front.points[0].preference + 0.5


def test_what_cannot_be_solved_one_by_one_cannot_be_solved_at_once(liked, fake_solvers):
    with pytest.raises(SolverError, match="U302"):
        nco.pareto.front(liked, f"{fake_solvers}:AlikeButPicky")
    with pytest.raises(ConfigError, match="C503 seed"):
        nco.pareto.front(liked, f"{fake_solvers}:Alike", seconds=0, seed=-1)
    with pytest.raises(ProblemError, match="P122"):
        at_once(replace(liked, objective="max"), (0.0, 1.0), MaxIterations(1), "neural")


def test_the_weights_suit_the_problem_unless_given(liked, fake_solvers):
    front = nco.pareto.front(liked, f"{fake_solvers}:Together", seconds=0)
    assert tuple(point.weight for point in front.points) == spread(liked)


def test_a_problem_without_preferences_has_no_front(square):
    with pytest.raises(ProblemError, match=r"P122 profiles: no vehicle type has preferences\. Give"):
        nco.pareto.front(square)


def test_preferences_that_no_vehicle_has_are_none(liked):
    vehicles = tuple(replace(vehicle, profile=2) for vehicle in liked.vehicle_types)
    with pytest.raises(ProblemError, match="P122"):
        nco.pareto.front(replace(liked, profiles=(*liked.profiles, nco.Profile()), vehicle_types=vehicles))


def test_the_cost_of_one_route_has_no_front(liked):
    with pytest.raises(ProblemError, match="P122 objective"):
        nco.pareto.front(replace(liked, objective="max"))


def test_wrong_weights_and_solvers_are_errors(liked):
    with pytest.raises(ConfigError, match="C503 weights: 2 is not allowed"):
        nco.pareto.front(liked, weights=[2])
    with pytest.raises(SolverError, match="Did you mean 'pyvrp'"):
        nco.pareto.front(liked, "pyvpr")
