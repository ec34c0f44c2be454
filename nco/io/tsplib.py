"""TSPLIB: the travelling salesman problem, symmetric or not, as one vehicle without capacity. Reinelt 1995.

Node 1 is the depot, node k client k - 1. Diagonals, which TSPLIB fills with anything, become zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nco.errors import Fault, FileError
from nco.io.files import at_lines
from nco.io.sections import Scan, check_table, is_count, scan
from nco.io.weights import EXPLICIT, ROUNDED, check_kind, check_weights, given_matrix, on_the_map, value_of
from nco.problem import Client, Depot, Floats, Problem, Profile, VehicleType
from nco.rounding import Rounding

KEYS = (
    "NAME",
    "TYPE",
    "COMMENT",
    "DIMENSION",
    "EDGE_WEIGHT_TYPE",
    "EDGE_WEIGHT_FORMAT",
    "NODE_COORD_TYPE",
    "DISPLAY_DATA_TYPE",
)
#: Sections of coordinates; those for display count where distances do not need any.
PLACES = ("NODE_COORD", "DISPLAY_DATA")
SECTIONS = (*PLACES, "EDGE_WEIGHT")


def read_problem(text: str, rounding: Rounding | None) -> Problem:
    """Problem from the text of a .tsp or .atsp file; `rounding=None` follows EDGE_WEIGHT_TYPE."""
    found = scan(text, KEYS, SECTIONS)
    if faults := [*found.faults, *check_kind(found), *_sections(found)]:
        raise FileError(faults)
    section = next((name for name in PLACES if name in found.sections), None)
    xy = None if section is None else _coordinates(found, section)
    matrix = given_matrix(found, xy)
    if matrix is not None:
        np.fill_diagonal(matrix, 0.0)
    size = int(value_of(found, "DIMENSION"))
    places = [(None, None)] * size if xy is None else on_the_map(found, xy).tolist()
    lines = [line for line, _ in found.sections[section].rows] if section else [None] * size
    with at_lines(lambda kind, index, _: lines[index + (kind == "clients")] if kind != "profiles" else None):
        return Problem(
            depots=(Depot(*places[0]),),
            clients=tuple(Client(x, y) for x, y in places[1:]),
            vehicle_types=(VehicleType(1),),
            profiles=(Profile(distance=matrix),),
            rounding=rounding or ROUNDED.get(value_of(found, "EDGE_WEIGHT_TYPE"), "none"),
            name=found.specifications.get("NAME", (0, ""))[1],
        )


def _coordinates(found: Scan, section: str) -> Floats:
    return np.array([words[1:] for _, words in found.sections[section].rows], dtype=np.float64)


def _sections(found: Scan) -> Iterator[Fault]:
    if not is_count(value_of(found, "DIMENSION")):
        line, value = found.specifications.get("DIMENSION", (0, ""))
        what = f"DIMENSION is '{value}'" if line else "DIMENSION is missing"
        yield Fault("F005" if line else "F004", f"line {line}" if line else "file", what, "Give a whole number")
        return
    size = int(value_of(found, "DIMENSION"))
    if size < 2:
        where = f"line {found.specifications['DIMENSION'][0]}"
        yield Fault("P102", where, f"DIMENSION {size} leaves nothing to visit", "Give at least two nodes")
        return
    needed = "EDGE_WEIGHT" if value_of(found, "EDGE_WEIGHT_TYPE") == EXPLICIT else "NODE_COORD"
    if needed not in found.sections:
        yield Fault("F004", "file", f"{needed}_SECTION is missing", "Add the section")
    for name in PLACES:
        if name in found.sections:
            yield from check_table(name, found.sections[name], 2, size)
    yield from check_weights(found, size, wrapped=True)
