"""Li & Lim's format: pickups and deliveries with time windows. Li and Lim 2003, a metaheuristic for the PDPTW.

Row 0 is the depot, row k client k. A row with a positive demand is a pickup and names the row it is delivered to; that
one has the opposite demand and names the row it was picked up from. Travel time = distance: the speed on line 1 is not
used, by the authors' convention (published files say 0 or 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from nco.errors import Fault, FileError
from nco.io.files import at_lines
from nco.io.rows import Row, check_numbering, check_row, rows_of
from nco.io.sections import MOST_FAULTS, is_count
from nco.problem import Client, Depot, Problem, Shipment, VehicleType
from nco.rounding import Rounding

COLUMNS = ("task", "x", "y", "demand", "earliest", "latest", "service", "pickup", "delivery")


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from the text of a Li & Lim file."""
    rows = rows_of(text)
    if faults := [*islice(_rows(rows), MOST_FAULTS)] or [*islice(_pairs(rows), MOST_FAULTS)]:
        raise FileError(faults)
    vehicles, capacity, _ = map(float, rows[0][1])
    table = [[float(word) for word in words] for _, words in rows[1:]]
    pickups = [k for k, row in enumerate(table) if row[8]]
    lines = {
        "depots": [rows[1][0]],
        "clients": [line for line, _ in rows[2:]],
        "vehicle_types": [rows[0][0]],
        "shipments": [rows[1 + k][0] for k in pickups],
    }
    with at_lines(lambda kind, index, _: lines[kind][index]):
        return Problem(
            depots=(Depot(table[0][1], table[0][2], (table[0][4], table[0][5])),),
            clients=tuple(Client(x, y, tw=(a, b), service=stay) for _, x, y, _, a, b, stay, *_ in table[1:]),
            vehicle_types=(VehicleType(int(vehicles), (capacity,)),),
            shipments=tuple(Shipment(k - 1, int(table[k][8]) - 1, (table[k][3],)) for k in pickups),
            rounding=rounding or "none",
        )


def _rows(rows: list[Row]) -> Iterator[Fault]:
    yield from check_row(rows[0], 3, 3)
    for row in rows[1:]:
        yield from check_row(row, len(COLUMNS), len(COLUMNS))
        for word in row[1][7:]:
            if not is_count(word):
                yield Fault("F005", f"line {row[0]}", f"'{word}' is not the number of a row", "Give a whole number")
    line, words = rows[0]
    if words and not is_count(words[0]):
        yield Fault("F005", f"line {line}", f"'{words[0]}' is not a number of vehicles", "Give a whole number")
    if len(rows) < 3:
        yield Fault("P102", f"line {rows[-1][0]}", "there is no client", "Give a row for the depot and one per client")


def _pairs(rows: list[Row]) -> Iterator[Fault]:
    """Every row must belong to a pair; the depot, row 0, to none."""
    yield from check_numbering(rows[1:], 0)
    ends = {k: (float(words[3]), int(words[7]), int(words[8])) for k, (_, words) in enumerate(rows[1:])}
    for k, (demand, source, sink) in ends.items():
        where = f"line {rows[1 + k][0]}"
        if not k and (demand or source or sink or float(rows[1][1][6])):
            yield Fault("F005", where, "the depot has a demand, a service time or a pair", "Give row 0 zeros")
        elif k and bool(source) == bool(sink):
            yield Fault("F005", where, "it names both ends or none", "Name the row of the other end and 0 for its own")
        elif k and ends.get(source or sink, ()) != ((-demand, 0, k) if source else (-demand, k, 0)):
            what = f"row {source or sink} does not have the opposite demand or does not name row {k}"
            yield Fault("F005", where, what, "Correct the pair")
