"""Does a policy keep to the zones of vehicles? python scripts/zone_feasibility.py [--weights profiles] [--each 96]

PVRP-ZC, random, angle and cluster, of 40, 50, ... 100 clients and 3 to 7 vehicles: so many problems of each, 105 x 96 =
10,080 by default. The cheapest greedy rollout over all starts, without symmetries, is judged by the checker: clients
that are left out count as much as a zone that is not kept. The last line says how many solutions are not feasible.
"""

import argparse
import time
import zlib
from itertools import product

import torch
from gaps import best_paths
from profile_gaps import PATTERNS
from tensordict import TensorDict

import nco
from nco.envs.generators.profiles import Pattern, Zones
from nco.envs.generators.unified import completed
from nco.envs.instances import to_problems, to_routes
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load

SIZES, FLEETS = range(40, 101, 10), range(3, 8)


def drawn(pattern: Pattern, size: int, fleet: int, count: int) -> TensorDict:
    """Problems of one kind, seeded by what they are."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{pattern} {size} {fleet}".encode()))
    return Zones(pattern, fleet)(count, size, generator)


@torch.no_grad()
def infeasible(policy: Policy, env: RoutingEnv, instances: TensorDict, device: str) -> int:
    """How many of the policy's solutions the checker objects to; the first one is shown."""
    with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
        _, paths = best_paths(policy, env, completed(instances).to(device))
    solutions = [nco.Solution(tuple(to_routes(instances, path, row))) for row, path in enumerate(paths)]
    reports = [nco.check(*pair) for pair in zip(to_problems(instances), solutions, strict=True)]
    wrong = [report for report in reports if not report.is_feasible()]
    if wrong:
        print(wrong[0])
    return len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="profiles")
    parser.add_argument("--each", type=int, default=96)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    told = parser.parse_args()
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    env, began, count, total = preset(card.preset).env, time.perf_counter(), 0, 0
    for pattern in PATTERNS:
        found = [
            infeasible(policy, env, drawn(pattern, size, fleet, told.each), told.device)
            for size, fleet in product(SIZES, FLEETS)
        ]
        print(f"{pattern}: {sum(found)} of {told.each * len(found)} infeasible", flush=True)
        count, total = count + sum(found), total + told.each * len(found)
    seconds = time.perf_counter() - began
    print(f"{card.name} on {told.device}: {count} of {total} solutions infeasible; {seconds:.0f} s, checker included")


if __name__ == "__main__":
    main()
