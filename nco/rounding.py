"""Rounding conventions for distances computed from coordinates. Nothing is rounded unless a name here says so.

none    as computed, in double precision
round   to the nearest integer (TSPLIB's EUC_2D; CVRPLIB's X set)
trunc   down to an integer
ceil    up to an integer (TSPLIB's CEIL_2D)
dimacs  down to one decimal (12th DIMACS challenge: Solomon, Gehring & Homberger)
exact   to three decimals
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rounding = Literal["none", "round", "trunc", "ceil", "dimacs", "exact"]

#: Convention name -> function on an array of distances.
ROUNDINGS: dict[str, Callable[[Floats], Floats]] = {
    "none": lambda d: d,
    "round": lambda d: np.floor(d + 0.5),
    "trunc": np.floor,
    "ceil": np.ceil,
    "dimacs": lambda d: np.floor(10.0 * d) / 10.0,
    "exact": lambda d: np.floor(1000.0 * d + 0.5) / 1000.0,
}

#: Below the first, squares of whole numbers add up exactly in double precision, below the second in 64 bits.
IN_FLOATS, IN_INTEGERS = 2.0**26, 2.0**31


def straight(gap: Floats) -> Floats:
    """Lengths [...] of gaps [..., 2]; a length that is a whole number is exact, up to 2^31.

    A square root is correctly rounded on every machine, np.hypot is not: 3-4-5 must not become 4.999...
    """
    length = np.asarray(np.sqrt(gap[..., 0] ** 2 + gap[..., 1] ** 2))
    large = (length > IN_FLOATS) & (length < IN_INTEGERS)
    if large.any():  # their squares were rounded
        (x, y), z = np.rint(gap[large]).astype(np.int64).T, np.rint(length[large]).astype(np.int64)
        whole = (gap[large] == np.rint(gap[large])).all(axis=-1) & (x * x + y * y == z * z)
        length[large] = np.where(whole, z, length[large])
    return length
