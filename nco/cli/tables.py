"""Tables on the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from nco.report.markup import number, solver_title
from nco.result import Result

if TYPE_CHECKING:
    from nco.pareto import Front


def comparison(results: Sequence[Result]) -> Table:
    """A column a solver: cost, gap to the best, routes, clients served, time."""
    counted = "cost" if results[0].problem.objective == "sum" else "cost (costliest route)"
    best = min(result.cost() for result in results)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column()
    for result in results:
        table.add_column(solver_title(result.solver), justify="right")
    rows = {
        counted: [number(r.report.cost.total) for r in results],
        "gap to best": [
            f"{100 * (r.cost() / best - 1):.2f} %" if math.isfinite(r.cost()) and best > 0 else "-" for r in results
        ],
        "routes": [str(len(r.routes)) for r in results],
        "feasible": ["yes" if r.is_feasible() else "NO" for r in results],
        "clients left out": [str(len(r.report.unassigned)) for r in results],
        "seconds": [f"{r.runtime:.2f}" for r in results],
        "iterations": [number(r.iterations) for r in results],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def front_table(front: Front) -> Table:
    """A row a point; the price is of a visit against preference, preferences are in sum and as mean of visits."""
    table = Table(box=box.SIMPLE_HEAD, title=solver_title(front.solver), title_justify="left")
    for name in ("weight", "price", "cost", "preference", "mean", "routes"):
        table.add_column(name, justify="right")
    table.add_column()
    for point in front.points:
        table.add_row(
            f"{point.weight:g}",
            f"{point.price:.3g}",
            number(point.cost),
            number(point.preference),
            f"{100 * point.mean_preference:.1f} %",
            str(len(point.result.routes)),
            front.verdict(point),
        )
    return table
