"""Real processes, held to the clock from outside."""

import time

import pytest

from nco.bench.matrix import Run
from nco.bench.worker import Worker, grace
from nco.errors import SolverError


@pytest.fixture
def solve(fake_solvers, square):
    """Let a solver of the tests do one run in a process of its own."""
    workers = []

    def work(solver: str, max_runtime: float = 0.5):
        run = Run("square", "none", f"{fake_solvers}:{solver}", 1, max_runtime)
        workers.append(Worker(run, threads=1))
        return workers[-1].solve(run, square)

    yield work
    for worker in workers:
        worker.kill()


def test_a_feasible_solution_is_judged_and_its_routes_are_kept(solve):
    record = solve("Alone")
    assert record.status == "feasible"
    assert record.cost == pytest.approx(8 * 2**0.5)
    assert record.routes == [{"vehicle_type": 0, "visits": [k]} for k in (1, 2, 3, 4)]


def test_an_infeasible_solution_has_no_cost_but_says_why(solve):
    record = solve("Together")
    assert (record.status, record.cost) == ("infeasible", None)
    assert record.message.startswith("capacity: ")


def test_the_time_is_that_of_the_run_alone(solve):
    record = solve("Patient", max_runtime=0.5)
    assert record.status == "feasible"
    assert 0.5 <= record.wall < 0.5 + grace(0.5)


def test_a_solver_that_overruns_is_killed_and_reported(solve):
    began = time.perf_counter()
    record = solve("Sleepy", max_runtime=0.5)
    assert record.status == "overrun"
    assert record.cost is None
    assert 0.5 + grace(0.5) <= record.wall < 0.5 + grace(0.5) + 1
    assert time.perf_counter() - began < 30


def test_a_solver_that_dies_is_reported(solve):
    record = solve("Dying")
    assert (record.status, record.message) == ("failed", "the solver's process died")


@pytest.mark.parametrize(
    ("solver", "message"), [("Broken", "ZeroDivisionError: one too many"), ("Picky", "U302"), ("Boastful", "U304")]
)
def test_a_solver_that_raises_is_reported_with_its_words(solve, solver, message):
    record = solve(solver)
    assert record.status == "failed"
    assert message in record.message


def test_a_process_serves_many_runs(fake_solvers, square, timed):
    run = Run("x", "none", f"{fake_solvers}:Alone", 1, 0.5)
    worker = Worker(run, threads=1)
    try:
        statuses = [worker.solve(run, problem).status for problem in (square, timed, square)]
    finally:
        worker.kill()
    assert statuses == ["feasible"] * 3
    assert not worker.alive


def test_a_solver_that_cannot_be_created_is_an_error_at_once(solve):
    with pytest.raises(SolverError) as error:
        solve("Unwilling")
    assert error.value.codes == ("U307",)
