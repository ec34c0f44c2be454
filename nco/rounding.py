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

Rounding = Literal["none", "round", "trunc", "ceil", "dimacs", "exact"]

#: Convention name -> function on an array of distances.
ROUNDINGS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "none": lambda d: d,
    "round": lambda d: np.floor(d + 0.5),
    "trunc": np.floor,
    "ceil": np.ceil,
    "dimacs": lambda d: np.floor(10.0 * d) / 10.0,
    "exact": lambda d: np.floor(1000.0 * d + 0.5) / 1000.0,
}
