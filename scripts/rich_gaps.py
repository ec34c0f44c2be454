"""Rich VRPTW with 100 and 300 clients: ruin & recreate on a GPU and on one core, beside PyVRP's 10 s a problem.

python scripts/rich_gaps.py --make-references [--seconds 10] [--jobs 8]    PyVRP; goes on where it was; without numba
python scripts/rich_gaps.py --gpu 0.2                       solve_batch, so many seconds a problem, a set at once
python scripts/rich_gaps.py --cpu 2 [--jobs 8]              one chain on one core, so many seconds a problem

A set is 100 seeded problems of a kind: `fleet` has four kinds of vehicles with capacities, fixed and unit costs of
their own and one asymmetric matrix; `profiles` has four matrices and a fifth of all pairs of vehicle and client
forbidden; `hours` is `fleet` with prices of time; `prizes` is `fleet` with half of the clients optional. The time on
the GPU is that from the call to the return: starts, packing and checking are part of it, compiling is not. The checker
judges every solution and gives its cost. References are kept in rich_references.json, null where PyVRP found no
feasible solution. A line per set: mean costs over the problems that have a reference, and their ratio.
"""

import argparse
import json
import sys
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import nco

REFERENCES = Path(__file__).parent / "rich_references.json"
KINDS, SIZES, COUNT = ("fleet", "profiles", "hours", "prizes"), (100, 300), 100
#: The side of the square, when the depot closes, and a service, in whole units of distance and time.
SIDE, HORIZON, SERVICE = 1000, 4600, 100
#: Capacity, fixed cost, price of distance and price of time of four kinds of vehicles.
VEHICLES = ((20.0, 200.0, 1.0, 0.5), (30.0, 260.0, 1.1, 0.5), (45.0, 340.0, 1.25, 0.6), (70.0, 450.0, 1.5, 0.8))
#: Problems between two times that references are written.
OFTEN = 20

#: A set's kind and size, and which of its problems.
Job = tuple[str, int, int]


def drawn(kind: str, size: int, number: int) -> nco.Problem:
    """A problem, the same for the same arguments."""
    rng = np.random.default_rng((zlib.crc32(kind.encode()), size, number))
    xy = rng.uniform(0, SIDE, (1 + size, 2))
    profiled = kind == "profiles"
    matrices = [ways(xy, rng) for _ in (VEHICLES if profiled else "1")]
    there, back = (np.max([of(m) for m in matrices], axis=0) for of in (lambda m: m[0, 1:], lambda m: m[1:, 0]))
    latest = HORIZON - SERVICE - back  # at which a vehicle is home in time
    width = rng.integers(200, 600, size)
    opens = np.floor(there + rng.random(size) * np.maximum(latest - width - there, 0))
    closes = np.minimum(opens + width, latest)
    forbidden = rng.random((len(VEHICLES), size)) < 0.2
    forbidden[rng.integers(len(VEHICLES), size=size), np.arange(size)] = False  # somebody may go
    worth, optional = rng.uniform(0, 400, size).round(), rng.random(size) < (0.5 if kind == "prizes" else 0.0)
    clients = tuple(
        nco.Client(*xy[k + 1].tolist(), delivery=(float(rng.integers(1, 10)),), tw=(opens[k], closes[k]),
                   service=SERVICE, required=not optional[k], prize=worth[k])
        for k in range(size)
    )  # fmt: skip
    profiles = tuple(nco.Profile(distance=m, allowed=~forbidden[p] if profiled else None)
                     for p, m in enumerate(matrices))  # fmt: skip
    vehicles = tuple(
        nco.VehicleType(capacity=(45.0 if profiled else capacity,), fixed_cost=0.0 if profiled else fixed,
                        unit_distance_cost=1.0 if profiled else rate,
                        unit_duration_cost=hourly if kind == "hours" else 0.0, profile=p if profiled else 0)
        for p, (capacity, fixed, rate, hourly) in enumerate(VEHICLES)
    )  # fmt: skip
    depot = nco.Depot(*xy[0].tolist(), tw=(0.0, HORIZON))
    return nco.Problem((depot,), clients, vehicles, profiles, name=f"{kind} {size} {number}")


def ways(xy: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Whole distances [N, N], up to a third longer than straight, other ones back; no detour is shorter."""
    straight = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(axis=-1))
    length = np.ceil(straight * rng.uniform(1, 4 / 3, straight.shape))
    np.fill_diagonal(length, 0)
    for via in range(len(length)):
        length = np.minimum(length, length[:, via, None] + length[via])
    return length


def refer(seconds: float, job: Job) -> float | None:
    """Cost of PyVRP's solution, None if it is not feasible. numba, which it has no use for, may be absent."""
    from nco.solvers.pyvrp import PyvrpSolver

    problem = drawn(*job)
    return cost(problem, PyvrpSolver().run(problem, nco.stop.MaxRuntime(seconds).start(), seed=1).solution)


def search(seconds: float, job: Job) -> float | None:
    """Cost of what one chain on one core finds."""
    problem = drawn(*job)
    stop = nco.stop.MaxRuntime(seconds)
    return cost(problem, nco.solve(problem, "search", stop, chains=1, device="cpu").report.solution)


def cost(problem: nco.Problem, solution: nco.Solution) -> float | None:
    report = nco.check(problem, solution)
    return round(report.cost.total, 4) if report.is_feasible() else None


def together(seconds: float, jobs: Sequence[Job]) -> list[float | None]:
    """Costs of what solve_batch finds, with so many seconds a problem."""
    problems = [drawn(*job) for job in jobs]
    nco.solve_batch(problems[:2], nco.stop.MaxRuntime(1))  # compiles
    began = time.perf_counter()
    results = nco.solve_batch(problems, nco.stop.MaxRuntime(seconds * len(problems)))
    spent, devices = time.perf_counter() - began, {str(result.provenance.get("device", "cores")) for result in results}
    print(f"{len(problems)} problems in {spent:.1f} s on {' and '.join(sorted(devices))}", flush=True)
    return [cost(problem, result.report.solution) for problem, result in zip(problems, results, strict=True)]


def make_references(jobs: Sequence[Job], seconds: float, cores: int) -> None:
    sys.modules["numba"] = None  # whoever imports it, fails
    known = read()
    todo = [job for job in jobs if str(job[2]) not in known.get(place(job), {})]
    with ProcessPoolExecutor(cores) as pool:
        for done, (job, found) in enumerate(zip(todo, pool.map(partial(refer, seconds), todo), strict=True), 1):
            known.setdefault(place(job), {})[str(job[2])] = found
            if done % OFTEN == 0 or done == len(todo):
                REFERENCES.write_text(json.dumps(known, indent=0) + "\n", encoding="utf-8")
                print(f"{done} of {len(todo)}", flush=True)


def place(job: Job) -> str:
    """The name of a set in the references."""
    return f"{job[0]} {job[1]}"


def read() -> dict[str, dict[str, float | None]]:
    """Set -> number of the problem -> cost."""
    return json.loads(REFERENCES.read_text(encoding="utf-8")) if REFERENCES.exists() else {}


def compare(name: str, how: str, found: Sequence[float | None], known: dict[str, float | None]) -> str:
    """A line of the table."""
    best = [known.get(str(number)) for number in range(len(found))]
    pairs = np.array([(ours, theirs) for ours, theirs in zip(found, best, strict=True) if ours and theirs])
    ours, theirs = pairs.mean(axis=0) if len(pairs) else (np.nan, np.nan)
    return (f"{name:14}{how:12}{len(pairs):5} compared  PyVRP {theirs:10.1f}  ours {ours:10.1f}"
            f"  {100 * (ours / theirs - 1):+7.2f} %  infeasible: ours {found.count(None)},"
            f" PyVRP {sum(value is None for value in known.values())}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-references", action="store_true")
    parser.add_argument("--seconds", type=float, default=10.0, help="of PyVRP, for each problem")
    parser.add_argument("--jobs", type=int, default=1, help="problems at the same time, each on a core")
    parser.add_argument("--gpu", type=float, help="seconds a problem")
    parser.add_argument("--cpu", type=float, help="seconds a problem")
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--count", type=int, default=COUNT, help="use the first problems of each set only")
    told = parser.parse_args()
    sets: list[list[Job]] = [[(kind, size, number) for number in range(told.count)]
                             for kind in told.kinds for size in told.sizes]  # fmt: skip
    if told.make_references:
        make_references([job for jobs in sets for job in jobs], told.seconds, told.jobs)
        return
    known = read()
    for jobs in sets:
        name = place(jobs[0])
        if told.gpu:
            print(compare(name, f"GPU {told.gpu:g} s", together(told.gpu, jobs), known.get(name, {})), flush=True)
        if told.cpu:
            with ProcessPoolExecutor(told.jobs) as pool:
                found = list(pool.map(partial(search, told.cpu), jobs))
            print(compare(name, f"core {told.cpu:g} s", found, known.get(name, {})), flush=True)


if __name__ == "__main__":
    main()
