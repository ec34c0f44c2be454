"""Gaps of construction on problems whose vehicles have preferences or zones: every start, greedy, and 8 symmetries.

python scripts/profile_gaps.py --make-references [--seconds 10] [--jobs 8]     PyVRP on 8 problems of each cell; goes on
python scripts/profile_gaps.py --weights runs/profiles/profiles.safetensors [--improve]

A cell is 32 problems with n clients (60, 100) and m vehicles (3, 5, 7), seeded by its name: CAMP's PVRP-P with weights
w2 = 0.1, 0.2, 0.4 of preferences P and w1 = 1 - w2 of the duration T, or PVRP-ZC; random, angle, cluster. The objective
is w1 T + w2 sum(1 - P) over the visits, which is not negative. References are kept in profile_references.json as
[objective, T, sum of P] of the best solution known; --improve puts ours in where they are better. The checker judges
every solution and gives its cost. A line per cell: mean gaps in per cent over the problems with a reference, of the
objective, of T (more is worse) and of the sum of P (less is worse), then means over the cells of each kind.
"""

import argparse
import json
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.envs.generators.profiles import Pattern, Preferences, Zones
from nco.envs.generators.unified import completed
from nco.envs.instances import symmetries, to_problems, to_routes
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients

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


def value(problem: nco.Problem, routes: list[nco.Route]) -> Value:
    """What the checker says; raises if it objects."""
    report = nco.check(problem, routes)
    if not report.is_feasible():
        raise SystemExit(f"{problem.name}: {report}")
    price = problem.vehicle_types[0].unit_distance_cost
    disliked = report.cost.preference / (problem.preference_weight * (1 - price) or 1.0)
    return report.cost.total, report.cost.distance / price, problem.num_clients - disliked


def best_paths(policy: Policy, env: RoutingEnv, instances: TensorDict) -> tuple[Tensor, list[list[int]]]:
    """Cost [B] and actions of the cheapest greedy rollout of each problem, over all starts."""
    starts = first_clients(instances, instances["locs"].shape[1], env.could(instances))
    actions, cost = fastest_rollout(policy, env, instances, starts)
    cost, best = cost.min(dim=1)
    return cost, [rows[k].tolist() for rows, k in zip(actions, best.tolist(), strict=True)]


@torch.no_grad()
def solve(policy: Policy, env: RoutingEnv, instances: TensorDict) -> tuple[Tensor, list[list[int]]]:
    """Costs without symmetries [B], and the best actions over the eight."""
    plain, paths = best_paths(policy, env, instances)
    best = plain
    for copy in symmetries(instances).chunk(8)[1:]:
        cost, found = best_paths(policy, env, copy)
        paths = [new if c < b else old for new, old, c, b in zip(found, paths, cost, best, strict=True)]
        best = torch.minimum(best, cost)
    return plain.cpu(), paths


def refer(seconds: float, job: tuple[Cell, int]) -> Value:
    """PyVRP's solution of one problem."""
    cell, number = job
    problem = to_problems(cell.instances()[number : number + 1])[0]
    return value(problem, list(nco.solve(problem, "pyvrp", nco.stop.MaxRuntime(seconds)).routes))


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--make-references", action="store_true")
    parser.add_argument("--seconds", type=float, default=10.0, help="of PyVRP, for each problem")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--weights", default="profiles")
    parser.add_argument("--improve", action="store_true", help="the references, where ours are better")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    if options.make_references:
        make_references(options.seconds, options.jobs)
        return
    torch.set_num_threads(1)
    policy, card = load(options.weights, options.device)
    env, known, rows, spent = preset(card.preset).env, read(), defaultdict(list), 0.0
    print(f"{'':26}{'greedy':>9}{'x8':>9}{'T':>9}{'P':>9}")
    for cell in cells():
        instances = cell.instances()
        began = time.perf_counter()
        with torch.autocast("cuda", torch.bfloat16, enabled=options.device == "cuda"):
            plain, paths = solve(policy, env, completed(instances).to(options.device))
        spent += time.perf_counter() - began
        ours = [value(problem, to_routes(instances, path, row))
                for row, (problem, path) in enumerate(zip(to_problems(instances), paths, strict=True))]  # fmt: skip
        references = known[cell.name]
        if options.improve:
            references.update(
                {str(k): list(v) for k, v in enumerate(ours) if v < tuple(references.get(str(k), (np.inf,)))}
            )
        at = sorted(map(int, references))
        if at:
            best = np.array([references[str(k)] for k in at])
            found = np.array([(float(plain[k]), *ours[k]) for k in at])
            gaps = 100 * (found / best[:, [0, 0, 1, 2]] - 1).mean(axis=0) * [1, 1, 1, -1]
            rows[cell.kind].append(gaps)
            print(f"{cell.name:26}" + "".join(f"{gap:9.2f}" for gap in gaps), flush=True)
    for kind, gaps in rows.items():
        print(f"{kind:26}" + "".join(f"{gap:9.2f}" for gap in np.mean(gaps, axis=0)))
    count = COUNT * len(list(cells()))
    print(f"{card.name} on {options.device}: {count} problems x 8 symmetries in {spent:.0f} s, all accepted")
    if options.improve:
        write(known)


if __name__ == "__main__":
    main()
