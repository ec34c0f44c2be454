"""Makes the modules in tests/support importable; problems of some size for the tests of solvers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from nco import Client, Depot, Problem, Profile, VehicleType

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


@pytest.fixture
def street():
    """Build a street: n clients at x = 1, 2, 3 ..., all with one profile."""

    def build(n: int, vehicle=None, preference=None, weight: float = 1.0) -> Problem:
        liking = None if preference is None else np.array(preference)
        clients = tuple(Client(float(k + 1), 0.0) for k in range(n))
        profiles = (Profile(preference=liking),)
        return Problem(
            (Depot(0.0, 0.0),), clients, (VehicleType(**(vehicle or {})),), profiles, preference_weight=weight
        )

    return build
