"""When a solver stops. A criterion is an immutable description; `start()` sets its clock running for one solve.

A running criterion is called between batches of work with the best cost so far and answers True to stop. The time
counts from `start()`, which nco.solve calls first: set-up is included.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Protocol

from nco.errors import ConfigError, Fault


class Running(Protocol):
    """A criterion whose clock is running."""

    def __call__(self, best_cost: float) -> bool:
        """True when it is time to stop; one call counts as one iteration."""

    def seconds_left(self) -> float:
        """Wall-clock seconds left; infinite when time is not limited."""

    def progress(self) -> float:
        """How much of the run is over, from 0 to 1, as far as one can tell."""


class StoppingCriterion(Protocol):
    """Description of when to stop; may be reused for many solves."""

    def start(self) -> Running:
        """Set the clock running."""


@dataclass(slots=True)
class _Running:
    decide: Callable[[float], bool]
    share: Callable[[], float]
    deadline: float = math.inf

    def __call__(self, best_cost: float) -> bool:
        return self.decide(best_cost) or time.perf_counter() >= self.deadline

    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.perf_counter())

    def progress(self) -> float:
        return min(1.0, self.share())


def _never(best_cost: float) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MaxRuntime:
    """Stop after this many seconds of wall-clock time."""

    seconds: float

    def __post_init__(self) -> None:
        _require("MaxRuntime.seconds", self.seconds, Real)

    def start(self) -> Running:
        begun = time.perf_counter()
        share = lambda: (time.perf_counter() - begun) / max(self.seconds, 1e-9)  # noqa: E731
        return _Running(_never, share, begun + self.seconds)


@dataclass(frozen=True, slots=True)
class MaxIterations:
    """Stop after this many iterations; what an iteration is depends on the solver. Reproducible, unlike a time."""

    iterations: int

    def __post_init__(self) -> None:
        _require("MaxIterations.iterations", self.iterations, Integral)

    def start(self) -> Running:
        count = 0

        def decide(best_cost: float) -> bool:
            nonlocal count
            count += 1
            return count > self.iterations

        return _Running(decide, lambda: count / max(1, self.iterations))


@dataclass(frozen=True, slots=True)
class NoImprovement:
    """Stop after this many iterations without a better solution."""

    iterations: int

    def __post_init__(self) -> None:
        _require("NoImprovement.iterations", self.iterations, Integral)

    def start(self) -> Running:
        best, since = math.inf, 0

        def decide(best_cost: float) -> bool:
            nonlocal best, since
            improved = best_cost < best
            best, since = (best_cost, 0) if improved else (best, since + 1)
            return since > self.iterations

        return _Running(decide, lambda: since / max(1, self.iterations))


class AnyOf:
    """Stop when any of several criteria says so."""

    def __init__(self, *criteria: StoppingCriterion) -> None:
        if not criteria:
            raise ConfigError(
                Fault("C503", "AnyOf", "there is no criterion", "Give at least one, such as MaxRuntime(5)")
            )
        self.criteria = criteria

    def start(self) -> Running:
        running = [criterion.start() for criterion in self.criteria]
        return _AnyRunning(running)


@dataclass(frozen=True, slots=True)
class _AnyRunning:
    running: list[Running]

    def __call__(self, best_cost: float) -> bool:
        verdicts = [run(best_cost) for run in self.running]  # every criterion counts the iteration
        return any(verdicts)

    def seconds_left(self) -> float:
        return min((run.seconds_left() for run in self.running), default=math.inf)

    def progress(self) -> float:
        return max(run.progress() for run in self.running)


def _require(where: str, value: float, kind: type[Real] | type[Integral]) -> None:
    if isinstance(value, bool) or not isinstance(value, kind) or not value >= 0:
        number = "whole number" if kind is Integral else "number"
        raise ConfigError(Fault("C503", where, f"{value!r} is not allowed", f"Give a {number} that is not negative"))
