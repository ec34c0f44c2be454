"""The whole page, from results to a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nco.errors import ConfigError, Fault
from nco.report.curve import curve
from nco.report.document import asset, document, ending, header, save
from nco.report.markup import Element, element, number
from nco.report.routemap import draw_map
from nco.report.tables import comparison, key_numbers, problems, routes, titles, verdict
from nco.report.timeline import timeline
from nco.result import Result

UNITS = "Loads are on board when leaving a stop; times and distances are in the units of the input."


def write_html(results: Result | Sequence[Result], path: str | Path) -> None:
    """Write one self-contained page about a result, or comparing several results of one problem.

    Raises FileError (F012) when the file cannot be written, ConfigError (C503) for results of different problems.
    """
    save(render(results), path)


def render(results: Result | Sequence[Result]) -> str:
    """The page as text."""
    shown = list(results) if isinstance(results, Sequence) else [results]
    if len({(result.problem.name, result.problem.num_locations) for result in shown}) != 1:
        raise ConfigError(Fault("C503", "results", "they are not of one problem", "Give results of the same problem"))
    several = len(shown) > 1
    made = list(zip(titles(shown), shown, strict=True))
    body = [
        header(shown[0].problem, None if several else verdict(shown[0])),
        comparison(shown) if several else None,
        *(_choices(shown) if several else []),
        *(_result(result, index) for index, result in enumerate(shown)),
        element("div", curve(shown), ending(made, UNITS), class_="ending"),
        element("div", id="tip", role="status", hidden="hidden"),
        element("script", asset("page.js")),
    ]
    views = "".join(f"body:has(#view-{k}:checked) .result:not(#result-{k}){{display:none}}" for k in range(len(shown)))
    return document(shown[0].problem.name or "Routes", body, views)


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
