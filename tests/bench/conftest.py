"""Instances and records without a solver behind them."""

import pytest

from nco.bench.instances import Instance
from nco.bench.matrix import Run
from nco.bench.records import Record


@pytest.fixture
def instances(square, timed) -> list[Instance]:
    """A square with a published solution, and a problem with time windows without one."""
    return [Instance("square", square, reference=10.0), Instance("timed", timed)]


@pytest.fixture
def record():
    """Make a record of a run that took 1.5 s."""

    def make(solver: str, instance: str, cost: float | None, *, seed: int = 1, status: str = "") -> Record:
        run = Run(instance, "none", solver, seed, 1.0)
        return Record(run, 4, status or ("feasible" if cost is not None else "infeasible"), 1.5, cost)

    return make
