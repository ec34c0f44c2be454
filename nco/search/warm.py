"""Compile the search: python -m nco.search.warm."""

from __future__ import annotations

import shutil

from nco.problem import Client, Depot, Problem, VehicleType
from nco.search.anneal import anneal
from nco.search.chains import Search
from nco.search.compiled import folder, is_ready
from nco.solution import Solution
from nco.stop import MaxIterations


def compile_now() -> None:
    """Compile the search, or load what is kept of it; what is damaged is made anew."""
    if is_loaded():
        return
    try:
        _search_once()
    except Exception:  # whatever reading a damaged file may raise
        if not is_ready():
            raise
        shutil.rmtree(folder(), ignore_errors=True)
        _search_once()
    finally:
        (folder() / "compiling").unlink(missing_ok=True)


def is_loaded() -> bool:
    """Whether this process has the compiled search."""
    return bool(anneal.signatures)


def _search_once() -> None:
    """Search on the smallest problem: numba compiles, or loads, what is called."""
    problem = Problem((Depot(0, 0),), (Client(0, 1), Client(1, 0)), (VehicleType(),))
    list(Search(problem, Solution(()), seed=0, chains=1).run(MaxIterations(1).start()))


if __name__ == "__main__":
    compile_now()
