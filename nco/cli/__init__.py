"""The command `nco`: one file per command. A command imports what it needs when it runs: `--help` is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from nco.cli import bench, check, city, convert, info, pareto, solve, throughput, train
from nco.cli.group import Commands

app = typer.Typer(
    name="nco",
    cls=Commands,
    help="Neural vehicle routing: solve, check, convert, compare, weigh, train.",
    epilog="Exit codes: 0 done, 2 bad input, 3 no feasible solution, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (solve.solve, check.check, convert.convert, bench.bench, pareto.pareto, info.info):
    app.command()(command)
app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    train.train
)
app.command("bench throughput", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    throughput.throughput
)
app.command("city build")(city.build)
app.command("city show")(city.show)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"nco {metadata.version('nco-vrp')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Neural vehicle routing: solve, check, convert, compare, weigh, train."""


def main() -> None:
    """Entry point of the console script."""
    app()
