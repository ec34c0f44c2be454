"""One solver in a process of its own, timed and if need be killed from outside.

The process imports its solver, says "ready", and then waits for problems: neither imports nor the transfer of the
problem count as solving time. It may be used for many runs, one after the other.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from nco.bench.matrix import Run
from nco.bench.records import Record
from nco.checker import check
from nco.errors import Fault, NcoError, SolverError
from nco.problem import Problem
from nco.solution import Solution

#: Seconds a solver may take to import, and a problem to arrive.
PREPARATION = 300.0


def grace(max_runtime: float) -> float:
    """Seconds a run may take beyond its limit before it is killed: solvers look at the clock between batches."""
    return 1.0 + 0.2 * max_runtime


class Worker:
    """The handle on the process. Raises SolverError when the solver cannot be created."""

    def __init__(self, run: Run, threads: int) -> None:
        options = {key: value for key, value in {"device": run.device, "weights": run.weights}.items() if value}
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, run.solver, options, threads), daemon=True)
        self.process.start()
        theirs.close()
        answer = self._answer(PREPARATION)
        if answer != "ready":
            self.kill()
            died = Fault("U303", f"solver '{run.solver}'", "its process did not start", "Try nco solve with it")
            raise SolverError(answer or died)

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def solve(self, run: Run, problem: Problem) -> Record:
        """Do one run; its time is the wall clock from the word to go until the answer is here."""
        self.connection.send((problem, run.seed, run.max_runtime))
        prepared = self._answer(PREPARATION)
        began = time.perf_counter()
        answer = None
        if prepared == "ready":
            self.connection.send("go")
            answer = self._answer(run.max_runtime + grace(run.max_runtime))
        wall = time.perf_counter() - began
        clients = problem.num_clients
        if answer is None:
            overrun = self.alive
            self.kill()
            message = f"killed after {wall:.2f} s" if overrun else "the solver's process died"
            return Record(run, clients, "overrun" if overrun else "failed", wall, message=message)
        if isinstance(answer, str):
            return Record(run, clients, "failed", wall, message=answer)
        solution, iterations, provenance = answer
        return _judge(run, problem, wall, solution, iterations=iterations, provenance=provenance)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def _answer(self, seconds: float) -> Any:
        """What the process sends within that time; None when it is silent or dead."""
        try:
            return self.connection.recv() if self.connection.poll(seconds) else None
        except (EOFError, OSError):
            self.process.join(1.0)
            return None


def _judge(
    run: Run, problem: Problem, wall: float, solution: Solution, *, iterations: int, provenance: dict[str, Any]
) -> Record:
    report = check(problem, solution)
    good = report.is_feasible()
    return Record(
        run,
        problem.num_clients,
        "feasible" if good else "infeasible",
        wall,
        cost=report.cost.total if good else None,
        iterations=iterations,
        message="" if good else str(report.violations[0]),
        routes=[{"vehicle_type": route.vehicle_type, "visits": list(route.visits)} for route in solution.routes],
        provenance=provenance,
    )


def serve(connection: Connection, solver: str, options: dict[str, Any], threads: int) -> None:
    """What the process does: create the solver, then solve what comes until the connection ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # standard output is for the table
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = str(threads)
    from nco.solvers.solve import create, solve
    from nco.stop import MaxRuntime

    try:
        engine = create(solver, **options)
    except NcoError as error:
        connection.send(error.faults)
        return
    connection.send("ready")
    while True:
        try:
            problem, seed, seconds = connection.recv()
            connection.send("ready")
            connection.recv()
        except EOFError:
            return
        try:
            result = solve(problem, engine, MaxRuntime(seconds), seed)
            connection.send((result.report.solution, result.iterations, dict(result.provenance)))
        except Exception as error:
            connection.send(f"{type(error).__name__}: {error}")
