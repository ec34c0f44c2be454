"""nco bench: compare solvers over files or a preset."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from nco.cli.group import INTERRUPTED, Debug, RoundingName
from nco.errors import ConfigError, Fault


def bench(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files of problems or of sets (.npz), or folders of them.")
    ] = None,
    *,
    preset: Annotated[str | None, typer.Option(help="Draw problems from a preset instead, such as cvrp.")] = None,
    size: Annotated[int, typer.Option(min=1, help="With --preset: clients in a problem.")] = 100,
    count: Annotated[int, typer.Option(min=1, help="With --preset: number of problems.")] = 32,
    problem_seed: Annotated[int, typer.Option(help="With --preset: seed of the problems.")] = 1234,
    solvers: Annotated[str, typer.Option(help="Solvers, separated by commas.")] = "neural,ortools,pyvrp",
    max_runtime: Annotated[float, typer.Option(help="Seconds a run; enforced from outside.")] = 10.0,
    seeds: Annotated[str, typer.Option(help="Seeds, separated by commas.")] = "1",
    jobs: Annotated[int, typer.Option(min=1, help="Runs at the same time; they share the cores.")] = 1,
    device: Annotated[str, typer.Option(help="Where search and neural solver run: auto, cpu or cuda.")] = "auto",
    weights: Annotated[
        str | None, typer.Option(help="Weights for the neural solver: a shipped name or a .safetensors file.")
    ] = None,
    rounding: RoundingName = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Use only so many of the problems, smallest first.")] = None,
    max_clients: Annotated[int | None, typer.Option(min=1, help="Use only problems of at most this size.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for runs.jsonl, results.json, results.md and plots.")] = Path(
        "bench"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep the results in the folder and do what is missing.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Compare solvers at equal time and write a table, plots and every single run.

    Every format that is read will do, of a folder the files that hold problems. A solution beside a problem (x.sol,
    x.txt.sol; for sets x_sol_pyvrp.npz) is its reference. Ctrl-C keeps what is there; --resume goes on.
    """
    from nco.bench import bench as run_bench
    from nco.bench.instances import from_files, from_preset
    from nco.bench.matrix import Options
    from nco.cli.console import notes, results, say
    from nco.cli.lists import entries, whole_number
    from nco.cli.progress import Counter
    from nco.solvers.solve import locate

    options = Options(
        tuple(entries("--solvers", solvers)),
        tuple(whole_number("--seeds", entry) for entry in entries("--seeds", seeds)),
        max_runtime,
        device,
        weights,
    )
    for solver in options.solvers:
        locate(solver)
    if bool(paths) == bool(preset):
        what = "both files and a preset are given" if preset else "neither files nor a preset are given"
        raise ConfigError(Fault("C503", "nco bench", what, "Give files or folders, or --preset"))
    if preset:
        instances = from_preset(preset, size, count, problem_seed)
    else:
        instances = from_files(paths or [], rounding, limit, max_clients)
    command = shlex.join(["nco", *sys.argv[1:]])
    with Counter(notes()) as counter:
        done = run_bench(instances, options, out, jobs=jobs, resume=resume, command=command, on_record=counter)
    results().print(done.markdown, markup=False)
    say(notes(), f"written to {out}")
    if done.interrupted:
        say(notes(), "interrupted: add --resume to go on", "yellow")
        raise typer.Exit(INTERRUPTED)
