"""The map: routes as coloured lines, clients as dots, depots as squares."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nco.cities.lines import joined
from nco.places import DERIVED, map_coordinates
from nco.plotting.axes import new_axes
from nco.plotting.background import plot_roads
from nco.plotting.palette import route_colours
from nco.problem import Problem
from nco.solution import RoutesLike, Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nco.streets import Streets

#: More routes than this and a legend would hide the map.
LEGEND_LIMIT = 10


def plot_routes(problem: Problem, solution: RoutesLike, ax: Axes | None = None, streets: Streets | None = None) -> Axes:
    """Draw a solution, along its streets when there are any.

    The way from and to the depot is thin, clients that no route visits are crosses.
    """
    ax = ax or new_axes(6.4, 6.4)
    routes = Solution.of(problem, solution).routes
    xy, derived = map_coordinates(problem)
    size = float(np.clip(1500 / problem.num_clients, 4, 36))
    for index, (route, colour) in enumerate(zip(routes, route_colours(problem, routes, xy), strict=True)):
        vehicle = problem.vehicle_types[route.vehicle_type]
        stops = list(route.visits)
        end = [] if vehicle.end_depot is None else [vehicle.end_depot]
        whole = [vehicle.start_depot, *stops, *end]
        legs = streets.legs(vehicle.profile, whole) if streets else [xy[list(pair)] for pair in pairwise(whole)]
        inner = joined(xy[stops[:1]], legs[1 : len(stops)])
        ax.plot(*joined(xy[whole[:1]], legs).T, color=colour, linewidth=0.7, alpha=0.45, zorder=1)
        ax.plot(*inner.T, color=colour, linewidth=1.6, zorder=2, label=f"Route {index + 1}")
        clients = [stop for stop in stops if stop >= problem.num_depots]
        ax.scatter(xy[clients, 0], xy[clients, 1], s=size, color=colour, edgecolors="white", linewidths=0.4, zorder=3)
    visited = {visit for route in routes for visit in route.visits}
    missing = [k for k in range(problem.num_depots, problem.num_locations) if k not in visited]
    if missing:
        ax.scatter(xy[missing, 0], xy[missing, 1], s=2 * size, marker="x", color="black", zorder=4, label="not served")
    depots = xy[: problem.num_depots]
    ax.scatter(depots[:, 0], depots[:, 1], s=80, marker="s", color="black", edgecolors="white", zorder=5, label="depot")
    if len(routes) <= LEGEND_LIMIT:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    ax.set_title(", ".join(filter(None, [problem.name, f"{len(routes)} routes", DERIVED if derived else ""])))
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xticks([])
    ax.set_yticks([])
    if streets:
        plot_roads(ax, streets.background)
    return ax
