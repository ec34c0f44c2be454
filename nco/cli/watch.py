"""Watching a solver at work: the best cost on the terminal, and Ctrl-C as an early but orderly stop."""

from __future__ import annotations

import math
import signal
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from nco.stop import Running, StoppingCriterion


class Watch(AbstractContextManager["Watch"]):
    """While open, shows progress when `console` is a terminal, and makes the first Ctrl-C stop the running solver.

    The solver then gives back the best it has; a second Ctrl-C interrupts at once.
    """

    def __init__(self, console: Console, quiet: bool = False) -> None:
        self.interrupted = False
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        hidden = quiet or not console.is_terminal
        self.progress = Progress(*columns, console=console, transient=True, disable=hidden)

    def __enter__(self) -> Self:
        self._previous = signal.signal(signal.SIGINT, self._interrupt)
        self.progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.progress.stop()
        signal.signal(signal.SIGINT, self._previous)

    def follow(self, title: str, criterion: StoppingCriterion) -> StoppingCriterion:
        """The criterion, watched: stops on Ctrl-C too, and shows the best cost under this title."""
        return _Watched(self, title, criterion)

    def _interrupt(self, number: int, frame: FrameType | None) -> Any:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True


@dataclass(frozen=True, slots=True)
class _Watched:
    watch: Watch
    title: str
    criterion: StoppingCriterion

    def start(self) -> Running:
        progress = self.watch.progress
        for task in progress.task_ids:
            progress.remove_task(task)
        return _Follower(self.watch, self.title, self.criterion.start(), progress.add_task(self.title, total=None))


@dataclass(slots=True)
class _Follower:
    watch: Watch
    title: str
    running: Running
    task: Any
    best: float = math.inf

    def __call__(self, best_cost: float) -> bool:
        if best_cost < self.best:
            self.best = best_cost
            self.watch.progress.update(self.task, description=f"{self.title}  best cost {best_cost:,.6g}")
        return self.running(best_cost) or self.watch.interrupted

    def seconds_left(self) -> float:
        return 0.0 if self.watch.interrupted else self.running.seconds_left()

    def progress(self) -> float:
        return 1.0 if self.watch.interrupted else self.running.progress()
