"""nco.solve_batch: all problems, in order, in the time there is."""

import signal
import threading
import time

import pytest

import nco
from nco.envs.presets import problems
from nco.errors import ConfigError, SolverError
from nco.stop import MaxIterations, MaxRuntime

KINDS = (("cvrp", 12), ("vrptw", 8), ("pvrp_zc", 10))


@pytest.fixture
def mixed():
    """Problems of several sizes and variants."""
    return [
        problem
        for name, size in (("cvrp", 12), ("vrptw", 8), ("pvrp_zc", 10))
        for problem in problems(name, size, 2, 1)
    ]


def test_results_come_in_the_order_of_the_problems_and_are_those_of_one_chain_each(mixed):
    results = nco.solve_batch(mixed, MaxIterations(2), seed=3)
    assert [result.problem for result in results] == mixed
    assert [r.cost() for r in results] == [nco.solve(p, "search", MaxIterations(2), 3, chains=1).cost() for p in mixed]
    assert all(result.is_feasible() for result in results)


def test_the_time_is_shared_by_all_problems(mixed):
    began = time.perf_counter()
    results = nco.solve_batch(mixed * 2, MaxRuntime(1.2))
    assert 0.9 < time.perf_counter() - began < 2.4
    assert all(result.is_feasible() for result in results)


def test_problems_that_the_search_declines_go_to_another_solver(mixed):
    (reloading,) = problems("vrptw_reloads", 8, 1, 1)
    results = nco.solve_batch([mixed[0], reloading], MaxIterations(2))
    assert [result.solver for result in results] == ["search", "pyvrp"]


def test_every_result_is_told_when_it_is_done(mixed):
    told = {}
    results = nco.solve_batch(mixed, MaxIterations(1), on_result=told.__setitem__)
    assert [told[number] for number in range(len(mixed))] == results


def test_no_problems_have_no_results():
    assert nco.solve_batch([]) == []


def test_a_seed_that_is_none_is_an_error(mixed):
    with pytest.raises(ConfigError, match="C503"):
        nco.solve_batch(mixed, seed=-1)


def test_an_error_of_one_problem_ends_the_batch(mixed, monkeypatch):
    monkeypatch.setattr("nco.solvers.solve.PREFERENCE", (("search", {}),))
    with pytest.raises(SolverError, match=r"U302.*reloads"):
        nco.solve_batch([*problems("vrptw_reloads", 8, 1, 1), *mixed], MaxIterations(1))


def test_ctrl_c_gives_every_problem_a_round_and_returns(mixed):
    main = threading.main_thread().ident
    timer = threading.Timer(0.5, signal.pthread_kill, [main, signal.SIGINT])
    timer.start()
    began = time.perf_counter()
    results = nco.solve_batch(mixed, MaxRuntime(60))
    assert time.perf_counter() - began < 20
    assert all(result.is_feasible() for result in results)
