"""Pictures of a benchmark: the gap of each solver, and the gap over the number of clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nco.bench.statistics import Judged
from nco.plotting.axes import new_axes, quiet
from nco.plotting.palette import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_gaps(judged: Sequence[Judged], solvers: Sequence[str], ax: Axes | None = None) -> Axes:
    """A box a solver, with every run as a dot."""
    ax = ax or new_axes(6.4, 4.0)
    shown = [solver for solver in solvers if _gaps(judged, solver)]
    jitter = np.random.default_rng(0)
    for place, solver in enumerate(shown):
        percent = [100 * gap for _, gap in _gaps(judged, solver)]
        colour = PALETTE[place % len(PALETTE)]
        ax.boxplot(percent, positions=[place], widths=0.5, showfliers=False, medianprops={"color": colour})
        ax.scatter(place + jitter.uniform(-0.15, 0.15, len(percent)), percent, s=14, color=colour, alpha=0.6)
    ax.set_xticks(range(len(shown)), shown)
    ax.set_ylabel("gap (%)")
    quiet(ax)
    return ax


def plot_sizes(judged: Sequence[Judged], solvers: Sequence[str], ax: Axes | None = None) -> Axes:
    """A dot a run at its number of clients, and a line through the mean of each number."""
    ax = ax or new_axes(6.4, 4.0)
    for index, solver in enumerate(solver for solver in solvers if _gaps(judged, solver)):
        clients, percent = np.array([(size, 100 * gap) for size, gap in _gaps(judged, solver)]).T
        colour = PALETTE[index % len(PALETTE)]
        sizes = np.unique(clients)
        ax.scatter(clients, percent, s=12, color=colour, alpha=0.5)
        ax.plot(sizes, [percent[clients == size].mean() for size in sizes], color=colour, label=solver)
    ax.set_xlabel("clients")
    ax.set_ylabel("gap (%)")
    ax.legend(frameon=False)
    quiet(ax)
    return ax


def _gaps(judged: Sequence[Judged], solver: str) -> list[tuple[int, float]]:
    """Number of clients and gap of every feasible run."""
    return [(j.record.clients, j.gap) for j in judged if j.record.run.solver == solver and j.gap is not None]
