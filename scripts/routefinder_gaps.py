"""Gaps of construction on RouteFinder's sets: the best of all starts, greedy, alone and over the eight symmetries.

python scripts/routefinder_gaps.py ../shared/data/routefinder_val [--size 100] [--count 1000] [--weights unified]

References are PyVRP's solutions in the folder, as recomputed; every solution of ours is judged by the checker, which
also gives its cost. A line per variant, then the means over single-depot classic, mixed and multi-depot variants.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from tensordict import TensorDict
from torch import Tensor

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem, symmetries, to_routes
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.io.routefinder import AXES, RoutefinderSet
from nco.policies.base import Policy
from nco.policies.weights import load
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients


def best_paths(policy: Policy, env: RoutingEnv, instances: TensorDict) -> tuple[Tensor, list[list[int]]]:
    """Cost [B] and actions of the cheapest rollout of each problem."""
    actions, cost = fastest_rollout(policy, env, instances, first_clients(instances, instances["locs"].shape[1]))
    cost, best = cost.min(dim=1)
    return cost, [rows[k].tolist() for rows, k in zip(actions, best.tolist(), strict=True)]


def gaps(policy: Policy, env: RoutingEnv, problems: list[nco.Problem], reference: np.ndarray, device: str) -> Tensor:
    """Mean gaps [2] in per cent of greedy construction, without and with symmetries; raises if the checker objects."""
    instances = torch.cat([completed(from_problem(p, range(p.num_clients), device)) for p in problems])
    best, paths = best_paths(policy, env, instances)
    plain = best.clone()
    for copy in symmetries(instances).chunk(8)[1:]:
        cost, found = best_paths(policy, env, copy)
        paths = [new if c < b else old for new, old, c, b in zip(found, paths, cost, best, strict=True)]
        best = torch.minimum(best, cost)
    known = torch.from_numpy(reference).to(best)
    for row, (problem, path) in enumerate(zip(problems, paths, strict=True)):
        report = nco.check(problem, to_routes(instances, path, row))
        if not report.is_feasible() or abs(report.cost.total / float(best[row] * instances["scale"][row]) - 1) > 1e-5:
            raise SystemExit(f"{problem.name}: {report}")
    return torch.stack([100 * (cost * instances["scale"] / known - 1).mean() for cost in (plain, best)]).cpu()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--count", type=int, default=1000, help="problems of each variant")
    parser.add_argument("--weights", default="unified")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    began = time.perf_counter()
    torch.set_num_threads(1)
    policy, card = load(options.weights, options.device)
    env = preset(card.preset).env
    index = json.loads((options.folder / "index.json").read_text())["index"]
    store = np.load(options.folder / "arrays.npz")
    found = defaultdict(list)
    for name, entry in index.items():
        phase, size, variant = name.split("/")
        if (phase, size) != ("val", str(options.size)):
            continue
        data = {key: store[value] for key, value in entry.items() if isinstance(value, str)}
        problems = RoutefinderSet({key: data[key] for key in data.keys() & AXES.keys()}, variant)[: options.count]
        with torch.autocast("cuda", torch.bfloat16, enabled=options.device == "cuda"):
            gap = gaps(policy, env, problems, data["cost_pyvrp"][: len(problems)], options.device)
        kind = "multi-depot" if variant.startswith("md") else "mixed backhauls" if "mb" in variant else "classic"
        found[kind].append(gap)
        print(f"{variant:16} {len(problems):5} problems  greedy {gap[0]:6.2f} %  x8 {gap[1]:6.2f} %", flush=True)
    for kind, rows in found.items():
        mean = torch.stack(rows).mean(dim=0)
        print(f"{kind:16} {len(rows):5} variants  greedy {mean[0]:6.2f} %  x8 {mean[1]:6.2f} %")
    print(f"{card.name} on {options.device}, n = {options.size}: {time.perf_counter() - began:.0f} s, all accepted")


if __name__ == "__main__":
    main()
