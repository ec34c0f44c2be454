"""The table of a benchmark as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nco.bench.statistics import Row

HEAD = ("Solver", "Mean cost", "Mean gap", "95 % interval", "Feasible", "Mean wall time", "Runs")


def markdown(title: str, rows: Sequence[Row], notes: Sequence[str], environment: Mapping[str, str]) -> str:
    """Title, a row a solver, notes, and the environment the figures come from."""
    lines = [f"# {title}", "", _line(HEAD), _line(("---", *["---:"] * (len(HEAD) - 1)))]
    lines += [_line(_cells(row)) for row in rows]
    lines += ["", *notes, ""]
    lines += [f"- {name}: {value}" for name, value in environment.items()]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    killed = f", {row.overruns} overran" if row.overruns else ""
    failed = f", {row.failures} failed" if row.failures else ""
    return (
        row.solver,
        "-" if row.cost is None else f"{row.cost:,.6g}" if row.cost < 1e5 else f"{row.cost:,.0f}",
        "-" if row.gap is None else f"{100 * row.gap:.2f} %",
        "-" if row.interval is None else f"{100 * row.interval[0]:.2f} to {100 * row.interval[1]:.2f} %",
        f"{100 * row.feasible / row.runs:.0f} %{killed}{failed}",
        f"{row.wall:.2f} s",
        str(row.runs),
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
