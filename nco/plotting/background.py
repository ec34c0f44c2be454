"""Roads as the background of a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nco.cities.city import CREDIT
from nco.cities.lines import Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Width and colour of a road by its importance: motorways, main roads, streets, the rest.
ROADS = ((2.4, "#b8bec8"), (1.6, "#c4cad3"), (0.8, "#d2d7de"), (0.5, "#e0e4e9"))


def plot_roads(ax: Axes, roads: Sequence[Line]) -> None:
    """Draw roads as a background in degrees, to scale, with the credit that their licence asks for."""
    from matplotlib.collections import LineCollection

    for rank, (width, colour) in reversed(list(enumerate(ROADS))):
        paths = [line.points[:, ::-1] for line in roads if line.rank == rank]
        ax.add_collection(LineCollection(paths, colors=colour, linewidths=width, zorder=0), autolim=False)
    middle = float(np.mean([line.points[0, 0] for line in roads])) if roads else 0.0
    ax.set_aspect(1 / np.cos(np.radians(middle)))
    ax.set_xticks([])
    ax.set_yticks([])
    ax.annotate(CREDIT, (1, 0), (-3, 3), "axes fraction", "offset points", ha="right", va="bottom", fontsize="xx-small")
