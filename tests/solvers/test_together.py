"""Many problems in the kernel at once, here in Triton's interpreter."""

import signal
import threading
import time
from dataclasses import replace
from functools import partial

import pytest

import nco
from nco.checker import check
from nco.envs.presets import problems
from nco.search import gpu, packing, parts
from nco.solution import Route, Solution
from nco.solvers import together
from nco.solvers.together import complete_starts, solve_together
from nco.stop import MaxIterations, MaxRuntime


@pytest.fixture
def mixed():
    """Problems of several sizes and variants: with a policy for them, too small for any, and too few vehicles."""
    few = problems("cvrp", 6, 1, 2)[0]
    few = replace(few, vehicle_types=(replace(few.vehicle_types[0], num_available=1, capacity=(1.0,)),))
    return [*problems("cvrp", 20, 2, 1), problems("vrptw", 6, 1, 1)[0], few]


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """The interpreter takes a while for every slot and iteration."""
    monkeypatch.setattr(packing, "FEWEST", 8)
    monkeypatch.setattr(packing, "SPARE", 1)
    monkeypatch.setattr(gpu, "ROUND", 2)
    monkeypatch.setattr(gpu, "PROBE", 1)


def test_every_problem_with_a_solution_has_a_start_that_serves_all(mixed):
    starts = complete_starts(mixed, seed=1, device="cpu")
    assert sorted(starts) == [0, 1, 2]
    assert all(check(mixed[k], start).is_feasible() for k, start in starts.items())


def test_a_start_that_is_given_is_kept_and_one_that_leaves_clients_out_is_completed(mixed):
    alone = Solution(tuple(Route((k,)) for k in range(1, 21)))
    given = {0: alone, 1: Solution(alone.routes[:5])}
    starts = complete_starts(mixed[:2], 1, given, "cpu")
    assert starts[0] == alone
    assert check(mixed[1], starts[1]).is_feasible()


@pytest.mark.slow
def test_solutions_are_checked_never_worse_than_their_starts_and_repeat_with_the_seed(mixed):
    starts = complete_starts(mixed, 1, device="cpu")
    runs = [solve_together(mixed, MaxIterations(1).start(), 1, chains=1, device="cpu") for _ in range(2)]
    for number, report in runs[0].reports.items():
        assert report.is_feasible()
        assert report.cost.total <= check(mixed[number], starts[number]).cost.total * (1 + 1e-6)
    assert sorted(runs[0].reports) == [0, 1, 2]
    assert [runs[k].reports[0].solution for k in range(2)] == [runs[0].reports[0].solution] * 2


@pytest.fixture
def on_gpu(monkeypatch):
    """The paths that two GPUs take, in the interpreter, which takes one thread at a time."""
    launch, lock = gpu.GpuSearch._launch, threading.Lock()

    def alone(*arguments: object) -> None:
        with lock:
            launch(*arguments)

    monkeypatch.setattr(gpu.GpuSearch, "_launch", alone)
    monkeypatch.setattr("nco.solvers.batch.gpus", lambda device: [] if device == "cpu" else ["cpu", "cpu"])
    monkeypatch.setattr("nco.solvers.search.wants_gpu", lambda device, auto=False: device == "cuda")
    monkeypatch.setattr(together, "solve_together", partial(solve_together, chains=1))
    monkeypatch.setattr(together, "complete_starts", partial(complete_starts, device="cpu"))
    monkeypatch.setattr(gpu, "OneOnGpu", partial(gpu.OneOnGpu, device="cpu"))
    monkeypatch.setattr(parts, "InParts", partial(parts.InParts, device="cpu"))


@pytest.mark.slow
def test_a_batch_is_solved_together_and_the_cores_take_what_the_kernel_does_not_know(mixed, on_gpu):
    longest = replace(mixed[2], objective="max")
    told = {}
    results = nco.solve_batch([*mixed, longest], MaxIterations(1), on_result=told.__setitem__)
    assert [result.problem for result in results] == [*mixed, longest]
    assert ["padding" in result.provenance for result in results] == [True, True, True, False, False]
    assert [result.is_feasible() for result in results] == [True, True, True, False, True]
    assert [told[number] for number in range(5)] == results


@pytest.mark.slow
def test_ctrl_c_ends_the_search_and_gives_what_there_is_of_all_problems(mixed, on_gpu, monkeypatch):
    launch, main = gpu.GpuSearch._launch, threading.main_thread().ident
    once = iter([signal.SIGINT])

    def interrupting(*arguments: object) -> None:
        launch(*arguments)
        for number in once:
            signal.pthread_kill(main, number)

    monkeypatch.setattr(gpu.GpuSearch, "_launch", interrupting)
    began = time.perf_counter()
    results = nco.solve_batch(mixed, MaxRuntime(60))
    assert time.perf_counter() - began < 20
    assert [result.is_feasible() for result in results] == [True, True, True, False]
    assert results[0].provenance["interrupted"] == "yes"


@pytest.mark.slow
@pytest.mark.parametrize("most", [packing.MOST_CLIENTS, 10], ids=["whole", "in parts"])
def test_one_problem_is_searched_on_a_gpu_from_the_routes_it_is_given(mixed, on_gpu, monkeypatch, most):
    monkeypatch.setattr(packing, "MOST_CLIENTS", most)
    monkeypatch.setattr(parts, "SIZE", 8)
    start = nco.solve(mixed[0], "search", MaxIterations(1), chains=1).routes
    told = []
    result = nco.solve(
        mixed[0],
        "search",
        MaxIterations(1),
        device="cuda",
        chains=1,
        initial_solution=start,
        on_improvement=told.append,
    )
    assert result.is_feasible()
    assert result.cost() <= check(mixed[0], start).cost.total
    assert ("parts of" in result.provenance) == (most == 10)
    assert all(report.is_feasible() for report in told)


def test_a_route_too_long_for_the_kernel_leaves_its_problem_to_the_cores(mixed, on_gpu, monkeypatch):
    monkeypatch.setattr(packing, "MOST_CLIENTS", 10)
    tour = replace(mixed[0], vehicle_types=(replace(mixed[0].vehicle_types[0], capacity=(1000.0,)),))
    result = nco.solve(tour, "search", MaxIterations(1), device="cuda", initial_solution=[range(1, 21)])
    assert result.provenance["search"].startswith("numba")
