"""Orders and vehicles from CSV files, as spreadsheets export them: columns found by name, everything else an error.

problem = csv_orders.read("orders.csv", "vehicles.csv", columns={"Drop": "delivery", "Phone": None})
print(csv_orders.dry_run("orders.csv", "vehicles.csv"))  # which column means what, rows, faults with their lines
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from nco.cities.geometry import haversine
from nco.errors import Fault, FileError, NcoError, did_you_mean
from nco.io.csv_fields import DEGREES, ORDERS, VEHICLES, plain
from nco.io.csv_table import DECIMALS, Columns, Table, read_table
from nco.io.files import at_lines
from nco.problem import Client, Depot, Problem, Profile, VehicleType
from nco.rounding import Rounding

Metric = Literal["euclidean", "great_circle"]
METRICS = ("euclidean", "great_circle")
Pathlike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What reading would do: both files as understood, how distances are measured, and every fault."""

    orders: Table
    vehicles: Table
    metric: Metric
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        lines = []
        for table in (self.orders, self.vehicles):
            lines.append(f"{table.name}: {table.count} rows")
            for column, field in table.columns.items():
                lines.append(f"  {column} -> {field or ('(unknown)' if column in table.unknown else '(skipped)')}")
        lines += [f"distances: {self.metric}", f"faults: {len(self.faults)}"]
        return "\n".join([*lines, *(f"  {fault}" for fault in self.faults)])


def read(
    orders: Pathlike,
    vehicles: Pathlike,
    *,
    columns: Columns | None = None,
    vehicle_columns: Columns | None = None,
    metric: Metric | None = None,
    decimal: str = ".",
    rounding: Rounding = "none",
) -> Problem:
    """Problem from a file with a row per order and one with a row per vehicle type; depots are where vehicles start.

    columns, vehicle_columns: header -> field or one of its names, or None to skip it; headers that are not given are
    found by their names. metric: "great_circle" (a matrix of metres between longitudes and latitudes in degrees) or
    "euclidean"; by default the first when the orders' columns are called or mapped so. decimal: "." or ",".
    Raises FileError or ProblemError with every fault and its line.
    """
    preview = _preview(orders, vehicles, columns, vehicle_columns, metric, decimal)
    if preview.faults:
        raise FileError(preview.faults)
    return _problem(preview.orders, preview.vehicles, preview.metric, rounding)


def dry_run(
    orders: Pathlike,
    vehicles: Pathlike,
    *,
    columns: Columns | None = None,
    vehicle_columns: Columns | None = None,
    metric: Metric | None = None,
    decimal: str = ".",
) -> Preview:
    """How `read` understands the files, and what is wrong with them; raises only when a file cannot be opened."""
    preview = _preview(orders, vehicles, columns, vehicle_columns, metric, decimal)
    if not preview.faults:
        try:
            _problem(preview.orders, preview.vehicles, preview.metric, "none")
        except NcoError as error:
            return replace(preview, faults=error.faults)
    return preview


def _preview(
    orders: Pathlike,
    vehicles: Pathlike,
    columns: Columns | None,
    vehicle_columns: Columns | None,
    metric: Metric | None,
    decimal: str,
) -> Preview:
    """Both files, and their faults and those of the options."""
    first = read_table(Path(orders), ORDERS, columns or {}, decimal)
    second = read_table(Path(vehicles), VEHICLES, vehicle_columns or {}, decimal)
    faults = (
        *first.faults,
        *second.faults,
        *_options("metric", metric, METRICS),
        *_options("decimal", decimal, DECIMALS),
    )
    return Preview(first, second, metric or _metric(first, columns or {}), faults)


def _options(name: str, value: str | None, valid: tuple[str, ...]) -> list[Fault]:
    known = value is None or value in valid
    return [] if known else [Fault("P117", name, f"'{value}' is unknown", did_you_mean(str(value), valid))]


def _metric(orders: Table, columns: Columns) -> Metric:
    """Great circles where the columns of places are called longitude and latitude, by the file or by the user."""
    places = [name for name, field in orders.columns.items() if field in ("x", "y")]
    degrees = [{plain(name), plain(columns.get(name) or name)} & {*DEGREES} for name in places]
    return "great_circle" if places and all(degrees) else "euclidean"


def _problem(orders: Table, vehicles: Table, metric: Metric, rounding: Rounding) -> Problem:
    places: dict[tuple[float, float], int] = {}
    depot_lines: list[int] = []
    types = []
    modes: dict[str, int] = {}
    for line, row in vehicles.rows.items():
        start = (row["start_x"], row["start_y"])
        end = (row.get("end_x", start[0]), row.get("end_y", start[1]))
        for place in (start, end):
            if place not in places:
                places[place] = len(places)
                depot_lines.append(line)
        capacity = _loads(row, "capacity", [*vehicles.columns.values()])
        vehicle = _vehicle(row, capacity, places[start], None if row.get("open_end") else places[end])
        types.append(replace(vehicle, profile=modes.setdefault(row.get("mode", ""), len(modes))))
    clients = tuple(_client(row, [*orders.columns.values()]) for row in orders.rows.values())
    lines = {
        "depots": [f"{vehicles.name}, line {line}" for line in depot_lines],
        "vehicle_types": [f"{vehicles.name}, line {line}" for line in vehicles.rows],
        "clients": [f"{orders.name}, line {line}" for line in orders.rows],
    }
    with at_lines(lambda kind, index, _: lines[kind][index] if kind in lines else None):
        profiles = tuple(Profile(name=mode) for mode in modes) or (Profile(),)
        problem = Problem(tuple(Depot(x, y) for x, y in places), clients, tuple(types), profiles, rounding=rounding)
        if metric == "euclidean":
            return problem
        _check_degrees(problem, [*lines["depots"], *lines["clients"]])
        distance = haversine(problem.xy[:, None, ::-1], problem.xy[None, :, ::-1])
        return replace(problem, profiles=tuple(replace(profile, distance=distance) for profile in profiles))


def _client(row: dict[str, Any], fields: list[str | None]) -> Client:
    return Client(
        row["x"],
        row["y"],
        _loads(row, "delivery", fields),
        _loads(row, "pickup", fields),
        (row.get("opens", 0.0), row.get("closes", math.inf)),
        row.get("service", 0.0),
        row.get("required", True),
        row.get("prize", 0.0),
        row.get("name", ""),
    )


def _vehicle(row: dict[str, Any], capacity: tuple[float, ...], start: int, end: int | None) -> VehicleType:
    given = ("num_available", "fixed_cost", "unit_distance_cost", "unit_duration_cost", "speed")
    options = {key: row[key] for key in (*given, "max_distance", "max_duration", "name") if key in row}
    shift = (row.get("opens", 0.0), row.get("closes", math.inf))
    return VehicleType(capacity=capacity, start_depot=start, end_depot=end, tw=shift, **options)


def _loads(row: dict[str, Any], name: str, fields: list[str | None]) -> tuple[float, ...]:
    """One load per dimension, as many as the file has columns for; zero where the entry is empty."""
    keys = (name, f"{name}2", f"{name}3")
    dimensions = max((k + 1 for k, key in enumerate(keys) if key in fields), default=0)
    return tuple(row.get(key, 0.0) for key in keys[:dimensions])


def _check_degrees(problem: Problem, lines: list[str]) -> None:
    faults = [
        Fault("F005", lines[k], f"({x:g}, {y:g}) is no longitude and latitude", "Check the order: x is the longitude")
        for k, (x, y) in enumerate(problem.xy.tolist())
        if abs(x) > 180 or abs(y) > 90
    ]
    if faults:
        raise FileError(faults)
