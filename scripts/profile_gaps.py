"""Gaps of construction on problems whose vehicles have preferences or zones: every start, greedy, and 8 symmetries.

python scripts/profile_gaps.py --make-references [--seconds 10] [--jobs 8]     PyVRP on 8 problems of each cell; goes on
python scripts/profile_gaps.py --weights runs/profiles/profiles.safetensors [--search 2 --chains 4] [--improve]

A cell is 32 problems with n clients (60, 100) and m vehicles (3, 5, 7), seeded by its name: CAMP's PVRP-P with weights
w2 = 0.1, 0.2, 0.4 of preferences P and w1 = 1 - w2 of the duration T, or PVRP-ZC; random, angle, cluster. The objective
is w1 T + w2 sum(1 - P) over the visits, which is not negative. References are kept in profile_references.json as
[objective, T, sum of P] of the best solution known; --improve puts ours in where they are better, of all problems.
--search goes on from the routes of the policy with ruin & recreate, all cells at once on the GPU, for so many seconds
per 1,000 problems. The checker judges every solution and gives its cost. A line per cell: mean gaps in per cent over
the problems with a reference, of the objective (greedy; over the symmetries; after the search), and of the last one's
T (more is worse) and sum of P (less is worse), then means over the cells of each kind.
"""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from gaps import construct, judged, options, searching
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.envs.generators.profiles import Pattern, Preferences, Zones
from nco.envs.instances import to_problems
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.search.data import from_solution
from nco.search.gpu import improve
from nco.search.packing import Routes

REFERENCES = Path(__file__).parent / "profile_references.json"
PATTERNS: tuple[Pattern, ...] = ("random", "angle", "cluster")
SIZES, FLEETS, WEIGHTS, COUNT, REFERRED = (60, 100), (3, 5, 7), (0.1, 0.2, 0.4), 32, 8

#: Objective, duration and sum of preferences of a solution.
Value = tuple[float, float, float]


class Cell(NamedTuple):
    """Problems of one kind and size."""

    kind: str  # as in "p angle 0.2" or "zc random"
    clients: int
    vehicles: int

    @property
    def name(self) -> str:
        return f"{self.kind} n={self.clients} m={self.vehicles}"

    def instances(self) -> TensorDict:
        problem, pattern, *weight = self.kind.split()
        chosen: Pattern = next(known for known in PATTERNS if known == pattern)
        generator = torch.Generator().manual_seed(zlib.crc32(self.name.encode()))
        if problem == "zc":
            return Zones(chosen, self.vehicles)(COUNT, self.clients, generator)
        return Preferences(chosen, self.vehicles, float(weight[0]))(COUNT, self.clients, generator)


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


def refer(seconds: float, job: tuple[Cell, int]) -> Value:
    """PyVRP's solution of one problem."""
    cell, number = job
    problem = to_problems(cell.instances()[number : number + 1])[0]
    return value(problem, from_solution(problem, nco.solve(problem, "pyvrp", nco.stop.MaxRuntime(seconds)).solution))


def make_references(seconds: float, jobs: int) -> None:
    known = read()
    todo = [(cell, k) for cell in cells() for k in range(REFERRED) if str(k) not in known[cell.name]]
    with ProcessPoolExecutor(jobs) as pool:
        for done, ((cell, k), found) in enumerate(zip(todo, pool.map(partial(refer, seconds), todo), strict=True)):
            known[cell.name][str(k)] = list(found)
            if done % REFERRED == REFERRED - 1:
                write(known)
                print(f"{done + 1} of {len(todo)}", flush=True)
    write(known)


def read() -> defaultdict[str, dict[str, list[float]]]:
    """Cell -> number of the problem -> value."""
    known = json.loads(REFERENCES.read_text(encoding="utf-8")) if REFERENCES.exists() else {}
    return defaultdict(dict, known)


def write(known: dict[str, dict[str, list[float]]]) -> None:
    lines = (f"{json.dumps(cell)}: {json.dumps(values)}" for cell, values in known.items())
    REFERENCES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def constructed(
    policy: Policy, env: RoutingEnv, device: str
) -> Iterator[tuple[list[nco.Problem], Tensor, list[Routes]]]:
    """What the policy makes of every cell."""
    for cell in cells():
        instances = cell.instances()
        problems = to_problems(instances)
        yield problems, *construct(policy, env, instances, problems, device)


def main() -> None:
    told = searching(options(__doc__, "profiles", 10.0)).parse_args()
    if told.make_references:
        make_references(told.seconds, told.jobs)
        return
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    began = time.perf_counter()
    problems, plain, routes = zip(*constructed(policy, preset(card.preset).env, told.device), strict=True)
    count = sum(map(len, problems))
    print(f"{card.name} on {told.device}: {count} problems x 8 symmetries in {time.perf_counter() - began:.0f} s")
    stages = [[values(*cell) for cell in zip(problems, routes, strict=True)]]
    if told.search:
        everyone = [problem for cell in problems for problem in cell]
        stop = nco.stop.MaxRuntime(told.search * count / 1000)
        found = improve(everyone, [r for cell in routes for r in cell], stop,
                        chains=told.chains, device=told.device)  # fmt: skip
        print(f"search: {found.seconds:.1f} s, {found.iterations} iterations each of {told.chains} chains")
        after = iter(values(everyone, found.routes))
        stages.append([[next(after) for _ in cell] for cell in problems])
    known = read()
    if told.improve:
        for cell, last in zip(cells(), stages[-1], strict=True):
            best = known[cell.name]
            best.update({str(k): list(v) for k, v in enumerate(last) if v < tuple(best.get(str(k), (np.inf,)))})
        write(known)
    report(known, [cell.tolist() for cell in plain], stages)


def report(known: dict[str, dict[str, list[float]]], plain: list[list[float]], stages: list[list[list[Value]]]) -> None:
    """The table: construction without and with symmetries, then what followed."""
    titles = ["greedy", "x8", "search"][: 1 + len(stages)]
    print(f"{'':26}" + "".join(f"{title:>9}" for title in (*titles, "T", "P")))
    rows = defaultdict(list)
    for number, cell in enumerate(cells()):
        at = sorted(map(int, known[cell.name]))
        if at:
            best = np.array([known[cell.name][str(k)] for k in at])
            costs = np.array([[plain[number][k], *(stage[number][k][0] for stage in stages)] for k in at])
            rest = np.array([stages[-1][number][k][1:] for k in at])
            gaps = 100 * (np.hstack([costs / best[:, :1], rest / best[:, 1:]]) - 1).mean(axis=0)
            gaps[-1] *= -1
            rows[cell.kind].append(gaps)
            print(f"{cell.name:26}" + "".join(f"{gap:9.2f}" for gap in gaps))
    for kind, gaps in rows.items():
        print(f"{kind:26}" + "".join(f"{gap:9.2f}" for gap in np.mean(gaps, axis=0)))


if __name__ == "__main__":
    main()
