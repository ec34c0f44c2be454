import pytest

from nco import Route
from nco.pareto import Front, Point
from nco.pareto.weights import weighed


@pytest.fixture
def at(judged):
    """Make the point of a weight from the routes of Ada and Bob, as if a solver had found them."""

    def make(problem, weight, *routes, solver="search"):
        drivers = [Route(tuple(visits), kind) for kind, visits in enumerate(routes)]
        return Point(weight, judged(weighed(problem, weight), drivers, solver))

    return make


@pytest.fixture
def front(liked, at):
    """Four points: a driver for each side; the same by a detour; all clients by who is preferred; one left out."""
    return Front(
        (
            at(liked, 0.0, [1, 2], [3, 4]),
            at(liked, 0.3, [1, 4], [2, 3]),
            at(liked, 0.9, [1, 3], [2, 4]),
            at(liked, 1.0, [1, 3], [2]),
        )
    )
