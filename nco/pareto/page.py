"""The page: fronts in one picture, and a table of their points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nco.pareto.points import Front, Point
from nco.plotting.palette import PALETTE
from nco.report.document import document, ending, header, save
from nco.report.markup import Element, element, nice_ticks, number, row, solver_title

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 340, 64, 16, 24, 52

HOW = (
    "At weight w the solver looked for the least (1 \u2212 w) cost + w dislike, where dislike is the sum over visits "
    "of 1 \u2212 preference: the price is what a visit wholly against preference then costs beside the problem's own "
    "prices. At both ends the other side breaks ties. Cost is that of driving, vehicles and clients left out. "
    "A point is dominated when another one of the same solver is no worse in cost and dislike and better in one. "
    "The neural solver takes all weights at once: its time is that of all."
)


def write_html(fronts: Front | Sequence[Front], path: str | Path) -> None:
    """Write one self-contained page about fronts of one problem; raises FileError (F012) when that fails."""
    save(render([fronts] if isinstance(fronts, Front) else list(fronts)), path)


def render(fronts: Sequence[Front]) -> str:
    """The page as text."""
    problem = fronts[0].points[0].result.problem
    colours = [PALETTE[k % len(PALETTE)] for k in range(len(fronts))]
    body = [
        header(problem),
        _picture(fronts, colours),
        *(_table(front, colour) for front, colour in zip(fronts, colours, strict=True)),
        ending([(solver_title(front.solver), front.points[0].result) for front in fronts], HOW),
    ]
    return document(f"{problem.name or 'Routes'}: cost against preferences", body)


def _picture(fronts: Sequence[Front], colours: Sequence[str]) -> Element:
    feasible = [point for front in fronts for point in front.points if point.result.is_feasible()]
    title = element("h2", "What keeping to preferences costs")
    if not feasible:
        return element("section", title, element("p", "No point is feasible."), class_="panel")
    left, right = _range([point.cost for point in feasible])
    low, high = _range([point.mean_preference for point in feasible])

    def x(cost: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (cost - left) / (right - left)

    def y(preference: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - preference) / (high - low)

    def place(point: Point) -> tuple[float, float]:
        return x(point.cost), y(point.mean_preference)

    grid = [
        part
        for tick in nice_ticks(100 * low, 100 * high, 5)
        for part in (
            element("path", class_="grid", d=f"M{LEFT} {y(tick / 100):.1f}H{WIDTH - RIGHT}"),
            element("text", f"{number(tick)} %", x=LEFT - 8, y=f"{y(tick / 100) + 4:.1f}", text_anchor="end"),
        )
    ]
    grid += [
        element("text", number(tick), x=f"{x(tick):.1f}", y=HEIGHT - BOTTOM + 20, text_anchor="middle")
        for tick in nice_ticks(left, right, 6)
    ]
    middle = (LEFT + WIDTH - RIGHT) / 2
    grid.append(
        element("text", "cost without preferences \u2192", x=f"{middle:.1f}", y=HEIGHT - 8, text_anchor="middle")
    )
    drawn: list[Element] = []
    for below, (front, colour) in enumerate(reversed(list(zip(fronts, colours, strict=True)))):
        radius = 5 + 1.5 * below  # where fronts meet, all are seen
        spots = [_spot(front, p, place(p), colour, radius) for p in front.points if p.result.is_feasible()]
        line = _line([place(point) for point in front.best])
        drawn = [element("path", class_="step", style=f"--c:{colour}", d=line), *spots, *drawn]
    svg = element(
        "svg", *grid, *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label="Preference kept over cost"
    )
    key = element(
        "p",
        *(
            element("span", solver_title(front.solver), class_="key", style=f"--k:{colour}")
            for front, colour in zip(fronts, colours, strict=True)
        ),
        element("span", "upwards: preference kept, mean of visits; hollow: dominated"),
        class_="legend",
    )
    return element("section", title, key, svg, class_="panel curve")


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From below the least to above the largest."""
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.01 * max(abs(low), 1.0)
    return low - margin, high + margin


def _line(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _spot(front: Front, point: Point, place: tuple[float, float], colour: str, radius: float) -> Element:
    what = f"weight {point.weight:g}: cost {number(point.cost)}, preference {100 * point.mean_preference:.1f} %"
    return element(
        "circle",
        element("title", f"{solver_title(front.solver)}, {what}"),
        class_=f"spot {front.verdict(point)}".rstrip(),
        style=f"--c:{colour}",
        cx=f"{place[0]:.1f}",
        cy=f"{place[1]:.1f}",
        r=radius,
    )


def _table(front: Front, colour: str) -> Element:
    head = ["Weight", "Price", "Cost", "Distance and duration", "Preference", "Mean of visits", "Routes", "Time", ""]
    body = [
        row(
            [
                f"{point.weight:g}",
                f"{point.price:.3g}",
                number(point.cost),
                number(point.driving),
                f"{number(point.preference)} of {point.visits}",
                f"{100 * point.mean_preference:.1f}\u00a0%",
                number(len(point.result.routes)),
                f"{point.result.runtime:.2f} s",
                front.verdict(point),
            ],
            class_="off" if front.verdict(point) else None,
        )
        for point in front.points
    ]
    title = element("h2", element("span", solver_title(front.solver), class_="key", style=f"--k:{colour}"))
    table = element("table", element("thead", row(head, "th")), element("tbody", *body))
    return element("section", title, table, class_="scroll panel front")
