"""What is certain before solving, said before any time is spent."""

from __future__ import annotations

from nco.cli.console import notes, say
from nco.problem import Problem
from nco.reasons import screen

#: Sentences shown; a matrix in the wrong unit makes one for every client.
SHOWN = 10


def warn_of_impossible(problem: Problem) -> None:
    """Say which clients no route can serve and what the fleet lacks; nothing when nothing is known.

    Solving goes on: a plan for all the others is still of use.
    """
    found = screen(problem)
    sentences = [*found.fleet, *(reason.message for reason in found.clients)]
    for sentence in sentences[:SHOWN]:
        say(notes(), f"warning: {sentence}", "yellow")
    if len(sentences) > SHOWN:
        say(notes(), f"warning: ... and {len(sentences) - SHOWN} more", "yellow")
    if found.infeasible:
        say(notes(), "warning: no routes can serve all required clients; solving for what can be served", "yellow")


def chosen(problem: Problem, device: str, quiet: bool) -> str:
    """The solver for a problem when the user names none; says so unless it is the first choice."""
    from nco.solvers.solve import choose

    name, faults = choose(problem, device)
    if faults and not quiet:
        say(notes(), f"solver: {name} ({'; '.join(f'{fault.where}: {fault.what}' for fault in faults)})")
    return name
