"""Does the search gain from what the policy thinks? python scripts/guided_search.py [cvrp vrptw pvrp_p] [--count 16]

Mean costs of problems with 100 clients after so many rounds of one chain of the search on a CPU, from nothing, with

plain    neighbours by distance are ruined together; now and then clients are inserted farthest or nearest first
near     neighbours are those that the pointer wants next after each other: the sum of its logits there and back
order    for farthest and nearest first stand the ends of the policy's routes: late clients first, or early ones
both

and the differences to `plain` in per cent, with their standard errors over the problems. All take the same time.
"""

import argparse
from unittest.mock import patch

import numpy as np
import torch

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import fleet_size
from nco.envs.presets import preset, problems
from nco.policies.base import Query
from nco.policies.weights import find_card, load
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients
from nco.search import chains
from nco.search.data import SearchData, search_data
from nco.solvers.neural import NeuralSolver, favourites, seen
from nco.stop import MaxIterations


@torch.no_grad()
def opinions(problem: nco.Problem, weights: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the policy: how much it wants each client after each other [n, n], and when it visits each [n]."""
    policy, card = load(weights)
    env, instances = preset(card.preset).env, completed(seen(problem, range(problem.num_clients)))
    fleet, nodes = fleet_size(instances), instances["locs"].shape[1]
    memory = policy.encode(instances)
    every = torch.arange(nodes)[None]
    mask = ~torch.eye(nodes, dtype=torch.bool)[None]
    mask[..., :fleet] = False
    ready = instances["opens"] + instances["service"]
    state = env.reset(instances, nodes)
    query = Query(every, torch.zeros_like(every), ready, env.features(instances, state), mask, mask)
    logits = policy.logits(memory, query)[0, fleet:, fleet:]
    actions, cost = fastest_rollout(policy, env, instances, first_clients(instances, nodes, env.could(instances)))
    path = actions[0, int(cost[0].argmin())]
    position = torch.zeros(nodes)
    since = 0.0
    for node in path.tolist():
        since = 0.0 if node < fleet else since + 1.0
        position[node] = since
    return logits.double().numpy(), position[fleet:].double().numpy()


def guided(problem: nco.Problem, weights: str) -> dict[str, SearchData]:
    """What the search is told of a problem, by the way it is guided."""
    plain = search_data(problem)
    logits, late = opinions(problem, weights)
    apart = -(logits + logits.T)
    np.fill_diagonal(apart, -np.inf)
    near = np.argsort(apart, axis=1, kind="stable")[:, : plain.neighbours.shape[1]].astype(np.uint32)
    near = np.ascontiguousarray(near)
    return {"plain": plain, "near": plain._replace(neighbours=near), "order": plain._replace(remoteness=late),
            "both": plain._replace(neighbours=near, remoteness=late)}  # fmt: skip


def searched(problem: nco.Problem, data: SearchData, rounds: int) -> float:
    with patch.object(chains, "search_data", lambda _: data):
        search = chains.Search(problem, nco.Solution(()), seed=1, chains=1)
    for _ in search.run(MaxIterations(rounds).start()):
        pass
    return nco.check(problem, search.best()).cost.total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["cvrp", "vrptw", "pvrp_p"])
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--rounds", type=int, nargs="+", default=[20, 100])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.presets:
        drawn = problems(name, 100, options.count, seed=7)
        able = [weights for weights in favourites(drawn[0]) if not NeuralSolver(weights).unsupported(drawn[0])]
        told = [guided(problem, able[0]) for problem in drawn]
        for rounds in options.rounds:
            costs = {way: np.array([searched(p, data[way], rounds) for p, data in zip(drawn, told, strict=True)])
                     for way in told[0]}  # fmt: skip
            line = f"{name:8}{find_card(able[0]).name:10}{rounds:5} rounds  plain {costs['plain'].mean():9.4f}"
            for way in ("near", "order", "both"):
                change = 100 * (costs[way] / costs["plain"] - 1)
                line += f"  {way} {change.mean():+.2f} +- {change.std(ddof=1) / len(change) ** 0.5:.2f} %"
            print(line, flush=True)


if __name__ == "__main__":
    main()
