"""Where a problem to solve comes from: a file of any format, or orders and vehicles, on a map or on roads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from nco.errors import ConfigError, Fault

if TYPE_CHECKING:
    from nco.problem import Problem
    from nco.streets import Streets


@dataclass(frozen=True, slots=True)
class Source:
    """A problem's file; with orders (.csv) the vehicles, and the roads whose distances and times are to count."""

    file: Path
    vehicles: Path | None
    roads: Path | None
    engine: str
    rounding: str | None

    def load(self, console: Console, quiet: bool) -> tuple[Problem, Streets | None]:
        """The problem, and its streets when there are roads; raises NcoError."""
        problem = self._read()
        return (problem, None) if self.roads is None else along(problem, self.roads, self.engine, console, quiet)

    def _read(self) -> Problem:
        from nco.io import csv_orders, read

        orders = self.file.suffix.lower() == ".csv"
        if orders != (self.vehicles is not None):
            what = "it is missing" if orders else "the problem is no .csv of orders"
            fix = "Name the .csv of vehicles beside that of orders; nco convert maps columns of other names"
            raise ConfigError(Fault("C503", "--vehicles", what, fix))
        if self.vehicles is None:
            return read(self.file, rounding=self.rounding)  # type: ignore[arg-type]  # validated by Problem
        metric = "great_circle" if self.roads else None
        rounding = self.rounding or "none"
        return csv_orders.read(self.file, self.vehicles, metric=metric, rounding=rounding)  # type: ignore[arg-type]


def along(problem: Problem, roads: Path, engine: str, console: Console, quiet: bool) -> tuple[Problem, Streets]:
    """The problem measured along the roads of an extract, and its streets; shows what is being done."""
    from nco.cli.progress import Stages
    from nco.streets import on_streets

    with Stages(console, quiet) as progress:
        return on_streets(problem, roads, engine, progress)
