"""VRPLIB's solution format (.sol), read and written by the library vrplib.

Numbers are locations: depots first, then clients. With one depot, as in CVRPLIB, client k is number k and 0 the depot,
which appears only as a reload. Vehicle types and schedules are not part of the format: use nco-json for them.
"""

from __future__ import annotations

import re
from pathlib import Path

import vrplib

from nco.errors import Fault, FileError
from nco.problem import Problem
from nco.result import Result
from nco.solution import Solution

_ROUTE = re.compile(r"Route\s*#?\s*\d+\s*:([\s\d]*)")


def read_solution(text: str, problem: Problem) -> Solution:
    """Solution from the text of a .sol file; routes are driven by the first vehicle type."""
    faults, routes = [], []
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not line.startswith("Route"):
            continue  # cost, time and comments: the checker computes the cost
        if not _ROUTE.fullmatch(line):
            what = f"'{line[:40]}' is not a route"
            faults.append(Fault("F005", f"line {number}", what, "Write 'Route #1: 4 2 7', whole numbers only"))
        routes.append(" ".join(line.split()))
    if not routes:
        faults.append(Fault("F004", "file", "there is no route", "Write lines such as 'Route #1: 4 2 7'"))
    if faults:
        raise FileError(faults)
    return Solution.of(problem, vrplib.parse.parse_solution("\n".join(routes))["routes"])


def write_solution(thing: Result | Solution, path: Path) -> None:
    """Write routes and, for a result, the cost; raises FileError (F013) for several vehicle types and for no route."""
    routes = thing.routes
    if not routes:
        what = "a solution without any route cannot be expressed"
        raise FileError(Fault("F013", "solution", what, "Write nco-json (.json)"))
    if any(route.vehicle_type for route in routes):
        what = "routes of several vehicle types cannot be expressed"
        raise FileError(Fault("F013", "solution", what, "Write nco-json (.json)"))
    cost = {"Cost": f"{thing.cost():.15g}"} if isinstance(thing, Result) else None
    vrplib.write_solution(path, [list(route.visits) for route in routes], cost)
