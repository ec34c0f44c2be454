"""Compile the search: python -m nco.search.warm."""

from __future__ import annotations

from nco.problem import Client, Depot, Problem, VehicleType
from nco.search.chains import Search
from nco.search.compiled import folder
from nco.solution import Solution
from nco.stop import MaxIterations


def main() -> None:
    """Search once on the smallest problem."""
    try:
        problem = Problem((Depot(0, 0),), (Client(0, 1), Client(1, 0)), (VehicleType(),))
        list(Search(problem, Solution(()), seed=0, chains=1).run(MaxIterations(1).start()))
    finally:
        (folder() / "compiling").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
