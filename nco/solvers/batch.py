"""nco.solve_batch: many problems in, as many checked results out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from nco.problem import Problem
from nco.result import Result
from nco.search.compiled import cores
from nco.solvers.devices import gpus
from nco.solvers.solve import AUTO, create, made_by, require_seed, solve
from nco.stop import MaxRuntime, Running, StoppingCriterion


def solve_batch(
    problems: Sequence[Problem],
    stop: StoppingCriterion | None = None,
    seed: int = 1,
    on_result: Callable[[int, Result], None] | None = None,
    device: str = "auto",
) -> list[Result]:
    """Solve many problems of any sizes and variants: together on GPUs, or each by one chain of the search on a core.

    stop: MaxRuntime is the time for all together, shared evenly (5 s by default, and never less than one round each);
    any other criterion holds for each problem, on a GPU for the sum of its problems' costs; on_result: called with the
    number of a problem and its result, in the order in which they are done; device: "auto" takes all GPUs that there
    are, for the problems that the kernel knows, while the cores take the others. Ctrl-C gives every problem that is not
    done one round, and returns. Raises SolverError as `solve` does, ConfigError for a seed that is none.
    """
    require_seed(seed)
    batch, devices = _Batch(problems, stop or MaxRuntime(5), seed, on_result), gpus(device)
    together = batch.together() if devices else []
    with ThreadPoolExecutor(batch.cores) as pool, ThreadPoolExecutor(max(1, len(devices))) as drivers:
        jobs = batch.submit(pool, set(range(len(problems))).difference(together))
        driving = [
            drivers.submit(batch.on_gpu, together[k :: len(devices)], device) for k, device in enumerate(devices)
        ]

        def finish() -> None:
            """What is left of the GPUs' problems goes to the cores; raises what one of the jobs raised."""
            while driving:
                jobs.extend(batch.submit(pool, driving[0].result()))
                driving.pop(0)
            for job in jobs:
                job.result()

        try:
            finish()
        except KeyboardInterrupt:
            batch.interrupted.set()
            finish()
        except BaseException:
            batch.interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [batch.results[number] for number in range(len(problems))]


@dataclass(slots=True)
class _Batch:
    """The problems and results of all, their time, and whether it is over early."""

    problems: Sequence[Problem]
    stop: StoppingCriterion
    seed: int
    on_result: Callable[[int, Result], None] | None
    results: dict[int, Result] = field(default_factory=dict)
    left: int = 0  # problems that wait for a core
    began: float = field(default_factory=time.perf_counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    interrupted: threading.Event = field(default_factory=threading.Event)

    @property
    def cores(self) -> int:
        return min(cores(), max(1, len(self.problems)))

    def submit(self, pool: ThreadPoolExecutor, numbers: Iterable[int]) -> list[Future[None]]:
        """Jobs for the cores."""
        chosen = sorted(numbers)
        with self.lock:
            self.left += len(chosen)
        return [pool.submit(self._on_core, number) for number in chosen]

    def together(self) -> list[int]:
        """Numbers of the problems that the kernel knows."""
        from nco.search.packing import unsupported

        return [number for number, problem in enumerate(self.problems) if not unsupported(problem)]

    def on_gpu(self, numbers: Sequence[int], device: str) -> list[int]:
        """Solve these problems on a GPU; numbers of those that are left for the cores."""
        from nco.solvers.together import solve_together

        running = _Heeding(self._stop(), self.interrupted).start()
        done = solve_together([self.problems[number] for number in numbers], running, self.seed, device=device)
        provenance = made_by(done.provenance) | ({"interrupted": "yes"} if self.interrupted.is_set() else {})
        for k, report in done.reports.items():
            problem, seconds = self.problems[numbers[k]], time.perf_counter() - self.began
            result = Result(problem, report, "search", seconds, done.rounds, self.seed, provenance=provenance)
            self._keep(numbers[k], result)
        return [number for number in numbers if number not in self.results]

    def _on_core(self, number: int) -> None:
        problem = self.problems[number]
        options: dict[str, Any] = {"chains": 1} if not create("search").unsupported(problem) else {}
        self._keep(number, solve(problem, AUTO, self._next_stop(), self.seed, "cpu", **options))

    def _keep(self, number: int, result: Result) -> None:
        with self.lock:
            self.results[number] = result
            if self.on_result is not None:
                self.on_result(number, result)

    def _next_stop(self) -> StoppingCriterion:
        """For the next problem that is begun: its share of the time that is left."""
        with self.lock:
            share = self.cores / max(self.cores, self.left)
            self.left -= 1
        return _Heeding(self._stop(share), self.interrupted)

    def _stop(self, share: float = 1.0) -> StoppingCriterion:
        """The criterion that was given, or a share of the time that is left."""
        if not isinstance(self.stop, MaxRuntime):
            return self.stop
        return MaxRuntime(max(0.0, self.began + self.stop.seconds - time.perf_counter()) * share)


@dataclass(frozen=True, slots=True)
class _Heeding:
    """A criterion that also stops when the batch is interrupted."""

    criterion: StoppingCriterion
    interrupted: threading.Event

    def start(self) -> Running:
        return _HeedingRun(self.criterion.start(), self.interrupted)


@dataclass(frozen=True, slots=True)
class _HeedingRun:
    running: Running
    interrupted: threading.Event

    def __call__(self, best_cost: float) -> bool:
        return self.running(best_cost) or self.interrupted.is_set()

    def seconds_left(self) -> float:
        return 0.0 if self.interrupted.is_set() else self.running.seconds_left()

    def progress(self) -> float:
        return 1.0 if self.interrupted.is_set() else self.running.progress()
