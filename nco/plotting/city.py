"""The map of a city: its roads, and its places as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nco.cities.city import City
from nco.cities.geometry import Box
from nco.cities.lines import Line, lines
from nco.plotting.axes import new_axes
from nco.plotting.palette import PALETTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

#: Width and colour of a road by its importance: motorways, main roads, streets, the rest.
ROADS = ((2.4, "#b8bec8"), (1.6, "#c4cad3"), (0.8, "#d2d7de"), (0.5, "#e0e4e9"))
CREDIT = "\N{COPYRIGHT SIGN} OpenStreetMap contributors"


def plot_city(city: City, ax: Axes | None = None) -> Axes:
    """Draw a city in degrees; roads that go beyond its box are cut there."""
    ax = ax or new_axes(6.4, 6.4)
    box = Box.around(*city.provenance["center"], city.provenance["size"]).grown(0.05 * city.provenance["size"])
    plot_roads(ax, lines(city.roads))
    latitude, longitude = city.points.T
    ax.scatter(
        longitude, latitude, s=float(np.clip(3000 / len(latitude), 3, 30)), color=PALETTE[0], linewidths=0, zorder=3
    )
    ax.set_xlim(box.west, box.east)
    ax.set_ylim(box.south, box.north)
    ax.set_title(f"{city.provenance['extract']}: {len(latitude)} places")
    return ax


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
