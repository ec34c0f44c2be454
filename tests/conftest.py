"""Fixtures shared by all tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

import nco
from nco.checker import check


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real benchmark files beside the repository; tests that need them are skipped where there are none."""
    path = Path(__file__).parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("no shared data beside the repository")
    return path


@pytest.fixture
def square() -> nco.Problem:
    """Four clients in the corners of a square around the depot, two fit in a vehicle; the optimum is 4 + 4 sqrt 2."""
    model = nco.Model("square")
    model.add_depot(x=0, y=0, name="yard")
    for x, y in ((1, 1), (1, -1), (-1, -1), (-1, 1)):
        model.add_client(x=x, y=y, delivery=1)
    model.add_vehicle_type(capacity=2)
    return model.build()


@pytest.fixture
def timed() -> nco.Problem:
    """Three clients on a line with time windows and service; the first vehicle has to wait."""
    model = nco.Model("timed")
    model.add_depot(x=0, y=0)
    model.add_client(x=10, y=0, delivery=1, tw=(0, 15), service=5, name="early")
    model.add_client(x=20, y=0, delivery=1, tw=(60, 90), service=5, name="late")
    model.add_client(x=-10, y=0, delivery=1, tw=(0, 100), service=5, name="west")
    model.add_vehicle_type(3, capacity=2, name="van")
    return model.build()


@pytest.fixture
def judged() -> Callable[..., nco.Result]:
    """Make a Result from routes, as if a solver had found them."""

    def make(problem: nco.Problem, routes: list[list[int]], solver: str = "pyvrp", seed: int = 1) -> nco.Result:
        report = check(problem, routes)
        history = ((0.1, 1.3 * report.cost.total), (0.4, report.cost.total))
        return nco.Result(problem, report, solver, 0.5, 7, seed, history, {"device": "cpu"})

    return make


@pytest.fixture
def fake_solvers(monkeypatch) -> str:
    """Name of a module of solvers for tests, importable here and in processes that are started from here."""
    folder = str(Path(__file__).parent / "support")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", folder)
    return "fake_solvers"
