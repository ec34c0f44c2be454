"""Cost over time of all results in one picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nco.plotting.palette import PALETTE
from nco.report.markup import Element, element, nice_ticks, number
from nco.report.tables import titles
from nco.result import Result

WIDTH, HEIGHT, LEFT, BOTTOM, RIGHT = 720, 260, 74, 34, 100

#: Costs above this multiple of the best are cut off: first solutions would flatten the rest.
CUT = 1.2


def curve(results: Sequence[Result]) -> Element | None:
    """Steps of the best cost so far, one line a result; None when no solver recorded any."""
    shown = [(r, t, PALETTE[i % len(PALETTE)]) for i, (r, t) in enumerate(zip(results, titles(results), strict=True))]
    shown = [entry for entry in shown if entry[0].history]
    if not shown:
        return None
    costs = [cost for result, _, _ in shown for _, cost in result.history]
    low, high = min(costs), max(min(max(costs), CUT * min(costs)), 1e-9 + min(costs))
    last = max(result.runtime for result, _, _ in shown)

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / last

    def y(cost: float) -> float:
        return 14 + (HEIGHT - BOTTOM - 14) * (high - min(cost, high)) / (high - low)

    grid = [
        part
        for tick in nice_ticks(low, high, 4)
        for part in (
            element("path", class_="grid", d=f"M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"),
            element("text", number(tick), x=LEFT - 8, y=f"{y(tick) + 4:.1f}", text_anchor="end"),
        )
    ]
    grid += [
        element("text", f"{number(tick)} s", x=f"{x(tick):.1f}", y=HEIGHT - 10, text_anchor="middle")
        for tick in nice_ticks(0, last, 5)
    ]
    lines = [
        element("path", class_="step", style=f"--c:{colour}", d=_steps(result, x, y)) for result, _, colour in shown
    ]
    ends = sorted((y(result.history[-1][1]), x(result.runtime), title, colour) for result, title, colour in shown)
    labels, floor = [], 0.0
    for height, end, title, colour in ends:  # from the top down, pushed apart where they would overlap
        floor = max(height + 4, floor + 15)
        labels.append(element("text", title, class_="end", x=f"{end + 6:.1f}", y=f"{floor:.1f}", style=f"--c:{colour}"))
    svg = element(
        "svg", *grid, *lines, *labels, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label="Cost over time"
    )
    cut = element("p", f"Costs above {number(high)} are cut off.", class_="note") if max(costs) > high else None
    return element("section", element("h2", "Cost over time"), svg, cut, class_="panel curve")


def _steps(result: Result, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    (start, cost), *rest = result.history
    moves = "".join(f"H{x(seconds):.1f}V{y(value):.1f}" for seconds, value in rest)
    return f"M{x(start):.1f} {y(cost):.1f}{moves}H{x(result.runtime):.1f}"
