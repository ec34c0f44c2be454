"""Makes the modules in tests/support importable; problems of some size for the tests of solvers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nco import Client, Depot, Problem, VehicleType

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))


@pytest.fixture
def town():
    """Build a town: n clients around a depot with windows, service and demands, all with many decimals."""

    def build(n: int, seed: int = 1, **vehicle) -> Problem:
        rng = np.random.default_rng(seed)
        places, opens = rng.uniform(0, 1000, (n, 2)).tolist(), rng.uniform(0, 3000, n).tolist()
        demands = rng.uniform(1, 10, n).tolist()
        clients = tuple(
            Client(*place, (load,), tw=(early, early + 1000), service=10.5)
            for place, load, early in zip(places, demands, opens, strict=True)
        )
        return Problem(
            (Depot(500.0, 500.0, tw=(0.0, 6000.0)),), clients, (VehicleType(**{"capacity": (60.0,), **vehicle}),)
        )

    return build
