"""The timetable of one result: a strip a route with its time windows, driving, waiting and service."""

from __future__ import annotations

import math

from nco.checker import Schedule
from nco.problem import Problem
from nco.report.markup import Element, element, nice_ticks, number
from nco.result import Result

#: A strip is drawn in a box this large and stretched to the width of the page.
WIDTH, HEIGHT = 1000, 20
ACTIVITIES = (("window", "time window"), ("drive", "driving"), ("wait", "waiting"), ("serve", "service"))


def timeline(result: Result) -> Element | None:
    """The timetable; None when time plays no part in the problem."""
    if not _timed(result.problem) or not result.schedule:
        return None
    begin = min(schedule.stops[0].start for schedule in result.schedule)
    end = max(schedule.stops[-1].departure for schedule in result.schedule)
    scale = WIDTH / max(end - begin, 1e-12)
    ticks = [
        element("span", number(tick), style=f"left:{(tick - begin) * scale / WIDTH:.2%}")
        for tick in nice_ticks(begin, end, 6)
    ]
    strips = [
        element(
            "div",
            element("span", str(index + 1)),
            _strip(result.problem, schedule, begin, end, scale),
            class_="strip",
            data_r=index,
        )
        for index, schedule in enumerate(result.schedule)
    ]
    key = element("p", *(element("span", title, class_=f"key {name}") for name, title in ACTIVITIES), class_="legend")
    axis = element("div", element("span"), element("div", *ticks), class_="strip axis")
    return element("section", element("h2", "Timetable"), key, *strips, axis, class_="panel timeline")


def _strip(problem: Problem, schedule: Schedule, begin: float, end: float, scale: float) -> Element:
    spans: dict[str, list[tuple[float, float]]] = {name: [] for name, _ in ACTIVITIES}
    for before, stop in zip(schedule.stops, schedule.stops[1:], strict=False):
        opens, closes = problem.tw[stop.location]
        if stop.location >= problem.num_depots and math.isfinite(closes):
            spans["window"].append((max(opens, begin), min(closes, end)))
        spans["drive"].append((before.departure, stop.arrival))
        spans["wait"].append((stop.arrival, stop.start))
        spans["serve"].append((stop.start, stop.departure))
    height = {"window": HEIGHT, "drive": 3, "wait": 7, "serve": 12}
    paths = [
        element("path", class_=name, d=_bars(bars, begin, scale, height[name])) for name, bars in spans.items() if bars
    ]
    return element("svg", *paths, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", aria_hidden="true")


def _bars(spans: list[tuple[float, float]], begin: float, scale: float, height: int) -> str:
    top = (HEIGHT - height) / 2
    return "".join(
        f"M{(first - begin) * scale:.1f} {top:g}h{max((last - first) * scale, 0.8):.1f}v{height}"
        f"H{(first - begin) * scale:.1f}z"
        for first, last in spans
        if last > first
    )


def _timed(problem: Problem) -> bool:
    """True when the problem has windows, service times, shifts or a price or limit on time."""
    windows = [p.tw for p in problem.places] + [v.tw for v in problem.vehicle_types]
    return (
        any(opens > 0 or math.isfinite(closes) for opens, closes in windows)
        or bool(problem.service.any())
        or any(v.unit_duration_cost > 0 or math.isfinite(v.max_duration) for v in problem.vehicle_types)
    )
