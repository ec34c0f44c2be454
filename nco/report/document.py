"""What all pages share: one file that needs no network, with a header, and a footer on how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import metadata, resources
from pathlib import Path

from nco.errors import Fault, FileError
from nco.problem import Problem
from nco.report.markup import NOTHING, Child, Element, element, plural, row, to_html
from nco.report.tables import type_name
from nco.result import Result

#: The browser itself is told to load nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def document(title: str, body: Sequence[Child], style: str = "") -> str:
    """The page as text; `style` is added to the common one."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · nco"),
        element("style", asset("page.css") + style),
    )
    return to_html(element("html", head, element("body", *body), lang="en"))


def save(text: str, path: str | Path) -> None:
    """Write a page; raises FileError (F012) when that fails."""
    try:
        Path(path).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(Fault("F012", str(path), error.strerror or str(error), "Choose another place")) from error


def header(problem: Problem, badge: Child = None) -> Element:
    """The problem's name, beside it a badge, and its size in words."""
    facts = [
        plural(problem.num_clients, "client"),
        plural(problem.num_depots, "depot"),
        _fleet(problem),
        "distances not rounded" if problem.rounding == "none" else f"distances rounded: {problem.rounding}",
    ]
    return element(
        "header",
        element("h1", problem.name or "Routes", " " if badge is not None else None, badge),
        element("p", " · ".join(facts)),
    )


def ending(made: Sequence[tuple[str, Result]], units: str) -> Element:
    """The footer: how each result, under its title, came about, and who checked it."""
    lines = [
        row([title, f"seed {result.seed}", ", ".join(f"{k} {v}" for k, v in result.provenance.items()) or NOTHING])
        for title, result in made
    ]
    note = (
        f"Made by nco {metadata.version('nco-vrp')} on {date.today().isoformat()}. Every cost and every rule was "
        f"recomputed from the problem in double precision by nco.check, independently of the solver. {units}"
    )
    return element(
        "footer",
        element("h2", "How this was made"),
        element("table", element("tbody", *lines)),
        element("p", note),
        class_="panel",
    )


def asset(name: str) -> str:
    """Text of a file that ships beside this module."""
    return resources.files("nco.report").joinpath(name).read_text(encoding="utf-8")


def _fleet(problem: Problem) -> str:
    """Vehicle types with the number available when they are few, else how many types there are."""
    if len(problem.vehicle_types) > 3:
        return plural(len(problem.vehicle_types), "vehicle type")
    kinds = []
    for kind, vehicle in enumerate(problem.vehicle_types):
        name = type_name(problem, kind) if vehicle.name or len(problem.vehicle_types) > 1 else "vehicle"
        kinds.append(f"{name} ({vehicle.num_available or 'any number'})")
    return ", ".join(kinds)
