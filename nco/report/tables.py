"""Tables of the page: key numbers, comparison of results, routes with their stops, violations and clients left out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nco.checker import TOLERANCE, Cost, Schedule
from nco.places import map_coordinates
from nco.plotting.palette import route_colours
from nco.problem import Problem
from nco.report.markup import NOTHING, Element, element, number, plural, row, solver_title
from nco.result import Result


def titles(results: Sequence[Result]) -> list[str]:
    """A name for each result: its solver, with the seed when a solver appears twice."""
    solvers = [result.solver for result in results]
    return [solver_title(r.solver) + (f", seed {r.seed}" if solvers.count(r.solver) > 1 else "") for r in results]


def comparison(results: Sequence[Result]) -> Element:
    """One row a result: cost, gap to the best, routes, clients served, time, verdict."""
    best = min(result.cost() for result in results)
    gaps = [result.cost() / best - 1 if best > 0 and math.isfinite(result.cost()) else None for result in results]
    widest = max((gap for gap in gaps if gap is not None), default=0.0)
    head = ["Solver", cost_title(results[0].problem), "Gap to best", "Routes", "Clients served", "Time", "Verdict"]
    body = [
        row(
            [
                element("label", title, for_=f"view-{index}"),
                number(result.report.cost.total),
                _gap(gap, widest),
                number(len(result.routes)),
                _served(result),
                f"{result.runtime:.2f} s",
                verdict(result),
            ],
            class_="best" if result.cost() == best and math.isfinite(best) else None,
        )
        for index, (result, title, gap) in enumerate(zip(results, titles(results), gaps, strict=True))
    ]
    table = element("table", element("thead", row(head, "th")), element("tbody", *body))
    return element("div", table, class_="scroll panel comparison")


def cost_title(problem: Problem) -> str:
    """What the cost is, for headings."""
    return "Cost" if problem.objective == "sum" else "Cost (costliest route)"


def verdict(result: Result) -> Element:
    """Feasible or not, as a badge."""
    good = result.is_feasible()
    return element("span", "feasible" if good else "infeasible", class_=f"badge {'good' if good else 'bad'}")


def key_numbers(result: Result) -> Element:
    """The summary: cost and its terms, routes, clients, waiting, load, time."""
    cost, schedules = result.report.cost, result.schedule
    waiting = sum(stop.wait for schedule in schedules for stop in schedule.stops)
    filled = [share for schedule in schedules if (share := fill(result.problem, schedule)) is not None]
    cards = [
        (cost_title(result.problem), number(cost.total), _terms(cost)),
        ("Routes", number(len(schedules)), _fleet(result.problem)),
        ("Clients served", _served(result), ""),
        ("Distance", number(sum(schedule.distance for schedule in schedules)), "all routes" if cost.scope else ""),
        ("Waiting", number(waiting), "") if waiting else None,
        ("Load used", f"{100 * sum(filled) / len(filled):.0f}\u00a0%", "mean over routes") if filled else None,
        ("Computed in", f"{result.runtime:.2f} s", plural(result.iterations, "iteration")),
    ]
    return element(
        "dl",
        *(
            element("div", element("dt", name), element("dd", value), element("small", note) if note else None)
            for name, value, note in filter(None, cards)
        ),
        class_="cards",
    )


def _terms(cost: Cost) -> str:
    """The terms of a cost that has several or that is not a sum over all routes."""
    terms = {
        "distance": cost.distance,
        "duration": cost.duration,
        "fixed": cost.fixed,
        "preference": cost.preference,
        "left out": cost.prizes,
    }
    split = [f"{name} {number(value)}" for name, value in terms.items() if value]
    scope = f"{cost.scope}: " if cost.scope else ""
    return scope + " + ".join(split) if scope or len(split) > 1 else ""


def problems(result: Result) -> Element | None:
    """Broken rules and clients left out, each in a sentence; nothing when all is well."""
    explained = {reason.location for reason in result.unassigned}
    broken = [v for v in result.report.violations if v.rule != "visits" or v.location not in explained]
    lacking = () if result.is_feasible() else result.screen.fleet
    lists = [
        _list("Impossible whatever the routes", [("fleet", sentence) for sentence in lacking], "bad"),
        _list("Rules broken", [(v.rule, v.message) for v in broken], "bad"),
        _list("Clients left out", [(r.rule, r.message) for r in result.unassigned], "warn"),
    ]
    return element("div", *lists, class_="issues") if any(item is not None for item in lists) else None


def routes(result: Result, view: int) -> Element:
    """Every route as a line that opens to show its stops."""
    xy, _ = map_coordinates(result.problem)
    colours = route_colours(result.problem, result.routes, xy)
    head = element(
        "div",
        *(element("span", name) for name in ("", "Route", "Stops", "Load", "Distance", "Duration")),
        class_="head",
    )
    search = element(
        "input", type="search", placeholder="Find a client", aria_label="Find a client", autocomplete="off"
    )
    items = [
        _route(result.problem, schedule, index, colour, f"route-{view}-{index}")
        for index, (schedule, colour) in enumerate(zip(result.schedule, colours, strict=True))
    ]
    return element("div", search, head, *items, class_="routes panel")


def fill(problem: Problem, schedule: Schedule) -> float | None:
    """Largest share of the capacity in use at any time, over all load dimensions; None without a capacity."""
    capacity = problem.vehicle_types[schedule.route.vehicle_type].capacity
    shares = [
        max(stop.load[k] for stop in schedule.stops) / limit for k, limit in enumerate(capacity) if 0 < limit < math.inf
    ]
    return max(shares, default=None)


def _route(problem: Problem, schedule: Schedule, index: int, colour: str, name: str) -> Element:
    share = fill(problem, schedule)
    late = any(lateness > TOLERANCE for lateness in schedule.lateness)
    bar = None
    if share is not None:
        bar = element(
            "span", element("i", style=f"width:{min(100, 100 * share):.0f}%"), class_="bar over" if share > 1 else "bar"
        )
    kind = type_name(problem, schedule.route.vehicle_type) if len(problem.vehicle_types) > 1 else ""
    summary = element(
        "summary",
        element("span", class_="swatch"),
        element("span", f"{index + 1}", element("small", kind) if kind else None, " ⚠" if late else None),
        element("span", number(sum(v >= problem.num_depots for v in schedule.route.visits))),
        element("span", bar, "" if share is None else f"{100 * share:.0f}\u00a0%", class_="load"),
        element("span", number(schedule.distance)),
        element("span", number(schedule.duration)),
    )
    columns = row(["", "Stop", "Arrival", "Wait", "Start", "Load"], "th")
    stops = [
        row(
            [
                str(position),
                _stop_name(problem, stop.location),
                number(stop.arrival),
                number(stop.wait),
                number(stop.start),
                " / ".join(map(number, stop.load)) or NOTHING,
            ],
            class_=" ".join(
                filter(
                    None, ["c" if stop.location >= problem.num_depots else "", "late" if lateness > TOLERANCE else ""]
                )
            )
            or None,
        )
        for position, (stop, lateness) in enumerate(zip(schedule.stops, schedule.lateness, strict=True))
    ]
    table = element("table", element("thead", columns), element("tbody", *stops))
    return element("details", summary, table, id=name, data_r=index, style=f"--c:{colour}")


def type_name(problem: Problem, kind: int) -> str:
    """The user's name of a vehicle type, or its number."""
    return problem.vehicle_types[kind].name or f"type {kind}"


def _stop_name(problem: Problem, location: int) -> str:
    if location < problem.num_depots:
        return problem.depots[location].name or ("Depot" if problem.num_depots == 1 else f"Depot {location}")
    return problem.label(location)


def _gap(gap: float | None, widest: float) -> Element | str:
    if gap is None:
        return NOTHING
    share = 100 * gap / widest if widest > 0 else 0
    bar = element("span", element("i", style=f"width:{share:.0f}%"), class_="bar")
    return element("span", f"{100 * gap:.2f}\u00a0%", bar, class_="gap")


def _served(result: Result) -> str:
    count, missing = result.problem.num_clients, len(result.report.unassigned)
    return f"{number(count - missing)} of {number(count)}" if missing else f"all {number(count)}"


def _fleet(problem: Problem) -> str:
    available = [vehicle.num_available for vehicle in problem.vehicle_types]
    counted = [count for count in available if count is not None]
    return plural(sum(counted), "vehicle") + " available" if len(counted) == len(available) else ""


def _list(title: str, entries: Sequence[tuple[str, str]], kind: str) -> Element | None:
    if not entries:
        return None
    items = [element("li", element("code", rule), " ", message) for rule, message in entries]
    heading = element("h3", f"{title} ({len(entries)})")
    return element("section", heading, element("ul", *items), class_=f"issue {kind}")
