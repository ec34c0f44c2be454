"""The map of one result as SVG: a group a route, holding its line, its ways from and to the depot, and its stops.

Stops are lines of length zero with round caps (square for depots), so that they keep their size when one zooms in.
The k-th stop of a group is the k-th client row of the route's table: page.js relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nco.places import DERIVED, map_coordinates
from nco.plotting.palette import route_colours
from nco.problem import Floats
from nco.report.markup import Element, element
from nco.result import Result

WIDTH, MARGIN = 1000.0, 26.0


def draw_map(result: Result) -> Element:
    """The map with its zoom buttons and caption."""
    problem = result.problem
    xy, derived = map_coordinates(problem)
    points, height = _fit(xy)
    svg = element(
        "svg",
        viewBox=f"0 0 {WIDTH:g} {height:.0f}",
        role="img",
        aria_label=f"Map of {len(result.routes)} routes",
        style=f"--dot:{min(6.5, max(4.4, 90 / problem.num_clients**0.5)):.1f}",
    )
    for index, (schedule, colour) in enumerate(
        zip(result.schedule, route_colours(problem, result.routes, xy), strict=True)
    ):
        path = [stop.location for stop in schedule.stops]
        inner = list(schedule.route.visits)
        end = [] if len(path) == len(inner) + 1 else [path[-1]]
        legs = _line(points[[path[0], inner[0]]]) + (_line(points[[inner[-1], *end]]) if end else "")
        svg.append(
            element(
                "g",
                element("path", class_="leg", d=legs),
                element("path", class_="line", d=_line(points[inner])),
                *(element("path", class_="stop", d=_dot(points[k])) for k in inner if k >= problem.num_depots),
                class_="route",
                data_r=index,
                style=f"--c:{colour}",
            )
        )
    for reason in result.unassigned:
        ring, hole = (element("path", class_=part, d=_dot(points[reason.location])) for part in ("ring", "hole"))
        svg.append(element("g", element("title", reason.message), ring, hole, class_="missing"))
    for depot in range(problem.num_depots):
        name = problem.depots[depot].name or "Depot"
        svg.append(element("path", element("title", name), class_="depot", d=_dot(points[depot])))
    buttons = [
        element("button", sign, type="button", data_zoom=zoom, aria_label=label, title=label)
        for sign, zoom, label in (
            ("+", "in", "Zoom in"),
            ("\u2212", "out", "Zoom out"),
            ("⤢", "all", "Show everything"),
        )
    ]
    key = ["■ depot", "● client", "○ not served" if result.unassigned else "", DERIVED if derived else ""]
    caption = element("figcaption", " · ".join(filter(None, key)), element("span", *buttons, class_="zoom"))
    return element("figure", svg, caption, class_="map")


def _fit(xy: Floats) -> tuple[Floats, float]:
    """Coordinates [N, 2] scaled into the picture, y pointing down, and the picture's height."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    span = np.maximum(high - low, 1e-12)
    inner = WIDTH - 2 * MARGIN
    scale = min(inner / span[0], 1.05 * inner / span[1])
    size = scale * (high - low) + 2 * MARGIN
    height = max(size[1], 0.55 * WIDTH)
    offset = (np.array([WIDTH, height]) - scale * (high - low)) / 2
    scaled = (xy - low) * scale + offset
    return np.column_stack([scaled[:, 0], height - scaled[:, 1]]), float(height)


def _line(points: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _dot(point: Sequence[float] | Floats) -> str:
    return f"M{point[0]:.1f} {point[1]:.1f}h0"
