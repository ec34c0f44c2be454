"""The timetable: one row a route, with driving, waiting, service and the time windows behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nco.plotting.axes import new_axes, quiet
from nco.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nco.checker import Report

#: Activity -> colour and height of its bar.
BARS = {
    "time window": ("#cfd6e0", 0.8),
    "drive": ("#0072b2", 0.16),
    "wait": ("#a884c0", 0.3),
    "serve": ("#e07800", 0.5),
}


def plot_schedule(problem: Problem, report: Report, ax: Axes | None = None) -> Axes:
    """Draw when every vehicle drives, waits and serves; `report` comes from nco.check or Result.report."""
    count = len(report.schedules)
    ax = ax or new_axes(8.0, 1.2 + 0.28 * max(count, 3))
    spans: dict[str, list[tuple[int, float, float]]] = {activity: [] for activity in BARS}
    for row, schedule in enumerate(report.schedules):
        for before, stop in zip(schedule.stops, schedule.stops[1:], strict=False):
            spans["drive"].append((row, before.departure, stop.arrival))
            spans["wait"].append((row, stop.arrival, stop.start))
            spans["serve"].append((row, stop.start, stop.departure))
            opens, closes = problem.tw[stop.location]
            if stop.location >= problem.num_depots and np.isfinite(closes):
                spans["time window"].append((row, opens, closes))
    for activity, (colour, height) in BARS.items():
        for row in range(count):
            bars = [(begin, end - begin) for where, begin, end in spans[activity] if where == row and end > begin]
            ax.broken_barh(
                bars, (row - height / 2, height), facecolors=colour, alpha=0.4 if activity == "time window" else 1.0
            )
    drawn = [activity for activity in BARS if any(end > begin for _, begin, end in spans[activity])]
    for activity in drawn:
        ax.barh(0, 0, color=BARS[activity][0], label=activity)
    if drawn:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    ax.set_yticks(range(count), [f"Route {row + 1}" for row in range(count)], fontsize="small")
    ax.set_ylim(max(count, 1) - 0.5, -0.5)
    ax.set_xlabel("time")
    quiet(ax)
    return ax
