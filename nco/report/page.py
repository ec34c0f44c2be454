"""The whole page, from results to a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import metadata, resources
from pathlib import Path

from nco.errors import ConfigError, Fault, FileError
from nco.problem import Problem
from nco.report.curve import curve
from nco.report.markup import NOTHING, Element, element, number, plural, row, to_html
from nco.report.routemap import draw_map
from nco.report.tables import comparison, key_numbers, problems, routes, titles, type_name, verdict
from nco.report.timeline import timeline
from nco.result import Result

#: The browser itself is told to load nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def write_html(results: Result | Sequence[Result], path: str | Path) -> None:
    """Write one self-contained page about a result, or comparing several results of one problem.

    Raises FileError (F012) when the file cannot be written, ConfigError (C503) for results of different problems.
    """
    text = render(results)
    try:
        Path(path).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(Fault("F012", str(path), error.strerror or str(error), "Choose another place")) from error


def render(results: Result | Sequence[Result]) -> str:
    """The page as text."""
    shown = list(results) if isinstance(results, Sequence) else [results]
    if len({(result.problem.name, result.problem.num_locations) for result in shown}) != 1:
        raise ConfigError(Fault("C503", "results", "they are not of one problem", "Give results of the same problem"))
    several = len(shown) > 1
    body = [
        _header(shown[0].problem, shown[0] if not several else None),
        comparison(shown) if several else None,
        *(_choices(shown) if several else []),
        *(_result(result, index) for index, result in enumerate(shown)),
        element("div", curve(shown), _provenance(shown), class_="ending"),
        element("div", id="tip", role="status", hidden="hidden"),
        element("script", _asset("page.js")),
    ]
    return to_html(element("html", _head(shown), element("body", *body), lang="en"))


def _head(results: Sequence[Result]) -> Element:
    views = "".join(
        f"body:has(#view-{k}:checked) .result:not(#result-{k}){{display:none}}" for k in range(len(results))
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{results[0].problem.name or 'Routes'} · nco"),
        element("style", _asset("page.css") + views),
    )


def _header(problem: Problem, only: Result | None) -> Element:
    facts = [
        plural(problem.num_clients, "client"),
        plural(problem.num_depots, "depot"),
        _fleet(problem),
        "distances not rounded" if problem.rounding == "none" else f"distances rounded: {problem.rounding}",
    ]
    return element(
        "header",
        element("h1", problem.name or "Routes", " " if only else None, verdict(only) if only else None),
        element("p", " · ".join(facts)),
    )


def _fleet(problem: Problem) -> str:
    """Vehicle types with the number available when they are few, else how many types there are."""
    if len(problem.vehicle_types) > 3:
        return plural(len(problem.vehicle_types), "vehicle type")
    kinds = []
    for kind, vehicle in enumerate(problem.vehicle_types):
        name = type_name(problem, kind) if vehicle.name or len(problem.vehicle_types) > 1 else "vehicle"
        kinds.append(f"{name} ({vehicle.num_available or 'any number'})")
    return ", ".join(kinds)


def _choices(results: Sequence[Result]) -> list[Element]:
    best = min(range(len(results)), key=lambda k: results[k].cost())
    tabs = [
        part
        for k, title in enumerate(titles(results))
        for part in (
            element("input", type="radio", name="view", id=f"view-{k}", checked="checked" if k == best else None),
            element("label", title, element("small", number(results[k].report.cost.total)), for_=f"view-{k}"),
        )
    ]
    return [element("div", *tabs, class_="tabs", role="group", aria_label="Result to show")]


def _result(result: Result, index: int) -> Element:
    return element(
        "main" if index == 0 else "section",
        key_numbers(result),
        problems(result),
        element("div", draw_map(result), routes(result, index), class_="split"),
        timeline(result),
        class_="result",
        id=f"result-{index}",
    )


def _provenance(results: Sequence[Result]) -> Element:
    lines = [
        row(
            [
                title,
                f"seed {result.seed}",
                ", ".join(f"{key} {value}" for key, value in result.provenance.items()) or NOTHING,
            ]
        )
        for result, title in zip(results, titles(results), strict=True)
    ]
    note = (
        f"Made by nco {metadata.version('nco-vrp')} on {date.today().isoformat()}. Every cost and every rule was "
        "recomputed from the problem in double precision by nco.check, independently of the solver. "
        "Loads are on board when leaving a stop; times and distances are in the units of the input."
    )
    return element(
        "footer",
        element("h2", "How this was made"),
        element("table", element("tbody", *lines)),
        element("p", note),
        class_="panel",
    )


def _asset(name: str) -> str:
    return resources.files("nco.report").joinpath(name).read_text(encoding="utf-8")
