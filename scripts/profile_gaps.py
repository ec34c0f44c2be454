"""Gaps of construction on problems whose vehicles have preferences or zones: every start, greedy, and 8 symmetries.

python scripts/profile_gaps.py --make-references [--seconds 10] [--jobs 8]     PyVRP on 8 problems of each cell; goes on
python scripts/profile_gaps.py --run-ortools [--seconds 10] [--jobs 8]         OR-Tools on the same ones; goes on too
python scripts/profile_gaps.py --weights runs/profiles/profiles.safetensors [--search 2 --chains 4] [--improve]

A cell is 32 problems with n clients (60, 100) and m vehicles (3, 5, 7), seeded by its name: CAMP's PVRP-P with weights
w2 = 0.1, 0.2, 0.4 of preferences P and w1 = 1 - w2 of the duration T, or PVRP-ZC; random, angle, cluster. The objective
is w1 T + w2 sum(1 - P) over the visits, which is not negative. References are kept in profile_references.json as
[objective, T, sum of P] of the best solution known; --improve puts ours in where they are better, of all problems. What
OR-Tools finds is kept in profile_ortools.json, null where it is not feasible. --search goes on from the routes of the
policy with ruin & recreate, all cells at once on the GPU, for so many seconds per 1,000 problems. The checker judges
every solution and gives its cost.

A line per cell: mean gaps in per cent over the problems with a reference, of the objective (greedy; over 8
symmetries; after the search; of OR-Tools over its problems), all but greedy with those of T (more is worse) and of the
sum of P (less is worse); then means over the cells of each kind. Then in how many cells our mean objective is below
OR-Tools', over its problems, and for each pattern the largest gaps of T and of the sum of P over the weights: how far
the front is away.
"""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from gaps import Starts, construct, every_client, judged, options, searching
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.envs.generators.profiles import Pattern, Preferences, Zones
from nco.envs.instances import to_problems
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.problem import Floats
from nco.rollout.starts import first_pairs
from nco.search.data import from_solution
from nco.search.gpu import improve
from nco.search.packing import Routes
from nco.solvers.base import Solver

REFERENCES, ORTOOLS = (Path(__file__).parent / f"profile_{name}.json" for name in ("references", "ortools"))
PATTERNS: tuple[Pattern, ...] = ("random", "angle", "cluster")
SIZES, FLEETS, WEIGHTS, COUNT, REFERRED = (60, 100), (3, 5, 7), (0.1, 0.2, 0.4), 32, 8

#: Objective, duration and sum of preferences of a solution.
Value = tuple[float, float, float]
#: Cell -> number of the problem -> value; None where there is no feasible solution.
Known = defaultdict[str, dict[str, Value | None]]
#: What was done -> for each cell, the values of its problems.
Stages = dict[str, Sequence[Sequence[Value | None]]]


class Cell(NamedTuple):
    """Problems of one kind and size."""

    kind: str  # as in "p angle 0.2" or "zc random"
    clients: int
    vehicles: int

    @property
    def name(self) -> str:
        return f"{self.kind} n={self.clients} m={self.vehicles}"

    def instances(self, count: int = COUNT) -> TensorDict:
        problem, pattern, *weight = self.kind.split()
        chosen: Pattern = next(known for known in PATTERNS if known == pattern)
        generator = torch.Generator().manual_seed(zlib.crc32(self.name.encode()))
        if problem == "zc":
            return Zones(chosen, self.vehicles)(count, self.clients, generator)
        return Preferences(chosen, self.vehicles, float(weight[0]))(count, self.clients, generator)


def cells() -> Iterator[Cell]:
    kinds = [f"p {pattern} {weight}" for pattern in PATTERNS for weight in WEIGHTS]
    for kind in (*kinds, *(f"zc {pattern}" for pattern in PATTERNS)):
        for size in SIZES:
            for fleet in FLEETS:
                yield Cell(kind, size, fleet)


def value(problem: nco.Problem, routes: Routes) -> Value:
    """What the checker says; raises if it objects."""
    report = judged(problem, routes)
    price = problem.vehicle_types[0].unit_distance_cost
    disliked = report.cost.preference / (problem.preference_weight * (1 - price) or 1.0)
    return report.cost.total, report.cost.distance / price, problem.num_clients - disliked


def values(problems: Sequence[nco.Problem], routes: Sequence[Routes]) -> list[Value]:
    return [value(problem, found) for problem, found in zip(problems, routes, strict=True)]


def refer(solver: str, seconds: float, job: tuple[Cell, int]) -> Value | None:
    """A solver's solution of one problem; None unless it finds a feasible one.

    Not by nco.solve, which imports numba and looks for an installed nco: where the GPU is there may be neither.
    """
    cell, number = job
    problem = to_problems(cell.instances()[number : number + 1])[0]
    engine: Solver = getattr(import_module(f"nco.solvers.{solver}"), f"{solver.capitalize()}Solver")()
    try:
        found = engine.run(problem, nco.stop.MaxRuntime(seconds).start(), seed=1).solution
    except nco.NcoError:
        return None
    return value(problem, from_solution(problem, found)) if nco.check(problem, found).is_feasible() else None


def solve_all(solver: str, path: Path, seconds: float, jobs: int) -> None:
    """Solutions of the first problems of each cell, added to those in the file."""
    known = read(path)
    todo = [(cell, k) for cell in cells() for k in range(REFERRED) if str(k) not in known[cell.name]]
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(partial(refer, solver, seconds), todo)
        for done, ((cell, k), result) in enumerate(zip(todo, found, strict=True)):
            known[cell.name][str(k)] = result
            if done % REFERRED == REFERRED - 1:
                write(path, known)
                print(f"{done + 1} of {len(todo)}", flush=True)
    write(path, known)


def read(path: Path) -> Known:
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return defaultdict(dict, known)


def write(path: Path, known: Known) -> None:
    lines = (f"{json.dumps(cell)}: {json.dumps(values)}" for cell, values in known.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def constructed(
    chosen: Sequence[Cell], policy: Policy, env: RoutingEnv, device: str, rule: Starts
) -> Iterator[tuple[list[nco.Problem], Tensor, list[Routes]]]:
    """What the policy makes of the problems of cells."""
    for cell in chosen:
        instances = cell.instances()
        problems = to_problems(instances)
        yield problems, *construct(policy, env, instances, problems, device, rule)


def main() -> None:
    parser = searching(options(__doc__, "profiles", 10.0))
    parser.add_argument("--run-ortools", action="store_true")
    parser.add_argument("--every-vehicle", action="store_true", help="begins at every client, not the cheapest alone")
    parser.add_argument("--kinds", default="", help="those that begin like this")
    told = parser.parse_args()
    chosen = [cell for cell in cells() if cell.kind.startswith(told.kinds)]
    if told.make_references or told.run_ortools:
        solver, path = ("pyvrp", REFERENCES) if told.make_references else ("ortools", ORTOOLS)
        solve_all(solver, path, told.seconds, told.jobs)
        return
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    began = time.perf_counter()
    rule = first_pairs if told.every_vehicle else every_client
    found = constructed(chosen, policy, preset(card.preset).env, told.device, rule)
    problems, plain, routes = zip(*found, strict=True)
    count = sum(map(len, problems))
    print(f"{card.name} on {told.device}: {count} problems x 8 symmetries in {time.perf_counter() - began:.0f} s")
    stages: Stages = {"x8": [values(*cell) for cell in zip(problems, routes, strict=True)]}
    if told.search:
        everyone = [problem for cell in problems for problem in cell]
        stop = nco.stop.MaxRuntime(told.search * count / 1000)
        better = improve(everyone, [r for cell in routes for r in cell], stop,
                        chains=told.chains, device=told.device)  # fmt: skip
        print(f"search: {better.seconds:.1f} s, {better.iterations} iterations each of {told.chains} chains")
        after = iter(values(everyone, better.routes))
        stages["search"] = [[next(after) for _ in cell] for cell in problems]
    known = read(REFERENCES)
    if told.improve:
        for cell, last in zip(chosen, list(stages.values())[-1], strict=True):
            best = known[cell.name]
            best.update({str(k): v for k, v in enumerate(last) if v and v < tuple(best.get(str(k)) or (np.inf,))})
        write(REFERENCES, known)
    if rival := read(ORTOOLS):
        stages["OR-Tools"] = [[rival[cell.name].get(str(k)) for k in range(COUNT)] for cell in chosen]
    report(chosen, known, [cell.tolist() for cell in plain], stages)


def report(chosen: Sequence[Cell], known: Known, plain: list[list[float]], stages: Stages) -> None:
    """The table, and what it says about OR-Tools and about both sides of the front."""
    titles = ["greedy", *(title for stage in stages for title in (stage, "T", "P"))]
    print(f"{'':26}" + "".join(f"{title:>9}" for title in titles))
    rows, beaten = defaultdict[str, list[Floats]](list), list[list[bool]]()
    for number, cell in enumerate(chosen):
        at = sorted(int(k) for k, found in known[cell.name].items() if found)
        if at:
            best = np.array([known[cell.name][str(k)] for k in at])
            greedy = np.array(plain[number])[at]
            found = np.array([[stage[number][k] or (np.nan,) * 3 for k in at] for stage in stages.values()])
            gaps = 100 * (found / best - 1) * (1, 1, -1)  # [stages, problems, 3]
            parts = [100 * (greedy / best[:, 0] - 1)[:, None], *gaps]
            rows[cell.kind].append(known_mean(np.hstack(parts)))
            print(f"{cell.name:26}" + "".join(f"{gap:9.2f}" for gap in rows[cell.kind][-1]))
            costs = np.vstack([greedy, found[..., 0]])
            solved = ~np.isnan(costs[-1])
            if "OR-Tools" in stages and solved.any():
                *ours, theirs = costs[:, solved].mean(axis=1).tolist()
                beaten.append([cost < theirs for cost in ours])
    means = {kind: known_mean(np.array(gaps)) for kind, gaps in rows.items()}
    for kind, gaps in means.items():
        print(f"{kind:26}" + "".join(f"{gap:9.2f}" for gap in gaps))
    if beaten:
        counts = zip(["greedy", *stages], np.sum(beaten, axis=0).tolist(), strict=False)
        text = ", ".join(f"{title} in {count}" for title, count in counts)
        print(f"lower mean objective than OR-Tools, of {len(beaten)} cells: {text}")
    for pattern in PATTERNS:
        sides = [gaps[2:4] for kind, gaps in means.items() if kind.startswith(f"p {pattern}")]
        if sides:
            duration, preference = np.max(sides, axis=0).tolist()
            print(f"x8, {pattern}, largest over the weights: T {duration:.2f} %, sum of P {preference:.2f} %")


def known_mean(values: Floats) -> Floats:
    """Mean over the first axis of what is known, which is nan where nothing is."""
    mean: Floats = np.ma.masked_invalid(values).mean(axis=0).filled(np.nan)
    return mean


if __name__ == "__main__":
    main()
