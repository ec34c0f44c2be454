"""Reading and writing files: `read` a problem, `read_solution`, `write` either. One format = one module.

docs/formats.md describes the formats. A format's module is imported when a file of that format is met.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from nco.errors import Fault, FileError, NcoError
from nco.io.files import load, located, storing
from nco.io.formats import (
    PROBLEM_READERS,
    PROBLEM_WRITERS,
    SET_READERS,
    SOLUTION_READERS,
    SOLUTION_WRITERS,
    Format,
    for_suffix,
    named,
    recognise,
)
from nco.problem import Problem
from nco.result import Result
from nco.rounding import Rounding
from nco.solution import Solution

__all__ = ["read", "read_set", "read_solution", "write"]


def read(path: str | os.PathLike[str], *, format: str | None = None, rounding: Rounding | None = None) -> Problem:
    """Read a problem; the format is recognised from the content, else the suffix, or named ("vrplib", "cordeau" ...).

    docs/formats.md lists the formats; the path "-" is standard input. rounding: convention for distances computed from
    coordinates (see nco.rounding); None takes the format's own: TSPLIB's "round" for EUC_2D, what the file says for
    nco-json, "none" for most. Given matrices stay as they are.
    Raises FileError or ProblemError with every fault found, each with its line or key.
    """
    path = Path(path)
    try:
        text = load(path)
        source = named(format, PROBLEM_READERS) if format else recognise(text, path.suffix, PROBLEM_READERS)
        problem: Problem = source.module.read_problem(text, rounding)
        return problem
    except NcoError as error:
        raise located(error, path) from None


def read_set(path: str | os.PathLike[str]) -> Sequence[Problem]:
    """Read a file of many problems (RouteFinder's .npz); each is made when it is asked for.

    Raises FileError with every fault found; problems that are inconsistent raise ProblemError when asked for.
    """
    path = Path(path)
    source = for_suffix(path.suffix, SET_READERS)
    if not path.is_file():
        what = "it is not a regular file" if path.exists() else "it does not exist"
        raise located(FileError(Fault("F001", "file", what, "Check the path and its permissions")), path)
    try:
        problems: Sequence[Problem] = source.module.read_set(path)
        return problems
    except NcoError as error:
        raise located(error, path) from None


def read_solution(path: str | os.PathLike[str], problem: Problem) -> Solution:
    """Read a solution of a problem: VRPLIB's .sol or the JSON that `write` makes of a result.

    Raises FileError, or SolutionError for locations and vehicle types that the problem does not have.
    """
    path = Path(path)
    try:
        text = load(path)
        source = recognise(text, path.suffix, SOLUTION_READERS)
        solution: Solution = source.module.read_solution(text, problem)
        return solution
    except NcoError as error:
        raise located(error, path) from None


def write(thing: Problem | Result | Solution, path: str | os.PathLike[str], *, format: str | None = None) -> None:
    """Write a problem (.json, .vrp) or a result or solution (.json, .sol, .geojson): suffix or `format` decide.

    Raises FileError: F002 for another suffix or format, F012 when the file cannot be written, F013 naming everything
    that the format cannot express (nco-json expresses all).
    """
    path = Path(path)
    try:
        with storing(path):
            if isinstance(thing, Problem):
                _target(format, path, PROBLEM_WRITERS).module.write_problem(thing, path)
            elif isinstance(thing, Result | Solution):
                _target(format, path, SOLUTION_WRITERS).module.write_solution(thing, path)
            else:
                what = f"a {type(thing).__name__} is neither a problem nor a solution"
                raise FileError(Fault("F012", "file", what, "Give a Problem, a Result or a Solution"))
    except FileError as error:
        raise located(error, path) from None


def _target(format: str | None, path: Path, formats: Sequence[Format]) -> Format:
    return named(format, formats) if format else for_suffix(path.suffix, formats)
