"""nco pareto: what keeping to preferences costs, as a table, a picture, a page and a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nco.cli.group import INFEASIBLE, INTERRUPTED, Debug, RoundingName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nco.cli.watch import Watch
    from nco.pareto import Front
    from nco.problem import Problem


def pareto(
    file: Annotated[Path, typer.Argument(help="A problem with preferences, such as data/examples/drivers-40.json.")],
    *,
    solvers: Annotated[str, typer.Option(help="Solvers, separated by commas: a front each. See nco solve.")] = "auto",
    points: Annotated[int | None, typer.Option(help="Points of a front, the ends included; 8 by default.")] = None,
    weights: Annotated[
        str | None, typer.Option(help="Weights of preferences from 0 to 1 instead, separated by commas.")
    ] = None,
    max_runtime: Annotated[float, typer.Option(help="Seconds for each front, shared by its points.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Seed of all random choices.")] = 1,
    device: Annotated[str, typer.Option(help="Where the neural solver runs: auto, cpu or cuda.")] = "auto",
    rounding: RoundingName = None,
    out: Annotated[Path | None, typer.Option(help="Write numbers and routes of all points (.json).")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page to open in a browser.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (.png, .svg or .pdf).")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Draw the front between what routes cost and how well they keep to preferences.

    At weight w a solver looks for the least (1 - w) x cost + w x sum of (1 - preference), which is the problem's own
    cost at a price of w / (1 - w) for a visit wholly against preference.

    Ctrl-C stops early and keeps the points found so far.
    """
    from nco.cli.console import notes, results
    from nco.cli.foresight import chosen, warn_of_impossible
    from nco.cli.lists import entries
    from nco.cli.outputs import PICTURES, misplaced, unknown_suffix
    from nco.cli.tables import front_table
    from nco.cli.watch import Watch
    from nco.errors import FileError
    from nco.io import read
    from nco.pareto.sweep import require_front
    from nco.pareto.weights import weighed
    from nco.solvers.solve import AUTO, locate

    faults = [*misplaced((out, html, plot), file), *unknown_suffix(out, (".json",), "file for fronts")]
    if faults := [*faults, *unknown_suffix(plot, PICTURES, "picture")]:
        raise FileError(faults)
    named = entries("--solvers", solvers)
    for name in named:
        locate(name) if name != AUTO else None
    problem = read(file, rounding=rounding)  # type: ignore[arg-type]  # validated by Problem
    require_front(problem)
    grid = _weights(problem, weights, points)
    if not quiet:
        warn_of_impossible(problem)
    names = [chosen(weighed(problem, grid[0]), device, quiet) if name == AUTO else name for name in named]
    with Watch(notes(), quiet) as watch:
        fronts = _run(problem, names, grid, watch, max_runtime, seed=seed, device=device)
    if not quiet:
        for front in fronts:
            results().print(front_table(front))
    _write(fronts, out, html, plot)
    if watch.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not any(front.best for front in fronts):
        raise typer.Exit(INFEASIBLE)


def _weights(problem: Problem, weights: str | None, points: int | None) -> tuple[float, ...]:
    """The weights that the options stand for."""
    from nco.cli.lists import entries, number
    from nco.errors import ConfigError, Fault
    from nco.pareto.weights import POINTS, checked, spread

    if weights is None:
        return spread(problem, POINTS if points is None else points)
    if points is not None:
        raise ConfigError(Fault("C503", "nco pareto", "both --points and --weights are given", "Give one of them"))
    return checked([number("--weights", entry) for entry in entries("--weights", weights)])


def _run(
    problem: Problem,
    names: Sequence[str],
    weights: tuple[float, ...],
    watch: Watch,
    seconds: float,
    *,
    seed: int,
    device: str,
) -> list[Front]:
    """One front a solver, up to the point at which the user interrupted it."""
    from nco.cli.attempts import each
    from nco.pareto import Front, sweep
    from nco.pareto.sweep import at_once
    from nco.report.markup import solver_title
    from nco.solvers.solve import solves_alike
    from nco.stop import MaxRuntime

    share = MaxRuntime(seconds / len(weights))

    def attempt(name: str) -> Front:
        title = solver_title(name)
        if solves_alike(name):
            stop = watch.follow(f"{title}, {len(weights)} points at once", MaxRuntime(seconds))
            return at_once(problem, weights, stop, name, seed, device)
        stops = [
            watch.follow(f"{title}, point {k} of {len(weights)}, weight {weight:g}", share)
            for k, weight in enumerate(weights, 1)
        ]
        points = []
        for point in sweep(problem, weights, stops, name, seed, device):
            points.append(point)
            if watch.interrupted:
                break
        return Front(tuple(points))

    return each(names, attempt, watch)


def _write(fronts: Sequence[Front], out: Path | None, html: Path | None, plot: Path | None) -> None:
    """Write what was asked for."""
    if out is not None:
        from nco.pareto.points import write_json

        write_json(fronts, out)
    if html is not None:
        from nco.pareto.page import write_html

        write_html(fronts, html)
    if plot is not None:
        from nco.pareto.plot import plot_front
        from nco.plotting.axes import save

        save(plot_front(fronts), plot)
