"""How far a benchmark or the building of a city is, on the terminal."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from types import FrameType
from typing import NoReturn, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nco.bench.records import Record


class Counter(AbstractContextManager["Counter"]):
    """A bar of the runs done and the latest of them; silent when `console` is no terminal."""

    def __init__(self, console: Console) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()

    def __call__(self, record: Record, done: int, total: int) -> None:
        cost = record.status if record.cost is None else f"{record.cost:,.6g}"
        latest = f"{record.run.instance} {record.run.solver} seed {record.run.seed}: {cost}"
        self._progress.update(self._task, completed=done, total=total, description=latest)


class Stages(AbstractContextManager["Stages"]):
    """What is being done, with a bar of how much of it is; silent when `console` is no terminal.

    While open, being told to terminate (SIGTERM) is an orderly end: servers are stopped, temporary folders removed.
    """

    def __init__(self, console: Console, quiet: bool = False) -> None:
        hidden = quiet or not console.is_terminal
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=hidden)
        self._task = self._progress.add_task("starting", total=None)

    def __enter__(self) -> Self:
        self._previous = signal.signal(signal.SIGTERM, _terminate)
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()
        signal.signal(signal.SIGTERM, self._previous)

    def __call__(self, stage: str, share: float) -> None:
        self._progress.update(self._task, description=stage, completed=share, total=1.0 if share else None)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
