"""Several solvers in turn: one that cannot solve the problem does not keep the others from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from nco.cli.console import notes, say
from nco.errors import SolverError

if TYPE_CHECKING:
    from nco.cli.watch import Watch

Found = TypeVar("Found")


def each(names: Sequence[str], attempt: Callable[[str], Found], watch: Watch) -> list[Found]:
    """What each solver finds, until Ctrl-C; one that cannot is left out and said, as long as another one can."""
    found: list[Found] = []
    failures: list[SolverError] = []
    for name in names:
        if watch.interrupted:
            break
        try:
            found.append(attempt(name))
        except SolverError as error:
            failures.append(error)
    if not found:
        raise SolverError(fault for failure in failures for fault in failure.faults)
    for failure in failures:
        say(notes(), str(failure), "yellow")
    return found
