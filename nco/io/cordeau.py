"""Cordeau's format for several depots, with or without time windows. Cordeau, Gendreau and Laporte 1997.

Line 1: type, vehicles per depot, clients, depots. Then the longest route and the capacity at each depot (0: no limit),
the clients and the depots. A route ends at the depot where it began. Travel time = distance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from nco.errors import Fault, FileError
from nco.io.files import at_lines
from nco.io.rows import Row, check_numbering, check_row, rows_of
from nco.io.sections import MOST_FAULTS, is_count
from nco.problem import ALWAYS, Client, Depot, Problem, VehicleType, Window
from nco.rounding import Rounding

#: Type on line 1 -> whether there are time windows.
TYPES = {"2": False, "6": True}


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from the text of a Cordeau file of type 2 (MDVRP) or 6 (MDVRPTW)."""
    rows = rows_of(text)
    if faults := [*_header(rows[0])] or [*islice(_rows(rows), MOST_FAULTS)]:
        raise FileError(faults)
    kind, vehicles, n, m = rows[0][1]
    first = 1 + int(m)
    limits, clients, depots = rows[1:first], rows[first : first + int(n)], rows[first + int(n) :]
    lines = {
        "vehicle_types": [line for line, _ in limits],
        "clients": [line for line, _ in clients],
        "depots": [line for line, _ in depots],
    }
    with at_lines(lambda kind, index, _: lines[kind][index]):
        return Problem(
            depots=tuple(Depot(float(words[1]), float(words[2]), _window(words[7:9])) for _, words in depots),
            clients=tuple(_client(words, TYPES[kind]) for _, words in clients),
            vehicle_types=tuple(
                VehicleType(
                    int(vehicles),
                    (float(words[1]) or _all(clients),),
                    depot,
                    depot,
                    max_duration=float(words[0]) or math.inf,
                )
                for depot, (_, words) in enumerate(limits)
            ),
            rounding=rounding or "none",
        )


def _all(clients: list[Row]) -> float:
    """A capacity that never binds."""
    return sum(float(words[4]) for _, words in clients)


def _client(words: list[str], windows: bool) -> Client:
    _, x, y, service, demand = map(float, words[:5])
    return Client(x, y, (demand,), tw=_window(words[-2:]) if windows else ALWAYS, service=service)


def _window(words: list[str]) -> Window:
    """Opening and closing; 0 0 stands for none, as depots have it."""
    opens, closes = map(float, words) if len(words) == 2 else (0.0, 0.0)
    return (opens, closes) if opens or closes else ALWAYS


def _header(row: Row) -> Iterator[Fault]:
    line, words = row
    yield from check_row(row, 4, 4)
    for word in words:
        if not is_count(word):
            yield Fault("F005", f"line {line}", f"'{word}' is not a count", "Give four whole numbers")
    if words[0] not in TYPES:
        fix = "Supported are 2 (several depots) and 6 (several depots, time windows)"
        yield Fault("F009", f"line {line}", f"type {words[0]} is not supported", fix)


def _rows(rows: list[Row]) -> Iterator[Fault]:
    line, (kind, _, *counts) = rows[0]
    n, m = map(int, counts)
    if len(rows) != 1 + m + n + m:
        what = f"{len(rows) - 1} rows follow, not {m} limits, {n} clients and {m} depots"
        yield Fault("F006", f"line {line}", what, "Correct the counts or the rows")
        return
    for row in rows[1 : 1 + m]:
        yield from check_row(row, 2, 2)
    for row in rows[1 + m : 1 + m + n]:
        yield from _visit(row, m, 7 + m + 2 * TYPES[kind])
    for row in rows[1 + m + n :]:
        yield from check_row(row, 5, 9)
        if len(row[1]) >= 5 and any(float(word) for word in row[1][3:7] if is_count(word)):
            yield Fault("F005", f"line {row[0]}", "the depot has a demand or a service time", "Give it 0")
    yield from check_numbering(rows[1 + m :], 1)


def _visit(row: Row, m: int, width: int) -> Iterator[Fault]:
    """Faults of a client: one visit, at any depot (a list of single bits, one per depot)."""
    line, words = row
    yield from check_row(row, width, width)
    every = [str(2**depot) for depot in range(m)]
    if len(words) == width and (words[5] != "1" or sorted(words[7 : 7 + m]) != sorted(every)):
        what = "the client wants several visits or only some of the depots"
        yield Fault("F009", f"line {line}", what, "Give a frequency of 1 and all depots, or use nco-json")
