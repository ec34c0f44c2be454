"""A benchmark from beginning to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nco.bench.crew import Crew
from nco.bench.instances import Instance
from nco.bench.matrix import Options, matrix
from nco.bench.records import Record, Records
from nco.bench.statistics import Row, judge, summarise
from nco.bench.summary import write_summary


@dataclass(frozen=True, slots=True)
class Bench:
    """What a benchmark gave: a row a solver, every run, the Markdown table, and whether Ctrl-C cut it short."""

    rows: tuple[Row, ...]
    records: tuple[Record, ...]
    markdown: str
    interrupted: bool


def bench(
    instances: Sequence[Instance],
    options: Options,
    out: Path,
    *,
    jobs: int = 1,
    resume: bool = False,
    command: str = "",
    on_record: Callable[[Record, int, int], None] = lambda record, done, total: None,
) -> Bench:
    """Run every solver on every instance with every seed, each run in a process of its own and timed from outside.

    Results go to out/runs.jsonl as they come; `resume` keeps those that are there. `on_record` sees every new record,
    how many are done and how many there will be. Ctrl-C ends the benchmark with what there is.
    Raises FileError or ConfigError before the first run when `out` cannot be used, SolverError when a solver cannot
    start.
    """
    runs = matrix(instances, options)
    records = Records.open(out, resume)
    todo = [run for run in runs if run not in records]
    problems = {instance.name: instance.problem for instance in instances}
    interrupted = False
    with Crew(jobs) as crew:
        try:
            for record in crew.work(todo, problems):
                records.append(record)
                on_record(record, len(runs) - len(todo) + len(records.new), len(runs))
        except KeyboardInterrupt:
            interrupted = True
    done = records.of(runs)
    rows = summarise(judge(instances, done), options.solvers)
    markdown = write_summary(out, instances, options, done, rows=rows, jobs=jobs, command=command)
    return Bench(tuple(rows), tuple(done), markdown, interrupted)
