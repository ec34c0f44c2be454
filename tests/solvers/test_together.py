"""Many problems in the kernel at once, here in Triton's interpreter."""

from dataclasses import replace

import pytest

from nco.checker import check
from nco.envs.presets import problems
from nco.search import gpu, packing
from nco.solution import Route, Solution
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


def test_ctrl_c_before_the_search_gives_nothing_and_says_so(mixed, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nco.solvers.together.policy_starts", interrupted)
    done = solve_together(mixed, MaxRuntime(1).start(), 1, device="cpu")
    assert done.interrupted
    assert not done.reports


def test_ctrl_c_during_the_search_gives_the_best_so_far(mixed, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gpu.GpuSearch, "_launch", interrupted)
    done = solve_together(mixed[:2], MaxRuntime(60).start(), 1, chains=1, device="cpu")
    assert done.interrupted
    assert [report.is_feasible() for report in done.reports.values()] == [True, True]
