"""The map of a city: its roads, and its places as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nco.cities.city import City
from nco.cities.lines import lines
from nco.plotting.axes import new_axes
from nco.plotting.background import plot_roads
from nco.plotting.palette import PALETTE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Lines leave out bends of fewer metres.
BEND = 2.0


def plot_city(city: City, ax: Axes | None = None) -> Axes:
    """Draw a city in degrees; roads that go beyond its box are cut there."""
    ax = ax or new_axes(6.4, 6.4)
    box = city.box.grown(0.05 * city.box.extent)
    plot_roads(ax, lines(city.roads, BEND))
    latitude, longitude = city.points.T
    ax.scatter(
        longitude, latitude, s=float(np.clip(3000 / len(latitude), 3, 30)), color=PALETTE[0], linewidths=0, zorder=3
    )
    ax.set_xlim(box.west, box.east)
    ax.set_ylim(box.south, box.north)
    ax.set_title(f"{city.provenance['extract']}: {len(latitude)} places")
    return ax
