"""A crew of workers: runs go to whoever is free; each member keeps one process per solver ready."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager

from nco.bench.environment import cores
from nco.bench.matrix import Run
from nco.bench.records import Record
from nco.bench.worker import Worker
from nco.problem import Problem


class Crew(AbstractContextManager["Crew"]):
    """`jobs` members at work at the same time, sharing the processor's cores evenly. Closing it ends all processes."""

    def __init__(self, jobs: int) -> None:
        self.threads = max(1, cores() // jobs)
        self._executor = ThreadPoolExecutor(jobs)
        self._own = threading.local()
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        self._closed = False

    def work(self, runs: Sequence[Run], problems: Mapping[str, Problem]) -> Iterator[Record]:
        """Do the runs and yield each record as it comes."""
        futures = [self._executor.submit(self._do, run, problems[run.instance]) for run in runs]
        for future in as_completed(futures):
            yield future.result()

    def __exit__(self, *failure: object) -> None:
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.process.kill()
        self._executor.shutdown(cancel_futures=True)

    def _do(self, run: Run, problem: Problem) -> Record:
        return self._worker(run).solve(run, problem)

    def _worker(self, run: Run) -> Worker:
        """This thread's process for the run's solver; a new one in place of one that was killed or died."""
        mine: dict[tuple[str, str | None, str | None], Worker] = self._own.__dict__.setdefault("workers", {})
        key = (run.solver, run.device, run.weights)
        if key not in mine or not mine[key].alive:
            mine[key] = Worker(run, self.threads)
            with self._lock:
                self._workers.append(mine[key])
                if self._closed:
                    mine[key].process.kill()
        return mine[key]
