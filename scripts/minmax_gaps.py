"""Gaps of construction where the longest time of a vehicle is to be short, beside PARCO's (arXiv 2409.03811).

python scripts/minmax_gaps.py --make-references [--seconds 60] [--jobs 2]     the search on every problem; goes on
python scripts/minmax_gaps.py --weights runs/minmax/minmax.safetensors [--device cuda] [--improve]

A set is 128 problems of PARCO's distribution (nco.envs.generators.fleet) with a fixed seed: 60 clients and 3 vehicles,
100 clients and 5. References are kept in minmax_references.json; --improve puts ours in where they are better. PARCO's
gaps are to SISR on 1,280 problems of the same distribution, not these. A line per set: mean gaps in per cent of one
greedy rollout; of the best from every start; of the best of those under 8 symmetries; of the best of 1,280 samples, 160
of each symmetry. The checker judges every solution and gives its cost.
"""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from gaps import construct, judged, options
from tensordict import TensorDict

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import symmetries, to_problems, to_routes
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import free_starts
from nco.search.data import from_solution
from nco.search.warm import compile_now

REFERENCES = Path(__file__).parent / "minmax_references.json"
SETS, COUNT, SAMPLES = (("hcvrp_max_3", 60), ("hcvrp_max", 100)), 128, 1280
#: Published mean gaps of PARCO to SISR: greedy, and of 1,280 samples.
PARCO = {"hcvrp_max_3": (8.37, 3.81), "hcvrp_max": (7.13, 3.08)}
#: Problems whose samples are drawn at once.
TOGETHER = 16


def drawn(name: str, size: int) -> tuple[TensorDict, list[nco.Problem]]:
    """The problems of a set, and their instances."""
    chosen, generator = preset(name), torch.Generator().manual_seed(zlib.crc32(f"{name} {size}".encode()))
    instances = chosen.generator(COUNT, size, generator)
    return instances, to_problems(instances, chosen.env.objective)


def refer(seconds: float, problem: nco.Problem) -> float:
    """Cost of the search's routes."""
    return nco.solve(problem, "search", nco.stop.MaxRuntime(seconds), chains=1).cost()


def make_references(seconds: float, jobs: int) -> None:
    compile_now()  # once, and not in every process while its clock runs
    known, problems = read(), {name: drawn(name, size)[1] for name, size in SETS}
    todo = [(name, k) for k in range(COUNT) for name, _ in SETS if str(k) not in known[name]]
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(partial(refer, seconds), [problems[name][k] for name, k in todo])
        for (name, k), cost in zip(todo, found, strict=True):
            known[name][str(k)] = round(cost, 6)
            write(known)


def read() -> defaultdict[str, dict[str, float]]:
    """Set -> number of the problem -> cost."""
    known = json.loads(REFERENCES.read_text(encoding="utf-8")) if REFERENCES.exists() else {}
    return defaultdict(dict, known)


def write(known: dict[str, dict[str, float]]) -> None:
    lines = (f"{json.dumps(name)}: {json.dumps(costs)}" for name, costs in known.items())
    REFERENCES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


@torch.no_grad()
def rolled_out(
    policy: Policy, env: RoutingEnv, instances: TensorDict, rollouts: int, generator: torch.Generator | None
) -> tuple[list[float], list[list[int]]]:
    """Costs and actions of the best of so many rollouts of each problem: greedy ones, or samples."""
    with torch.autocast("cuda", torch.bfloat16, enabled=instances.device.type == "cuda"):
        actions, cost = fastest_rollout(policy, env, instances, free_starts(instances, rollouts), generator)
    best = cost.argmin(dim=1).tolist()
    return cost.amin(dim=1).tolist(), [rows[k].tolist() for rows, k in zip(actions, best, strict=True)]


def greedy(policy: Policy, env: RoutingEnv, instances: TensorDict, problems: Sequence[nco.Problem]) -> list[float]:
    """The checker's cost of one greedy rollout of each problem."""
    _, paths = rolled_out(policy, env, instances, 1, None)
    return [cost(problem, instances, path) for problem, path in zip(problems, paths, strict=True)]


def sampled(policy: Policy, env: RoutingEnv, instances: TensorDict, problems: Sequence[nco.Problem]) -> list[float]:
    """The checker's cost of the best of SAMPLES rollouts of each problem, as many under each symmetry."""
    generator, found = torch.Generator(instances.device).manual_seed(1), list[float]()
    for begin in range(0, len(problems), TOGETHER):
        part = instances[begin : begin + TOGETHER]
        costs, paths = rolled_out(policy, env, symmetries(part), SAMPLES // 8, generator)
        for row, problem in enumerate(problems[begin : begin + TOGETHER]):
            best = min(range(row, len(costs), len(part)), key=costs.__getitem__)
            found.append(cost(problem, instances, paths[best]))
    return found


def cost(problem: nco.Problem, instances: TensorDict, path: list[int]) -> float:
    """What the checker says of a rollout; raises if it objects."""
    routes = from_solution(problem, nco.Solution(tuple(to_routes(instances, path))))  # all vehicles reload
    return judged(problem, routes).cost.total


def main() -> None:
    told = options(__doc__, "minmax", 60.0).parse_args()
    if told.make_references:
        make_references(told.seconds, told.jobs)
        return
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    env, known = preset(card.preset).env, read()
    for name, size in SETS:
        (instances, problems), began = drawn(name, size), time.perf_counter()
        there = completed(instances).to(told.device)
        stages = {"greedy": greedy(policy, env, there, problems)}
        plain, routes = construct(policy, env, instances, problems, told.device)
        stages["starts"] = plain.tolist()
        stages["x8"] = [judged(*row).cost.total for row in zip(problems, routes, strict=True)]
        stages["samples"] = sampled(policy, env, there, problems)
        spent = time.perf_counter() - began
        if told.improve:
            for k, costs in enumerate(zip(*stages.values(), strict=True)):
                known[name][str(k)] = min(round(min(costs), 6), known[name].get(str(k), np.inf))
            write(known)
        at = sorted(map(int, known[name]))
        best = np.array([known[name][str(k)] for k in at])
        gaps = {stage: 100 * np.mean(np.array(costs)[at] / best - 1) for stage, costs in stages.items()}
        means = "".join(f"{stage:>9} {np.mean(costs):.3f} {gaps[stage]:6.2f} %" for stage, costs in stages.items())
        print(f"{name} n={size}: {len(at)} references, mean {best.mean():.3f}; {means}   {spent:.0f} s", flush=True)
        print("    PARCO published: greedy {:.2f} %, 1,280 samples {:.2f} %".format(*PARCO[name]), flush=True)


if __name__ == "__main__":
    main()
