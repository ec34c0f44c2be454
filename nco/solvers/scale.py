"""From quantities to whole numbers and back: one factor per kind of quantity, rounding on the safe side.

The factor is the smallest power of ten that makes all data of the kind whole, so that nothing is lost. When there is
none it is the largest for which sums stay far from the end of 64 bits, and what is lost is lost on the safe side: what
is used up on a route and opening times are rounded up, limits and closing times down. A route that is feasible in whole
numbers is feasible. So that a limit met exactly stays met, limits first get half of the checker's tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nco.checker import TOLERANCE
from nco.problem import Floats

Ints = NDArray[np.int64]

#: Sums of whole numbers stay below; a solver may still multiply them by a penalty of 1e5.
ROOM = 1e13
#: Most decimals of data that are scaled without loss.
DECIMALS = 9
#: Prices per time are whole multiples of the smallest one divided by at most this.
MULTIPLE = 1_000_000
SLACK = TOLERANCE / 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole numbers per unit of a quantity; `exact` when all data of the kind are whole at this factor."""

    factor: float
    exact: bool

    def up(self, values: ArrayLike) -> Ints:
        """Rounded up: for what is used up on a route, and for opening times."""
        scaled = np.asarray(values, dtype=np.float64) * self.factor
        return (np.rint(scaled) if self.exact else np.ceil(scaled)).astype(np.int64)

    def closing(self, times: ArrayLike, largest: float, slack: Floats | float = SLACK) -> Ints:
        """Rounded down: for times that must not be passed by more than `slack`; `largest` instead of infinity."""
        return self._down(np.minimum(np.asarray(times, dtype=np.float64), largest), slack)

    def limit(self, limit: float, largest: float, price: float = 1.0) -> int:
        """Rounded down: for sums that must not be exceeded, in units of a price; `largest` instead of infinity."""
        capped = min(limit, largest)
        return int(self._down(np.array(capped), SLACK * max(1.0, capped), price))

    def _down(self, values: Floats, slack: Floats | float, price: float = 1.0) -> Ints:
        loose = values * (price * self.factor) + 1e-6 if self.exact else (values + slack) * (price * self.factor)
        return np.floor(loose).astype(np.int64)

    def finer(self, times: float, largest: float) -> Scale:
        """The scale, made finer by a power of ten that is at least `times`, as far as there is room for sums."""
        steps = min(math.ceil(math.log10(max(1.0, times))), power_below(ROOM, largest * self.factor))
        return Scale(self.factor * 10.0 ** max(0, steps), self.exact)


def scale(values: Floats, highest: int) -> Scale:
    """The factor for values; a power of ten of at most `highest`."""
    power = next((p for p in range(min(DECIMALS, highest) + 1) if is_whole(values * 10.0**p)), highest)
    return at(10.0**power, values)


def priced_scales(costs: Floats, times: Floats, prices: Floats, highest: int, longest: float) -> tuple[Scale, Scale]:
    """Factors of costs and of times, such that a unit of time has whole prices. Sums of times stay below `longest`."""
    for digits in (d for d in range(int(math.log10(MULTIPLE)) + 1) if is_whole(prices * 10.0**d)):
        for power in range(digits, min(highest, digits + power_below(ROOM, longest)) + 1):
            if is_whole(costs * 10.0**power) and is_whole(times * 10.0 ** (power - digits)):
                return Scale(10.0**power, True), Scale(10.0 ** (power - digits), True)
    least = float(prices.min())
    parts = next((m for m in range(1, MULTIPLE // 1000) if is_whole(prices / least * m)), MULTIPLE)
    factor = 10.0 ** min(highest, power_below(ROOM, longest * least / parts))
    return at(factor, costs), at(factor * least / parts, times)


def at(factor: float, values: Floats) -> Scale:
    """The scale with this factor, exact or not."""
    return Scale(factor, is_whole(values * factor))


def is_whole(scaled: Floats) -> bool:
    """True when all values are whole, but for rounding in their last bits."""
    return bool((np.abs(scaled - np.rint(scaled)) <= 1e-9 + 1e-15 * np.abs(scaled)).all())


def pool(values: Iterable[ArrayLike]) -> Floats:
    """All finite values in one vector."""
    pooled: Floats = np.concatenate([np.zeros(1), *(np.ravel(np.asarray(v, dtype=np.float64)) for v in values)])
    return pooled[np.isfinite(pooled)]


def power_below(room: float, largest: float) -> int:
    """The largest power of ten that leaves sums below `room`."""
    return math.floor(math.log10(room / max(1.0, largest)))
