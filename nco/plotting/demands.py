"""What clients want: the size of every delivery and pickup, against what one vehicle carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nco.plotting.axes import new_axes, quiet
from nco.plotting.palette import PALETTE
from nco.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_demands(problem: Problem, dimension: int = 0, ax: Axes | None = None) -> Axes:
    """Draw deliveries upwards and pickups downwards in one load dimension, largest first, and each capacity as a line.

    Raises IndexError when the problem does not have that load dimension.
    """
    ax = ax or new_axes(6.4, 3.6)
    order = np.argsort(-(problem.delivery + problem.pickup)[:, dimension], kind="stable")
    places = np.arange(problem.num_clients)
    for loads, sign, name, colour in ((problem.delivery, 1, "delivery", 0), (problem.pickup, -1, "pickup", 1)):
        if loads[:, dimension].any():
            ax.bar(places, sign * loads[order, dimension], width=1.0, color=PALETTE[colour], label=name)
    for capacity in sorted({vehicle.capacity[dimension] for vehicle in problem.vehicle_types}):
        ax.axhline(capacity, color="black", linewidth=0.8, linestyle="--", label=f"capacity {capacity:g}")
    ax.set_xlabel("clients, largest first")
    ax.set_ylabel("load")
    ax.legend(frameon=False)
    quiet(ax)
    return ax
