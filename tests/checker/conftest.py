"""Fixtures of the checker's tests; makes the modules in tests/support importable."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nco import Client, Depot, Problem, VehicleType

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))


@pytest.fixture
def street() -> Callable[..., Problem]:
    """Clients on a street at x = 10, 20, 30 ..., depot at 0; changes per client, for the vehicle and the problem."""

    def build(
        *clients: dict[str, Any],
        vehicle: dict[str, Any] | None = None,
        depot: dict[str, Any] | None = None,
        **problem: Any,
    ) -> Problem:
        places = tuple(replace(Client(10.0 * (k + 1), 0.0), **changes) for k, changes in enumerate(clients))
        return Problem((Depot(0.0, 0.0, **(depot or {})),), places, (VehicleType(**(vehicle or {})),), **problem)

    return build
