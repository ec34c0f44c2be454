"""What a benchmark leaves in its folder besides runs.jsonl: results.json, results.md and two pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from nco.bench.environment import PACKAGES, devices, versions
from nco.bench.instances import Instance
from nco.bench.matrix import Options
from nco.bench.plots import plot_gaps, plot_sizes
from nco.bench.records import Record
from nco.bench.statistics import Row, judge, references
from nco.bench.table import markdown
from nco.plotting.axes import save


def write_summary(
    out: Path,
    instances: Sequence[Instance],
    options: Options,
    records: Sequence[Record],
    *,
    rows: Sequence[Row],
    jobs: int,
    command: str,
) -> str:
    """Write the files and return the Markdown."""
    environment = {
        "command": command,
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **devices(),
        "runs at the same time": str(jobs),
        "versions": ", ".join(f"{name} {version}" for name, version in versions(PACKAGES).items()),
    }
    text = markdown(_title(instances, options), rows, _notes(instances, records), environment)
    (out / "results.md").write_text(text, encoding="utf-8")
    known = references(instances, records)
    content = {
        "format": "nco-bench",
        "version": 1,
        "options": asdict(options),
        "environment": environment,
        "instances": [
            {
                "name": instance.name,
                "clients": instance.problem.num_clients,
                "rounding": instance.problem.rounding,
                "objective": instance.problem.objective,
                "reference": known.get(instance.name),
                "published": instance.reference is not None,
            }
            for instance in instances
        ],
        "rows": [asdict(row) for row in rows],
    }
    (out / "results.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    judged = judge(instances, records)
    if any(j.gap is not None for j in judged):
        save(plot_gaps(judged, options.solvers), out / "gaps.png")
        save(plot_sizes(judged, options.solvers), out / "sizes.png")
    return text


def _title(instances: Sequence[Instance], options: Options) -> str:
    sizes = sorted({instance.problem.num_clients for instance in instances})
    span = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]}-{sizes[-1]}"
    count = f"{len(instances)} problem{'s' if len(instances) > 1 else ''}"
    seeds = f"{len(options.seeds)} seed{'s' if len(options.seeds) > 1 else ''}"
    return f"{count} of {span} clients, {options.max_runtime:g} s a run, {seeds}"


def _notes(instances: Sequence[Instance], records: Sequence[Record]) -> list[str]:
    published = sum(instance.reference is not None for instance in instances)
    against = {len(instances): "the published solution", 0: "the best solution of this benchmark"}
    reference = against.get(
        published,
        f"the published solution for {published} of the problems and to the best of this benchmark for the others",
    )
    roundings = ", ".join(sorted({instance.problem.rounding for instance in instances}))
    notes = [
        f"Gap to {reference}, recomputed under the same rounding ({roundings}): mean over problems of the mean over "
        "seeds; the interval is a bootstrap over problems. Every cost is judged by nco.check. Wall time is measured "
        "from outside the solver's process, which is killed when it overruns.",
    ]
    if any(instance.problem.objective == "max" for instance in instances):
        notes += ["", "Where the objective is max, the cost is that of the costliest route."]
    if any(record.cost is None for record in records):
        notes += ["", "Cost and gap are over the feasible runs only."]
    return notes
