"""From records to figures: gaps, and for each solver its means with a confidence interval.

The reference of an instance is its published cost, else the best feasible cost found in the benchmark itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nco.bench.instances import Instance
from nco.bench.records import Record

#: Resamples of the bootstrap, and the share of them the interval holds.
RESAMPLES, CONFIDENCE = 10_000, 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """A record with its gap = cost / reference - 1; None when infeasible or without a positive reference."""

    record: Record
    gap: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """A solver's figures. Costs and gaps are over feasible runs only, None when there are none; wall over all runs.

    gap: mean over instances of the mean over seeds; interval: where that mean lies in 95 % of bootstrap resamples of
    the instances, None for fewer than two instances.
    """

    solver: str
    runs: int
    feasible: int
    overruns: int
    failures: int
    wall: float
    cost: float | None
    gap: float | None
    interval: tuple[float, float] | None


def references(instances: Sequence[Instance], records: Sequence[Record]) -> dict[str, float]:
    """Instance name -> cost that gaps are measured against."""
    best = {instance.name: instance.reference for instance in instances}
    published = {name for name, cost in best.items() if cost is not None}
    for record in records:
        name = record.run.instance
        if record.cost is not None and name not in published:
            known = best[name]
            best[name] = record.cost if known is None else min(known, record.cost)
    return {name: cost for name, cost in best.items() if cost is not None}


def judge(instances: Sequence[Instance], records: Sequence[Record]) -> list[Judged]:
    """Every record with its gap to the reference of its instance."""
    known = references(instances, records)
    return [
        Judged(r, r.cost / known[r.run.instance] - 1 if r.cost is not None and known[r.run.instance] > 0 else None)
        for r in records
    ]


def summarise(judged: Sequence[Judged], solvers: Sequence[str]) -> list[Row]:
    """One row for each solver that has run, in the order given."""
    rows = [_row(solver, [j for j in judged if j.record.run.solver == solver]) for solver in solvers]
    return [row for row in rows if row.runs]


def _row(solver: str, mine: Sequence[Judged]) -> Row:
    records = [j.record for j in mine]
    costs = [record.cost for record in records if record.cost is not None]
    gaps = _by_instance(mine)
    return Row(
        solver,
        len(records),
        len(costs),
        sum(record.status == "overrun" for record in records),
        sum(record.status == "failed" for record in records),
        float(np.mean([record.wall for record in records])) if records else 0.0,
        float(np.mean(costs)) if costs else None,
        float(gaps.mean()) if len(gaps) else None,
        interval(gaps) if len(gaps) > 1 else None,
    )


def _by_instance(judged: Sequence[Judged]) -> np.ndarray:
    """Mean gap of each instance [instances] over its seeds."""
    gaps: dict[str, list[float]] = {}
    for j in judged:
        if j.gap is not None:
            gaps.setdefault(j.record.run.instance, []).append(j.gap)
    return np.array([np.mean(values) for values in gaps.values()])


def interval(values: np.ndarray) -> tuple[float, float]:
    """Percentile bootstrap interval (Efron 1979) of the mean of values [n]; always the same for the same values."""
    rng = np.random.default_rng(0)
    means = np.array([values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
