"""How long a policy takes for a batch of problems with profiles: python scripts/profile_speed.py [--count 1000]

PVRP-P (random, weight 0.2) and PVRP-ZC (random) of 60 and 100 clients and 3, 5 and 7 vehicles: encoding and greedy
rollouts from every start, once and under 8 symmetries, from a batch on the device to the best rollout of each problem
on the host; nothing is judged. 250 problems at a time; the least of --runs times, after a run that does not count.
"""

import argparse
import time
from itertools import product

import torch
from gaps import TOGETHER, best_paths
from profile_gaps import FLEETS, SIZES, Cell
from tensordict import TensorDict

from nco.envs.generators.unified import completed
from nco.envs.instances import symmetries
from nco.envs.presets import preset
from nco.envs.routing import RoutingEnv
from nco.policies.base import Policy
from nco.policies.weights import load


@torch.no_grad()
def seconds(policy: Policy, env: RoutingEnv, instances: TensorDict, copies: int, runs: int) -> float:
    """The least time for all instances, each under so many symmetries."""
    device, taken = instances["locs"].device.type, list[float]()
    for _ in range(runs + 1):
        began = time.perf_counter()
        for part in instances.split(TOGETHER):
            for copy in symmetries(part).split(len(part))[:copies]:
                with torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
                    best_paths(policy, env, copy)  # which waits for the device
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="profiles")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    told = parser.parse_args()
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    env = preset(card.preset).env
    print(f"{card.name} on {told.device}, {told.count} problems, seconds: once, 8 symmetries, problems/s with them")
    for kind, size, fleet in product(("p random 0.2", "zc random"), SIZES, FLEETS):
        cell = Cell(kind, size, fleet)
        instances = completed(cell.instances(told.count)).to(told.device)
        once, eight = (seconds(policy, env, instances, copies, told.runs) for copies in (1, 8))
        print(f"{cell.name:26}{once:9.3f}{eight:9.3f}{told.count / eight:9.0f}", flush=True)


if __name__ == "__main__":
    main()
