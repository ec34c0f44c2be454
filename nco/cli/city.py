"""nco city build, nco city show: places on real roads, from an extract of OpenStreetMap to a file, a table, a map."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from nco.cli.group import Debug
from nco.errors import ConfigError, Fault, FileError

#: Metres of the units that a size may have.
UNITS = {"": 1.0, "m": 1.0, "km": 1000.0}


def build(
    extract: Annotated[Path, typer.Argument(help="An extract of OpenStreetMap: .osm.pbf, .osm.gz, .osm.bz2 or .osm.")],
    *,
    center: Annotated[
        str | None, typer.Option(help="LATITUDE,LONGITUDE in degrees; the middle of the extract's roads by default.")
    ] = None,
    size: Annotated[str, typer.Option(help="Length of the square's sides: 3km, 800m.")] = "3km",
    points: Annotated[int, typer.Option(help="Places to draw along the streets.", min=2)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the places.", min=0)] = 1,
    engine: Annotated[
        str, typer.Option(help="osrm, dijkstra (needs no OSRM, knows no turn costs), auto: OSRM where it is installed.")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write (.npz).")] = Path("city.npz"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Debug = False,
) -> None:
    """Draw places along the streets of a square, with distances and travel times between all of them."""
    from nco.cities.build import Plan, build
    from nco.cli.console import notes, results, say
    from nco.cli.outputs import misplaced, unknown_suffix
    from nco.cli.progress import Stages

    if faults := [*misplaced((out,), extract), *unknown_suffix(out, (".npz",), "file for cities")]:
        raise FileError(faults)
    plan = Plan(_center(center), _size(size), points, seed, engine)  # type: ignore[arg-type]  # validated by build
    with Stages(notes(), quiet) as progress:
        city = build(extract, plan, progress)
    city.save(out)
    if not quiet:
        found = f"{len(city.points)} places by {city.provenance['version']}"
        say(results(), f"{out}: {found}. {city.provenance['license']}")


def show(
    file: Annotated[Path, typer.Argument(help="A city file, as nco city build makes them.")],
    *,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a map (.png, .svg or .pdf).")] = None,
    debug: Debug = False,
) -> None:
    """Describe a city in a table, and draw it."""
    from nco.cities.city import read_city
    from nco.cities.summary import summarise
    from nco.cli.console import results
    from nco.cli.outputs import PICTURES, misplaced, unknown_suffix
    from nco.cli.tables import city_table

    if faults := [*misplaced((out,), file), *unknown_suffix(out, PICTURES, "picture")]:
        raise FileError(faults)
    city = read_city(file)
    results().print(city_table(city, summarise(city)))
    if out is not None:
        from nco.plotting.axes import save
        from nco.plotting.city import plot_city

        save(plot_city(city), out)


def _center(text: str | None) -> tuple[float, float] | None:
    """Latitude and longitude."""
    if text is None:
        return None
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        what = f"'{text}' is no latitude and longitude"
        raise ConfigError(Fault("C503", "--center", what, "Write both in degrees, such as 43.738,7.424"))
    return latitude, longitude


def _size(text: str) -> float:
    """Metres."""
    match = re.fullmatch(r"(\d+(?:\.\d*)?) *(m|km|)", text.strip().lower())
    size = float(match[1]) * UNITS[match[2]] if match else 0.0
    if not 10 <= size <= 200_000:
        what = f"'{text}' is no length from 10m to 200km"
        raise ConfigError(Fault("C503", "--size", what, "Write a number and its unit, such as 3km"))
    return size
