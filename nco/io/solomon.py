"""Solomon's format, also of Gehring & Homberger: VRPTW with a limited fleet, parsed by the library vrplib.

Row 0 is the depot, row k client k. Travel time = distance, not rounded unless the caller says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import vrplib

from nco.errors import Fault, FileError
from nco.io.files import at_lines
from nco.io.sections import MOST_FAULTS, is_number
from nco.problem import Client, Depot, Problem, VehicleType
from nco.rounding import Rounding

Lines = list[tuple[int, str]]

COLUMNS = ("CUST", "NO.", "XCOORD.", "YCOORD.", "DEMAND", "READY", "DUE", "DATE", "SERVICE", "TIME")
#: Line, blank ones not counted -> words it must contain.
HEADERS = {1: ("VEHICLE",), 2: ("NUMBER", "CAPACITY"), 4: ("CUSTOMER",), 5: COLUMNS}


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from the text of a Solomon file."""
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    lines = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    if faults := [*_headers(lines)] or [*islice(_numbers(lines), MOST_FAULTS)]:
        raise FileError(faults)
    data = vrplib.parse.parse_solomon("\n".join(line for _, line in lines), compute_edge_weights=False)
    columns = [data["node_coord"], data["demand"], data["time_window"], data["service_time"]]
    rows = np.column_stack(columns).astype(np.float64).tolist()
    x, y, demand, opens, closes, service = rows[0]
    if demand or service:
        what = f"the depot has a demand of {demand:g} and a service time of {service:g}"
        raise FileError(Fault("F005", f"line {lines[6][0]}", what, "Give row 0, the depot, no demand and no service"))
    with at_lines(lambda kind, index, _: lines[3 if kind == "vehicle_types" else 6 + index + (kind == "clients")][0]):
        return Problem(
            depots=(Depot(x, y, (opens, closes)),),
            clients=tuple(
                Client(x, y, delivery=(demand,), tw=(opens, closes), service=service)
                for x, y, demand, opens, closes, service in rows[1:]
            ),
            vehicle_types=(VehicleType(int(data["vehicles"]), (float(data["capacity"]),)),),
            rounding=rounding or "none",
            name=str(data["name"]),
        )


def _headers(lines: Lines) -> Iterator[Fault]:
    for position, words in HEADERS.items():
        number, line = lines[position] if position < len(lines) else (lines[-1][0] + 1 if lines else 1, "")
        for word in words:
            if word not in line:
                yield Fault("F004", f"line {number}", f"'{word}' is missing", "See docs/formats.md for the headers")
                break


def _numbers(lines: Lines) -> Iterator[Fault]:
    yield from _row(*lines[3], 2)
    for expected, (number, line) in enumerate(lines[6:]):
        faults = [*_row(number, line, 7)]
        yield from faults
        if not faults and (row := int(line.split()[0])) != expected:
            code, what = ("F010", "was given before") if row < expected else ("F005", f"where {expected} belongs")
            yield Fault(code, f"line {number}", f"row {row} {what}", "Number rows 0, 1, 2 ... and give each once")
            return  # every row after it would be reported too
    if len(lines) < 8:
        yield Fault(
            "P102", "CUSTOMER", f"{len(lines) - 6} rows leave no client beside the depot", "Give two rows or more"
        )


def _row(number: int, line: str, width: int) -> Iterator[Fault]:
    words = line.split()
    if len(words) != width:
        yield Fault("F006", f"line {number}", f"the row has {len(words)} entries instead of {width}", "Correct the row")
    for word in words:
        if not is_number(word):
            yield Fault("F005", f"line {number}", f"'{word}' is not a finite number", "Give a whole number")
        elif not word.lstrip("+-").isdecimal() or len(word) > 18:
            fix = "Give whole numbers here, or use VRPLIB or nco-json"
            yield Fault("F009", f"line {number}", f"'{word}' is not a whole number of this format", fix)
