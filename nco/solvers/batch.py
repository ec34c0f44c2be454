"""nco.solve_batch: many problems in, as many checked results out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from nco.problem import Problem
from nco.result import Result
from nco.search.compiled import cores
from nco.solvers.solve import AUTO, create, require_seed, solve
from nco.stop import MaxRuntime, Running, StoppingCriterion


def solve_batch(
    problems: Sequence[Problem],
    stop: StoppingCriterion | None = None,
    seed: int = 1,
    on_result: Callable[[int, Result], None] | None = None,
) -> list[Result]:
    """Solve many problems, of any sizes and variants, on all cores, each by one chain of the search where it can.

    stop: MaxRuntime is the time for all together, shared evenly (5 s by default, and never less than one round each);
    any other criterion holds for each problem; on_result: called with the number of a problem and its result, in the
    order in which they are done. Ctrl-C gives every problem that is not done one round, and returns.
    Raises SolverError as `solve` does, ConfigError for a seed that is none.
    """
    require_seed(seed)
    batch = _Batch(stop or MaxRuntime(5), len(problems))

    def work(number: int, problem: Problem) -> Result:
        options: dict[str, Any] = {"chains": 1} if not create("search").unsupported(problem) else {}
        result = solve(problem, AUTO, batch.next_stop(), seed, **options)
        if on_result is not None:
            with batch.lock:
                on_result(number, result)
        return result

    with ThreadPoolExecutor(batch.cores) as pool:
        jobs = [pool.submit(work, number, problem) for number, problem in enumerate(problems)]
        try:
            return [job.result() for job in jobs]
        except KeyboardInterrupt:
            batch.interrupted.set()
            return [job.result() for job in jobs]
        except BaseException:
            batch.interrupted.set()
            pool.shutdown(cancel_futures=True)
            raise


class _Batch:
    """The time of all problems, and whether it is over early."""

    def __init__(self, stop: StoppingCriterion, count: int) -> None:
        self.stop, self.left, self.began = stop, count, time.perf_counter()
        self.cores = min(cores(), max(1, count))
        self.lock, self.interrupted = threading.Lock(), threading.Event()

    def next_stop(self) -> StoppingCriterion:
        """For the next problem that is begun: its share of the time that is left."""
        with self.lock:
            share = self.cores / max(self.cores, self.left)
            self.left -= 1
        if not isinstance(self.stop, MaxRuntime):
            return _Heeding(self.stop, self.interrupted)
        left = self.began + self.stop.seconds - time.perf_counter()
        return _Heeding(MaxRuntime(max(0.0, left * share)), self.interrupted)


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
