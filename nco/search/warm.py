"""Compile the search: python -m nco.search.warm."""

from __future__ import annotations

from nco.problem import Client, Depot, Problem, VehicleType
from nco.search.chains import Search
from nco.search.compiled import folder, is_ready
from nco.solution import Solution
from nco.stop import MaxIterations


def compile_now() -> None:
    """Compile the search, unless it has been, by searching once on the smallest problem."""
    if is_ready():
        return
    try:
        problem = Problem((Depot(0, 0),), (Client(0, 1), Client(1, 0)), (VehicleType(),))
        list(Search(problem, Solution(()), seed=0, chains=1).run(MaxIterations(1).start()))
    finally:
        (folder() / "compiling").unlink(missing_ok=True)


if __name__ == "__main__":
    compile_now()
