"""nco check: the exact cost of a solution and every rule it breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nco.cli.group import INFEASIBLE, Debug, RoundingName


def check(
    problem: Annotated[Path, typer.Argument(help="The problem file.")],
    solution: Annotated[Path, typer.Argument(help="The solution: .sol, or the JSON of nco solve --out.")],
    rounding: RoundingName = None,
    debug: Debug = False,
) -> None:
    """Judge a solution: cost by term, clients served, broken rules. Exit code 0 when feasible, 3 when not."""
    from nco.checker import check as judge
    from nco.cli.console import results, say
    from nco.io import read, read_solution
    from nco.reasons import reasons, screen
    from nco.report.markup import plural

    task = read(problem, rounding=rounding)  # type: ignore[arg-type]  # validated by Problem
    report = judge(task, read_solution(solution, task))
    cost = report.cost
    terms = {
        "distance": cost.distance,
        "duration": cost.duration,
        "fixed": cost.fixed,
        "preference": cost.preference,
        "prizes": cost.prizes,
    }
    console = results()
    served = task.num_clients - len(report.unassigned)
    routes = plural(len(report.schedules), "route")
    say(console, f"{task.name or problem.name}: {served} of {task.num_clients} clients on {routes}")
    if cost.scope:
        say(console, f"objective max: distance, duration, fixed and preference are those {cost.scope}")
    for name, value in terms.items():
        if value or name == "distance":
            say(console, f"  {name:<12}{_exact(value):>20}")
    say(console, f"  {'cost':<12}{_exact(cost.total):>20}", "bold")
    say(console, f"distances rounded: {task.rounding}")
    if report.is_feasible():
        say(console, "feasible: no rule is broken", "green")
    else:
        say(console, f"infeasible: rules broken {len(report.violations)} times", "red")
        for lack in screen(task).fleet:
            say(console, f"  whatever the routes: {lack}")
    for violation in report.violations:
        say(console, f"  {violation}")
    for reason in reasons(task, report):
        say(console, f"left out: {reason.message} [{reason.rule}]")
    if not report.is_feasible():
        raise typer.Exit(INFEASIBLE)


def _exact(value: float) -> str:
    """A number with all digits that matter."""
    return f"{value:,.6f}".rstrip("0").rstrip(".")
