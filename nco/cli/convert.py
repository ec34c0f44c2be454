"""nco convert: a problem in one format becomes a file in another; orders and vehicles from CSV become a problem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nco.cli.group import BAD_INPUT, Debug, RoundingName
from nco.errors import ConfigError, Fault

if TYPE_CHECKING:
    from nco.problem import Problem


def convert(
    source: Annotated[Path, typer.Argument(help="The problem in any format that is read, or a .csv of orders.")],
    target: Annotated[Path | None, typer.Argument(help="The file to write: .json or .vrp.")] = None,
    *,
    vehicles: Annotated[Path | None, typer.Option(help="With orders: the .csv of vehicles.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="With orders: HEADER=FIELD, or HEADER= to skip it; repeat it.")
    ] = None,
    vehicle_column: Annotated[list[str] | None, typer.Option(help="The same for vehicles.")] = None,
    metric: Annotated[str | None, typer.Option(help="With orders: great_circle or euclidean.")] = None,
    decimal: Annotated[str, typer.Option(help="With orders: the decimal sign, . or ,")] = ".",
    roads: Annotated[
        Path | None, typer.Option(help="An extract of OpenStreetMap: distances (m) and times (s) follow its roads.")
    ] = None,
    engine: Annotated[str, typer.Option(help="With roads: osrm, dijkstra, auto. See nco city build.")] = "auto",
    format: Annotated[str | None, typer.Option(help="Format to write when the suffix does not say: vroom.")] = None,
    rounding: RoundingName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what was understood and what is wrong.")] = False,
    debug: Debug = False,
) -> None:
    """Read a problem and write it in another format; --dry-run says how a file is understood."""
    from nco.cli.console import notes, results, say
    from nco.cli.foresight import warn_of_impossible
    from nco.cli.sources import along
    from nco.io import read, write

    orders = source.suffix.lower() == ".csv"
    _check(orders, target, vehicles, dry_run)
    if orders:
        options: dict[str, Any] = {
            "columns": _mapping("--column", column or []),
            "vehicle_columns": _mapping("--vehicle-column", vehicle_column or []),
            "metric": metric,
            "decimal": decimal,
        }
        problem = _from_orders(source, vehicles or source, options, rounding, dry_run)
    else:
        problem = read(source, rounding=rounding)  # type: ignore[arg-type]  # validated by Problem
    if roads is not None:
        problem, _ = along(problem, roads, engine, notes(), quiet=False)
    say(results(), _described(problem, source))
    warn_of_impossible(problem)
    if target is not None and not dry_run:
        write(problem, target, format=format)
        say(results(), f"written to {target}")


def _check(orders: bool, target: Path | None, vehicles: Path | None, dry_run: bool) -> None:
    faults = []
    if orders and vehicles is None:
        faults.append(Fault("C503", "--vehicles", "it is missing", "Name the .csv of vehicles beside that of orders"))
    if not orders and vehicles is not None:
        faults.append(Fault("C503", "--vehicles", "the orders are no .csv", "Give vehicles with a .csv of orders only"))
    if target is None and not dry_run:
        faults.append(Fault("C503", "nco convert", "there is no file to write", "Name one, or add --dry-run"))
    if faults:
        raise ConfigError(faults)


def _from_orders(orders: Path, vehicles: Path, options: dict[str, Any], rounding: str | None, dry_run: bool) -> Problem:
    from nco.cli.console import results, say
    from nco.io import csv_orders

    if dry_run:
        preview = csv_orders.dry_run(orders, vehicles, **options)
        say(results(), str(preview))
        if preview.faults:
            raise typer.Exit(BAD_INPUT)
    return csv_orders.read(orders, vehicles, **options, rounding=rounding or "none")  # type: ignore[arg-type]


def _mapping(option: str, entries: Sequence[str]) -> dict[str, str | None]:
    """HEADER=FIELD pairs; a header may hold an equals sign, a field does not."""
    if wrong := [entry for entry in entries if "=" not in entry]:
        raise ConfigError(Fault("C503", option, f"'{e}' has no field", "Write HEADER=FIELD, or HEADER=") for e in wrong)
    return {header.strip(): field.strip() or None for header, _, field in (entry.rpartition("=") for entry in entries)}


def _described(problem: Problem, source: Path) -> str:
    from nco.report.markup import plural

    parts = {"depot": problem.num_depots, "client": problem.num_clients, "vehicle type": len(problem.vehicle_types)}
    if problem.shipments:
        parts["shipment"] = len(problem.shipments)
    counts = ", ".join(plural(count, noun) for noun, count in parts.items())
    return f"{problem.name or source.name}: {counts}; distances rounded: {problem.rounding}"
