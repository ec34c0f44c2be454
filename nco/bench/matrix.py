"""The run matrix: what will be run, one entry a solver, instance and seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nco.bench.instances import Instance
from nco.solvers.solve import require_seed
from nco.stop import MaxRuntime


@dataclass(frozen=True, slots=True)
class Options:
    """What a benchmark varies and what it keeps fixed; device: of search and neural solver; weights: of the latter."""

    solvers: tuple[str, ...] = ("neural", "ortools", "pyvrp")
    seeds: tuple[int, ...] = (1,)
    max_runtime: float = 10.0
    device: str = "auto"
    weights: str | None = None

    def __post_init__(self) -> None:
        MaxRuntime(self.max_runtime)  # raises ConfigError for what is no time
        for seed in self.seeds:
            require_seed(seed)


@dataclass(frozen=True, slots=True)
class Run:
    """One run, described completely: two equal descriptions need not be run twice."""

    instance: str
    rounding: str
    solver: str
    seed: int
    max_runtime: float
    device: str | None = None
    weights: str | None = None


def matrix(instances: Sequence[Instance], options: Options) -> list[Run]:
    """All runs; solvers take turns on an instance, so that a slow hour of the machine hurts all of them."""
    on = {"device": options.device}
    own: dict[str, dict[str, str | None]] = {"search": {**on}, "neural": {**on, "weights": options.weights}}
    return [
        Run(
            instance.name,
            instance.problem.rounding,
            solver,
            seed,
            options.max_runtime,
            **own.get(solver, {}),
        )
        for instance in instances
        for seed in options.seeds
        for solver in options.solvers
    ]
