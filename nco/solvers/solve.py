"""nco.solve: one problem in, one checked result out."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module, metadata
from numbers import Integral
from typing import Any, cast

from nco.checker import Report, check
from nco.errors import ConfigError, Fault, SolverError, did_you_mean
from nco.problem import Problem
from nco.result import Result
from nco.search.compiled import ready_soon
from nco.solvers.base import Alike, Outcome, Solver
from nco.stop import MaxRuntime, StoppingCriterion

#: Solver name -> "module:class"; imported on first use.
SOLVERS: dict[str, str] = {
    "lkh": "nco.solvers.lkh:LkhSolver",
    "nearest": "nco.solvers.nearest:NearestSolver",
    "neural": "nco.solvers.neural:NeuralSolver",
    "ortools": "nco.solvers.ortools:OrtoolsSolver",
    "pyvrp": "nco.solvers.pyvrp:PyvrpSolver",
    "search": "nco.solvers.search:SearchSolver",
}
#: No solver in particular: the first of these that supports the problem, with these options.
AUTO = "auto"
PREFERENCE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {}), ("neural", {"weights": "cvrp"}), ("neural", {"weights": "profiles"}),
    ("pyvrp", {}), ("ortools", {}),
)  # fmt: skip

#: What keeps the search from being chosen on the first call.
NOT_READY = Fault(
    "U308", "solver 'search'", "it is being compiled for this machine, once",
    "Solve again in a minute, or name it and wait",
)  # fmt: skip

#: Seeds are whole numbers from 0 to this, which every solver takes.
LARGEST_SEED = 2**31 - 1


def solve(
    problem: Problem,
    solver: str | Solver = AUTO,
    stop: StoppingCriterion | None = None,
    seed: int = 1,
    device: str = "auto",
    **options: Any,
) -> Result:
    """Solve a problem and have the checker judge the routes.

    solver: "auto" (see `choose`), "search", "neural", "pyvrp", "ortools", "lkh" (tours), "nearest" (a baseline),
    "module:Class" or a Solver;
    stop: MaxRuntime(5) by default, counted from this call;
    device: where the search or a neural solver runs ("auto", "cpu", "cuda"); options: passed to the solver's
    constructor.
    Raises SolverError when the solver does not support the problem, fails, or claims a cost that is not the exact one,
    ConfigError for a seed that is not a whole number from 0 to LARGEST_SEED.
    Always returns a Result: an incomplete or infeasible one says what is missing and why.
    """
    began = time.perf_counter()
    require_seed(seed)
    running = (stop or MaxRuntime(5)).start()
    if solver == AUTO:
        solver, _ = choose(problem, device, **options)
    engine = create(solver, device, **options) if isinstance(solver, str) else solver
    if faults := engine.unsupported(problem):
        raise SolverError(faults)
    return _judged(problem, engine.name, engine.run(problem, running, seed), began, seed)


def solve_alike(
    problems: Sequence[Problem], solver: str, stop: StoppingCriterion, seed: int = 1, device: str = "auto"
) -> list[Result]:
    """Solve problems that differ in their positive price of preferences only, all at once; see `solves_alike`.

    The time of every result is that of all. Raises what `solve` does.
    """
    began = time.perf_counter()
    require_seed(seed)
    running, engine = stop.start(), cast(Alike, create(solver, device))
    if faults := engine.unsupported(problems[0]):
        raise SolverError(faults)
    outcomes = engine.run_alike(problems, running, seed)
    pairs = zip(problems, outcomes, strict=True)
    return [_judged(problem, engine.name, outcome, began, seed) for problem, outcome in pairs]


def solves_alike(name: str) -> bool:
    """Whether the solver of that name solves problems that differ in their prices only all at once."""
    return hasattr(_load(name), "run_alike")


def _judged(problem: Problem, solver: str, outcome: Outcome, began: float, seed: int) -> Result:
    """The checker's verdict on what a solver found."""
    report = check(problem, outcome.solution)
    _compare(solver, outcome, report)
    seconds, provenance = time.perf_counter() - began, made_by(outcome.provenance)
    return Result(problem, report, solver, seconds, outcome.iterations, seed, outcome.history, provenance)


def made_by(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Where a result comes from, our version included."""
    return {**provenance, "nco": metadata.version("nco-vrp")}


def require_seed(seed: int) -> None:
    """Raise ConfigError (C503) for what is no seed to every solver."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed <= LARGEST_SEED:
        fix = f"Give a whole number from 0 to {LARGEST_SEED}"
        raise ConfigError(Fault("C503", "seed", f"{seed!r} is not allowed", fix))


def choose(problem: Problem, device: str = "auto", **options: Any) -> tuple[str, list[Fault]]:
    """The name of the first of search, neural, pyvrp and ortools that supports the problem, and why none before does.

    Only solvers that know the options count. Before the search was compiled
    on this machine, which then begins, it counts only for options that are its own. Raises SolverError with the faults
    of all when none supports the problem.
    """
    faults, unknown = list[Fault](), list[Fault]()
    for name, usual in PREFERENCE:
        if name == "search" and not options and not ready_soon():
            faults.append(NOT_READY)
            continue
        try:
            found = create(name, device, **{**usual, **options}).unsupported(problem)
        except SolverError as error:
            if set(error.codes) != {"U307"}:
                raise
            unknown += error.faults
            continue
        if not found:
            return name, faults
        faults += [fault for fault in found if fault not in faults]
    raise SolverError(faults or unknown)


def create(name: str, device: str = "auto", **options: Any) -> Solver:
    """A solver by name, or a user's own as "module:Class"; `device` is passed to solvers that run on one.

    Raises SolverError for unknown names and options.
    """
    factory = _load(name)
    if takes(name, "device"):
        options["device"] = device
    known = inspect.signature(factory).parameters
    unknown = [option for option in options if option not in known]
    if unknown:
        where = f"solver '{name}'"
        raise SolverError([Fault("U307", where, f"option '{o}' is unknown", _nearest(o, known)) for o in unknown])
    try:
        return factory(**options)
    except TypeError as error:
        raise SolverError(Fault("U307", f"solver '{name}'", str(error), "See the solver's options")) from error


def takes(name: str, option: str) -> bool:
    """Whether the solver of that name knows an option."""
    return option in inspect.signature(_load(name)).parameters


def _nearest(option: str, known: Iterable[str]) -> str:
    valid = list(known)
    return did_you_mean(option, valid) if valid else "It has no options"


def locate(name: str) -> str:
    """Where a solver lives, as "module:Class"; imports nothing. Raises SolverError (U301) for an unknown name."""
    if name not in SOLVERS and ":" not in name:
        raise SolverError(Fault("U301", "solver", f"'{name}' is unknown", did_you_mean(name, SOLVERS)))
    return SOLVERS.get(name, name)


def _load(name: str) -> Callable[..., Solver]:
    module, _, attribute = locate(name).partition(":")
    try:
        found: Callable[..., Solver] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        if name in SOLVERS:
            raise
        raise SolverError(Fault("U301", f"solver '{name}'", str(error), "Give it as module:Class")) from error
    return found


def _compare(name: str, outcome: Outcome, report: Report) -> None:
    """A solver that optimised another objective than ours must not go unnoticed."""
    claimed, exact = outcome.claimed_cost, report.cost.total
    if claimed is not None and not math.isclose(claimed, exact, rel_tol=outcome.tolerance, abs_tol=outcome.tolerance):
        raise SolverError(
            Fault(
                "U304",
                f"solver '{name}'",
                f"it claims {claimed!r}, the exact cost is {exact!r}",
                "This is a bug in the adapter: please report it with the problem",
            )
        )
