"""Edge weights of TSPLIB and VRPLIB: where distances come from. Reinelt 1995, "TSPLIB 95".

Either coordinates with a rounding, or coordinates with a formula of its own, or a matrix in one of nine layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from nco.errors import Fault
from nco.io.sections import Scan, check_matrix
from nco.problem import Floats
from nco.rounding import Rounding

#: EDGE_WEIGHT_TYPE of Euclidean distances -> the rounding it stands for.
ROUNDED: dict[str, Rounding] = {"EUC_2D": "round", "CEIL_2D": "ceil", "FLOOR_2D": "trunc"}
EXPLICIT = "EXPLICIT"
#: EDGE_WEIGHT_FORMAT: a full matrix, or one triangle row by row or column by column, with or without the diagonal.
LAYOUTS = (
    "FULL_MATRIX",
    *(
        f"{half}_{diagonal}{order}"
        for half in ("UPPER", "LOWER")
        for diagonal in ("", "DIAG_")
        for order in ("ROW", "COL")
    ),
)


def _differences(xy: Floats) -> Floats:
    return np.asarray(xy[:, None, :] - xy[None, :, :])


def _pseudo_euclidean(xy: Floats) -> Floats:
    """A tenth of the squared distance, its root rounded up."""
    return np.asarray(np.ceil(np.sqrt((_differences(xy) ** 2).sum(axis=-1) / 10.0)))


def _geographical(xy: Floats) -> Floats:
    """Kilometres on a sphere between (latitude, longitude) in DDD.MM, with TSPLIB's own pi and radius."""
    whole = np.trunc(xy)
    latitude, longitude = (3.141592 * (whole + 5.0 * (xy - whole) / 3.0) / 180.0).T
    turn = np.cos(longitude[:, None] - longitude)
    tilt, height = np.cos(latitude[:, None] - latitude), np.cos(latitude[:, None] + latitude)
    cosine = 0.5 * ((1.0 + turn) * tilt - (1.0 - turn) * height)
    distance = np.floor(6378.388 * np.arccos(np.clip(cosine, -1.0, 1.0)) + 1.0)
    np.fill_diagonal(distance, 0.0)
    return np.asarray(distance)


#: EDGE_WEIGHT_TYPE -> matrix from coordinates, whole numbers by definition.
FORMULAS: dict[str, Callable[[Floats], Floats]] = {
    "ATT": _pseudo_euclidean,
    "GEO": _geographical,
    "MAN_2D": lambda xy: np.asarray(np.floor(np.abs(_differences(xy)).sum(axis=-1) + 0.5)),
    "MAX_2D": lambda xy: np.asarray(np.floor(np.abs(_differences(xy)) + 0.5).max(axis=-1)),
}
TYPES = (*ROUNDED, *FORMULAS, EXPLICIT)


def check_weights(found: Scan, size: int, wrapped: bool) -> Iterator[Fault]:
    """Faults of the matrix, or of its absence; `wrapped`: rows of a full matrix may run over several lines."""
    kind, layout = value_of(found, "EDGE_WEIGHT_TYPE"), value_of(found, "EDGE_WEIGHT_FORMAT")
    if kind != EXPLICIT and kind in TYPES and "EDGE_WEIGHT" in found.sections:
        what = "there is a matrix, but EDGE_WEIGHT_TYPE is not EXPLICIT"
        yield Fault("F005", f"line {found.sections['EDGE_WEIGHT'].line}", what, "Correct one of the two")
    if kind == EXPLICIT and layout in LAYOUTS and "EDGE_WEIGHT" in found.sections:
        yield from check_matrix(found.sections["EDGE_WEIGHT"], layout, size, wrapped)


def value_of(found: Scan, key: str) -> str:
    """The value of a specification in capitals; empty when there is none."""
    return found.specifications[key][1].upper() if key in found.specifications else ""


def check_kind(found: Scan) -> Iterator[Fault]:
    """Faults of EDGE_WEIGHT_TYPE and EDGE_WEIGHT_FORMAT."""
    explicit = value_of(found, "EDGE_WEIGHT_TYPE") == EXPLICIT
    keys: dict[str, Sequence[str]] = {"EDGE_WEIGHT_TYPE": TYPES, "EDGE_WEIGHT_FORMAT": LAYOUTS if explicit else ()}
    for key, valid in keys.items():
        if valid and key not in found.specifications:
            yield Fault("F004", "file", f"{key} is missing", f"Add a line '{key} : ...'")
        elif valid and value_of(found, key) not in valid:
            line, value = found.specifications[key]
            yield Fault("F009", f"line {line}", f"{key} {value} is not supported", f"Supported are {', '.join(valid)}")


def given_matrix(found: Scan, xy: Floats | None) -> Floats | None:
    """The distances [N, N] in the order of nodes; None when they are Euclidean with a rounding."""
    kind = value_of(found, "EDGE_WEIGHT_TYPE")
    if kind == EXPLICIT:
        words = [word for _, row in found.sections["EDGE_WEIGHT"].rows for word in row]
        return _unfolded(np.array(words, dtype=np.float64), value_of(found, "EDGE_WEIGHT_FORMAT"), _size(found))
    if kind in ROUNDED or xy is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # of coordinates that the problem will refuse
        return FORMULAS[kind](xy)


def _size(found: Scan) -> int:
    return int(value_of(found, "DIMENSION"))


def _unfolded(numbers: Floats, layout: str, size: int) -> Floats:
    """A symmetric matrix from one triangle; columns of the upper one are rows of the lower one and vice versa."""
    if layout == "FULL_MATRIX":
        return numbers.reshape(size, size)
    without = int("DIAG" not in layout)
    lower = layout.startswith("LOWER") == layout.endswith("ROW")
    rows, columns = np.tril_indices(size, -without) if lower else np.triu_indices(size, without)
    matrix = np.zeros((size, size))
    matrix[rows, columns] = matrix[columns, rows] = numbers
    return matrix


def on_the_map(found: Scan, xy: Floats) -> Floats:
    """Coordinates as the package has them: (x, y), for GEO (longitude, latitude) in degrees instead of DDD.MM."""
    if value_of(found, "EDGE_WEIGHT_TYPE") != "GEO":
        return xy
    whole = np.trunc(xy)
    return np.asarray((whole + 5.0 * (xy - whole) / 3.0)[:, ::-1])
