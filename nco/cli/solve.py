"""nco solve: read a problem, solve it, show and store the routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nco.cli.group import INFEASIBLE, INTERRUPTED, Debug, RoundingName

if TYPE_CHECKING:
    from nco.cli.watch import Watch
    from nco.problem import Problem
    from nco.result import Result


def solve(
    file: Annotated[
        Path,
        typer.Argument(help="The problem, in any format of docs/formats.md, or a .csv of orders; - is standard input."),
    ],
    *,
    vehicles: Annotated[Path | None, typer.Option(help="With orders: the .csv of vehicles.")] = None,
    roads: Annotated[
        Path | None,
        typer.Option(help="An extract of OpenStreetMap: distances (m), times (s) and maps follow its roads."),
    ] = None,
    engine: Annotated[str, typer.Option(help="With roads: osrm, dijkstra, auto. See nco city build.")] = "auto",
    solver: Annotated[
        str,
        typer.Option(
            help="auto: the first that can of search, neural, pyvrp, ortools; or one of these, lkh (tours only), "
            "nearest (a baseline), your own as module:Class."
        ),
    ] = "auto",
    compare: Annotated[
        bool, typer.Option("--compare", help="Run all that auto knows, each for the same time.")
    ] = False,
    max_runtime: Annotated[float, typer.Option(help="Seconds to work, for each solver.")] = 5.0,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 1,
    device: Annotated[str, typer.Option(help="Where search and neural solver run: auto, cpu or cuda.")] = "auto",
    weights: Annotated[
        str | None, typer.Option(help="Weights for the neural solver: a shipped name or a .safetensors file.")
    ] = None,
    initial: Annotated[
        Path | None, typer.Option(help="A plan to begin with (.json or .sol), for the search: never made worse.")
    ] = None,
    rounding: RoundingName = None,
    out: Annotated[Path | None, typer.Option(help="Write the best solution (.json, .sol or .geojson).")] = None,
    format: Annotated[str | None, typer.Option(help="Format of --out when the suffix does not say: vroom.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to open in a browser.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a map (.png, .svg or .pdf).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Solve a problem and print its routes.

    Distances are rounded as the file's format demands unless --rounding says otherwise.

    Ctrl-C stops early and keeps the best solution so far.
    """
    from nco.cli.console import notes, results, say
    from nco.cli.foresight import chosen, warn_of_impossible
    from nco.cli.outputs import Outputs
    from nco.cli.sources import Source
    from nco.cli.tables import comparison
    from nco.cli.watch import Watch
    from nco.io import read_solution
    from nco.solvers.solve import AUTO, PREFERENCE, SOLVERS

    outputs = Outputs(out, html, plot, format)
    outputs.check(file)
    problem, streets = Source(file, vehicles, roads, engine, rounding).load(notes(), quiet)
    if not quiet:
        warn_of_impossible(problem)
    options: dict[str, dict[str, Any]] = {}
    if weights:
        options["neural"] = {"weights": weights}
    if initial:
        options["search"] = {"initial_solution": read_solution(initial, problem)}
    if solver == AUTO and not compare:
        solver = next(iter(options), None) or chosen(problem, device, quiet)
    names = [name for name in SOLVERS if name in dict(PREFERENCE)] if compare else [solver]
    with Watch(notes(), quiet) as watch:
        found = _run(problem, names, watch, max_runtime, seed=seed, device=device, options=options)
    found = [replace(result, streets=streets) for result in found]
    best = min(found, key=lambda result: (result.cost(), len(result.unassigned)))
    if not quiet:
        say(results(), str(best))
        if compare:
            results().print(comparison(found))
    outputs.write(best, found)  # after the routes are shown: a format may turn out not to express them
    if watch.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not best.is_feasible():
        raise typer.Exit(INFEASIBLE)


def _run(
    problem: Problem,
    names: Sequence[str],
    watch: Watch,
    seconds: float,
    *,
    seed: int,
    device: str,
    options: Mapping[str, dict[str, Any]],
) -> list[Result]:
    """One result a solver."""
    from nco.cli.attempts import each
    from nco.report.markup import solver_title
    from nco.solvers.solve import create, solve
    from nco.stop import MaxRuntime

    def attempt(name: str) -> Result:
        own = (
            options.get(name, {}) if len(names) > 1 else {k: v for given in options.values() for k, v in given.items()}
        )
        stop = watch.follow(solver_title(name), MaxRuntime(seconds))
        engine = create(name, device, **own)  # before the clock starts: importing torch takes seconds
        return solve(problem, engine, stop, seed)

    return each(names, attempt, watch)
