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
    from nco.cities.city import City
    from nco.cities.summary import Summary
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


def city_table(city: City, summary: Summary) -> Table:
    """What a city is like and where it is from."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False)
    latitude, longitude = city.provenance["center"]
    rows = {
        "places": number(summary.places),
        "left out": number(city.provenance["dropped"]),
        "streets": f"{summary.streets:.0f} km",
        "mean distance": f"{summary.distance:.2f} km",
        "mean duration": f"{summary.duration:.2f} min",
        "circuity": f"{summary.circuity:.2f}",
        "asymmetry of distance": f"{summary.distance_asymmetry:.3f}",
        "asymmetry of duration": f"{summary.duration_asymmetry:.3f}",
        "correlation of both": f"{summary.correlation:.3f}",
        "center": f"{latitude:g}, {longitude:g}",
        "size": f"{city.provenance['size'] / 1000:g} km",
        "extract": f"{city.provenance['extract']} (sha256 {city.provenance['sha256'][:12]}...)",
        "made by": f"{city.provenance['version']}, seed {city.provenance['seed']}, {city.provenance['date']}",
        "licence": city.provenance["license"],
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table
