"""Picture of fronts: cost to the right, preferences kept upwards, a line through the points that no other one beats."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nco.pareto.points import Front, Point
from nco.plotting.axes import new_axes, quiet
from nco.plotting.palette import PALETTE
from nco.problem import Floats
from nco.report.markup import solver_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_front(fronts: Front | Sequence[Front], ax: Axes | None = None) -> Axes:
    """A colour a solver; dominated points are hollow, infeasible ones left out. A single front shows its weights."""
    shown = [fronts] if isinstance(fronts, Front) else list(fronts)
    ax = ax or new_axes(6.4, 4.0)
    for index, front in enumerate(shown):
        colour, below = PALETTE[index % len(PALETTE)], len(shown) - 1 - index
        best, line = front.best, _places(front.best)
        beaten = _places([point for point in front.points if front.verdict(point) == "dominated"])
        size, width = 5 + 2 * below, 1.5 + 1.5 * below  # where fronts meet, all are seen
        title = solver_title(front.solver)
        ax.plot(line[:, 0], line[:, 1], "o-", color=colour, label=title, markersize=size, linewidth=width)
        ax.scatter(beaten[:, 0], beaten[:, 1], s=size**2, facecolors="none", edgecolors=colour)
        if len(shown) == 1:
            for label, place in _labels(best, line):
                ax.annotate(label, place, (5, -11), textcoords="offset points", fontsize="small")
    ax.set_xlabel("cost without preferences")
    ax.set_ylabel("preference kept, mean of visits (%)")
    if len(shown) > 1:
        ax.legend(frameon=False, loc="lower right")
    ax.margins(x=0.08, y=0.08)
    quiet(ax)
    return ax


def _places(points: Sequence[Point]) -> Floats:
    """Where points lie: [k, 2]."""
    return np.array([(point.cost, 100 * point.mean_preference) for point in points]).reshape(-1, 2)


def _labels(points: Sequence[Point], places: Floats) -> list[tuple[str, tuple[float, float]]]:
    """Weights and where to write them; those of points next to each other on the picture share a place."""
    if not points:
        return []
    gaps = np.abs(np.diff(places, axis=0)) / np.maximum(np.ptp(places, axis=0), 1e-12)
    starts = [0, *(np.flatnonzero((gaps > 0.03).any(axis=1)) + 1).tolist(), len(points)]
    return [
        (", ".join(f"{point.weight:g}" for point in points[i:j]), (float(places[i, 0]), float(places[i, 1])))
        for i, j in pairwise(starts)
    ]
