"""Published solutions beside the files of a benchmark: problem.sol or problem.txt.sol, set_sol_pyvrp.npz for sets."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from nco.checker import check
from nco.errors import NcoError, NcoWarning
from nco.io import read_solution
from nco.io.files import located
from nco.io.routefinder import read_tour, read_tours
from nco.problem import Problem
from nco.solution import Solution


def reference(path: Path, problem: Problem) -> float | None:
    """Exact cost of the solution beside a file; None without one, or with a warning when it is not feasible."""
    for beside in (path.with_suffix(".sol"), path.with_name(f"{path.name}.sol")):
        if beside.exists():
            return _costs(beside, [problem], [read_solution(beside, problem)])[0]
    return None


def references(path: Path, problems: Sequence[Problem]) -> list[float | None]:
    """Cost of the best feasible solution of each problem of a set, from all files of tours beside it."""
    best: list[float | None] = [None] * len(problems)
    for beside in sorted(path.parent.glob(f"{path.stem}_sol_*{path.suffix}")):
        solutions = _tours(beside, problems)
        for k, cost in enumerate(_costs(beside, problems, solutions)):
            known = best[k]
            best[k] = cost if known is None or (cost is not None and cost < known) else known
    return best


def _tours(path: Path, problems: Sequence[Problem]) -> list[Solution]:
    try:
        return [read_tour(problem, tour) for problem, tour in zip(problems, read_tours(path), strict=False)]
    except NcoError as error:
        raise located(error, path) from None


def _costs(path: Path, problems: Sequence[Problem], solutions: Sequence[Solution]) -> list[float | None]:
    """Cost of each solution, None where it breaks a rule; one warning for all of those."""
    reports = [check(problem, solution) for problem, solution in zip(problems, solutions, strict=False)]
    broken = [report.violations[0] for report in reports if not report.is_feasible()]
    if broken:
        count = f"{len(broken)} of its {len(reports)} solutions: " if len(reports) > 1 else ""
        rounded = f"distances rounded: {problems[0].rounding}"
        warnings.warn(f"{path} is no reference: {count}{broken[0]} ({rounded})", NcoWarning, stacklevel=4)
    return [report.cost.total if report.is_feasible() else None for report in reports]
