"""VROOM's JSON: problems and solutions in and out, as far as both sides have words for them. See docs/formats.md."""

from __future__ import annotations

from pathlib import Path

from nco.errors import Fault, FileError
from nco.io.strict_json import store
from nco.io.vroom_reader import read_problem
from nco.io.vroom_solution import output_of, read_solution
from nco.io.vroom_writer import data_of, lost
from nco.problem import Problem
from nco.result import Result
from nco.solution import Solution

__all__ = ["read_problem", "read_solution", "write_problem", "write_solution"]


def write_problem(problem: Problem, path: Path) -> None:
    """Write VROOM's input; raises FileError (F013) with everything that VROOM cannot be told."""
    faults = [
        Fault("F013", "problem", f"{what} cannot be expressed", "Write nco-json (.json)") for what in lost(problem)
    ]
    if faults:
        raise FileError(faults)
    store(data_of(problem), path)


def write_solution(thing: Result | Solution, path: Path) -> None:
    """Write VROOM's output; raises FileError (F013) for reloads, and for routes alone, which have no times."""
    if not isinstance(thing, Result):
        raise FileError(Fault("F013", "solution", "routes without their problem cannot be expressed", "Write a Result"))
    store(output_of(thing), path)
