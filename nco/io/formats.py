"""The registry of file formats. To add one: write its module, add it to the tables below and to docs/formats.md.

A module has some of `read_problem(text, rounding)`, `read_solution(text, problem)`, `write_problem(problem, path)`,
`write_solution(solution_or_result, path)` and, for files of many problems, `read_set(path)`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from nco.errors import Fault, FileError, did_you_mean

#: Characters from the start of a file that its format is recognised from.
HEAD = 100_000


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its module, a pattern found near the start of every file, the suffix if it has one of its own."""

    name: str
    path: str
    pattern: str
    suffix: str | None = None

    @property
    def module(self) -> Any:
        return import_module(self.path)


#: JSON that is not ours and has a key of VROOM's near its start.
VROOM_KEYS = (
    r"\A\s*\{(?![\s\S]*\"format\"\s*:\s*\"nco-)[\s\S]*?\"(jobs|shipments|vehicles|matrices|summary|steps)\"\s*:"
)

VROOM = Format("vroom", "nco.io.vroom", VROOM_KEYS)
NCO_JSON = Format("nco-json", "nco.io.nco_json", r"\A\s*\{", ".json")
TSPLIB = Format("tsplib", "nco.io.tsplib", r"^[ \t]*TYPE[ \t]*:[ \t]*A?TSP\b", ".tsp")
VRPLIB = Format("vrplib", "nco.io.vrplib", r"^[ \t]*((DIMENSION|EDGE_WEIGHT_TYPE)[ \t]*:|[A-Z_]+_SECTION\b)", ".vrp")
SOLOMON = Format("solomon", "nco.io.solomon", r"^[ \t]*CUST(OMER|[ \t]+NO\.)")
GEOJSON = Format("geojson", "nco.io.geojson", r"\A\s*\{\s*\"type\"\s*:\s*\"FeatureCollection\"", ".geojson")
LI_LIM = Format("li-lim", "nco.io.li_lim", r"\A\s*\S+[ \t]+\S+[ \t]+\S+\s*\n[ \t]*0([ \t]+\S+){8}[ \t\r]*$")
CORDEAU = Format("cordeau", "nco.io.cordeau", r"\A\s*\d+([ \t]+\d+){3}[ \t\r]*\n\s*\S+[ \t]+\S+[ \t\r]*$")
SOL = Format("sol", "nco.io.sol", r"^[ \t]*Route\b", ".sol")

ROUTEFINDER = Format("routefinder", "nco.io.routefinder", r"\APK", ".npz")

PROBLEM_READERS = (VROOM, NCO_JSON, TSPLIB, VRPLIB, SOLOMON, LI_LIM, CORDEAU)
PROBLEM_WRITERS = (NCO_JSON, VROOM, VRPLIB)
SET_READERS = (ROUTEFINDER,)
SOLUTION_READERS = (VROOM, NCO_JSON, SOL)
SOLUTION_WRITERS = (NCO_JSON, VROOM, SOL, GEOJSON)


#: Suffix of files that `read` does not read -> what does.
ELSEWHERE = {".csv": "nco convert or nco.io.csv_orders.read(orders, vehicles)", ".npz": "nco.io.read_set(path)"}


def recognise(text: str, suffix: str, formats: Sequence[Format]) -> Format:
    """The format that the text looks like, else the one that the suffix stands for."""
    head = text[:HEAD]
    for candidate in formats:
        if re.search(candidate.pattern, head, re.MULTILINE):
            return candidate
    return for_suffix(suffix, formats)


def for_suffix(suffix: str, formats: Sequence[Format]) -> Format:
    """The format that a suffix stands for; raises FileError (F002) listing those there are."""
    for candidate in formats:
        if candidate.suffix == suffix.lower():
            return candidate
    known = ", ".join(f"{each.name} ({each.suffix})" if each.suffix else each.name for each in formats)
    what = f"neither the content nor the suffix '{suffix}' is known here"
    other = f"Use {ELSEWHERE[suffix.lower()]}, or" if suffix.lower() in ELSEWHERE else "Use"
    raise FileError(Fault("F002", "file", what, f"{other} one of: {known}"))


def named(name: str, formats: Sequence[Format]) -> Format:
    """The format of that name; raises FileError (F002) naming the nearest one."""
    for candidate in formats:
        if candidate.name == name:
            return candidate
    fix = did_you_mean(name, [candidate.name for candidate in formats])
    raise FileError(Fault("F002", "format", f"'{name}' is unknown", fix))
