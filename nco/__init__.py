"""nco: neural vehicle routing. Public names are loaded on first use, so that `import nco` is instant."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nco import pareto as pareto
    from nco import stop as stop
    from nco.checker import Report as Report
    from nco.checker import check as check
    from nco.errors import NcoError as NcoError
    from nco.io import read as read
    from nco.io import read_solution as read_solution
    from nco.io import write as write
    from nco.model import Model as Model
    from nco.problem import Client as Client
    from nco.problem import Depot as Depot
    from nco.problem import Problem as Problem
    from nco.problem import Profile as Profile
    from nco.problem import Shipment as Shipment
    from nco.problem import VehicleType as VehicleType
    from nco.result import Result as Result
    from nco.solution import Route as Route
    from nco.solution import Solution as Solution
    from nco.solvers.batch import solve_batch as solve_batch
    from nco.solvers.solve import solve as solve

#: Public name -> module it lives in.
_HOME = {
    "Client": "nco.problem",
    "Depot": "nco.problem",
    "Model": "nco.model",
    "NcoError": "nco.errors",
    "Problem": "nco.problem",
    "Profile": "nco.problem",
    "Report": "nco.checker",
    "Result": "nco.result",
    "Route": "nco.solution",
    "Shipment": "nco.problem",
    "Solution": "nco.solution",
    "VehicleType": "nco.problem",
    "check": "nco.checker",
    "read": "nco.io",
    "read_solution": "nco.io",
    "solve": "nco.solvers.solve",
    "solve_batch": "nco.solvers.batch",
    "write": "nco.io",
}

#: Public modules.
_MODULES = ("pareto", "stop")

__all__ = [*_HOME, *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"nco.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'nco' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
