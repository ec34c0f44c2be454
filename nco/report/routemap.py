"""The map of one result as SVG: a group a route, holding its line, its ways from and to the depot, and its stops.

Stops are lines of length zero with round caps (square for depots), so that they keep their size when one zooms in.
The k-th stop of a group is the k-th client row of the route's table: page.js relies on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nco.checker import Schedule
from nco.cities.city import CREDIT
from nco.cities.lines import joined
from nco.places import DERIVED, map_coordinates
from nco.plotting.palette import route_colours
from nco.problem import Floats
from nco.report.markup import Element, element
from nco.result import Result

if TYPE_CHECKING:
    from nco.streets import Streets

WIDTH, MARGIN = 1000.0, 26.0


def draw_map(result: Result) -> Element:
    """The map with its zoom buttons and caption."""
    problem = result.problem
    xy, derived = map_coordinates(problem)
    frame = _Frame.of(xy, degrees=result.streets is not None)
    points = frame.points(xy)
    svg = element(
        "svg",
        viewBox=f"0 0 {WIDTH:g} {frame.height:.0f}",
        role="img",
        aria_label=f"Map of {len(result.routes)} routes",
        style=f"--dot:{min(6.5, max(4.4, 90 / problem.num_clients**0.5)):.1f}",
    )
    if result.streets:
        svg.extend(_background(result.streets, frame))
    for index, (schedule, colour) in enumerate(
        zip(result.schedule, route_colours(problem, result.routes, xy), strict=True)
    ):
        inner = list(schedule.route.visits)
        legs = _legs(result, schedule, frame)
        rest = legs[len(inner) :]  # none where the end is open
        svg.append(
            element(
                "g",
                element("path", class_="leg", d="".join(map(_line, [legs[0], *rest]))),
                element("path", class_="line", d=_line(joined(points[inner[:1]], legs[1 : len(inner)]))),
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
    if result.streets:
        key.append(CREDIT)
    caption = element("figcaption", " · ".join(filter(None, key)), element("span", *buttons, class_="zoom"))
    return element("figure", svg, caption, class_="map")


@dataclass(frozen=True, slots=True)
class _Frame:
    """How coordinates become points of the picture, whose y points down: scaled, then moved."""

    scale: Floats  # [2]
    offset: Floats  # [2]
    height: float

    @classmethod
    def of(cls, xy: Floats, degrees: bool) -> _Frame:
        """The frame that shows all coordinates [N, 2]; degrees of longitude are narrower than those of latitude."""
        low, high = xy.min(axis=0), xy.max(axis=0)
        squeeze = np.array([np.cos(np.radians((low[1] + high[1]) / 2)) if degrees else 1.0, 1.0])
        span = np.maximum(squeeze * (high - low), 1e-12)
        inner = WIDTH - 2 * MARGIN
        scale = min(inner / span[0], 1.05 * inner / span[1]) * squeeze
        height = max(float((scale * (high - low))[1]) + 2 * MARGIN, 0.55 * WIDTH)
        return cls(scale, (np.array([WIDTH, height]) - scale * (low + high)) / 2, height)

    def points(self, xy: Floats) -> Floats:
        """Points [N, 2] of coordinates [N, 2]."""
        scaled = self.scale * xy + self.offset
        return np.column_stack([scaled[:, 0], self.height - scaled[:, 1]])


def _legs(result: Result, schedule: Schedule, frame: _Frame) -> list[Floats]:
    """From each stop to the next, a line along the streets, or straight where there are none."""
    path = [stop.location for stop in schedule.stops]
    if result.streets:
        profile = result.problem.vehicle_types[schedule.route.vehicle_type].profile
        return [frame.points(leg) for leg in result.streets.legs(profile, path)]
    points = frame.points(map_coordinates(result.problem)[0])
    return [points[list(pair)] for pair in pairwise(path)]


def _background(streets: Streets, frame: _Frame) -> list[Element]:
    """A path for each importance of roads, the least first."""
    drawn: dict[int, list[str]] = {}
    for line in streets.background:
        drawn.setdefault(line.rank, []).append(_line(frame.points(line.points[:, ::-1])))
    return [element("path", class_=f"road road-{rank}", d="".join(drawn[rank])) for rank in sorted(drawn, reverse=True)]


def _line(points: Floats) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _dot(point: Sequence[float] | Floats) -> str:
    return f"M{point[0]:.1f} {point[1]:.1f}h0"
