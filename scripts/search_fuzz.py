"""Ruin & recreate on a GPU over presets, every solution judged: python scripts/search_fuzz.py cvrp vrptw --count 200

Problems of several sizes in one batch, from routes of one client each. Prints, by preset, how much shorter the routes
have become, the share of padding and how far the kernel's costs are from the checker's; says what the checker objects.
"""

import argparse

import torch

import nco
from nco.envs.presets import problems
from nco.reach import Reach
from nco.search.data import search_data, to_solution
from nco.search.gpu import search
from nco.search.packing import Routes, unsupported
from nco.solvers.neural import most_routes

SIZES = (10, 25, 50, 100)
LAUNCHES = 5


def alone(problem: nco.Problem) -> Routes:
    """Every client by itself, with the first kind of vehicle that can serve it."""
    reaches = [Reach(problem, vehicle) for vehicle in problem.vehicle_types]
    able = [[kind for kind, reach in enumerate(reaches) if reach.failure((k,)) is None]
            for k in range(problem.num_clients)]  # fmt: skip
    return [(kinds[0], [client]) for client, kinds in enumerate(able)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--count", type=int, default=200, help="problems of a preset, of all sizes together")
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    for name in options.presets:
        drawn = [p for size in SIZES for p in problems(name, size, options.count // len(SIZES), options.seed)]
        known = [p for p in drawn if not unsupported(p) and most_routes(p) > p.num_clients]  # a tour has no such start
        starts = [alone(problem) for problem in known]
        found = search([search_data(p) for p in known], starts, nco.stop.MaxIterations(LAUNCHES),
                       options.iterations // LAUNCHES, chains=options.chains, seed=options.seed,
                       device=options.device)  # fmt: skip
        before = [nco.check(p, to_solution(p, routes)).cost.total for p, routes in zip(known, starts, strict=True)]
        after = [nco.check(p, to_solution(p, routes)) for p, routes in zip(known, found.routes, strict=True)]
        off = max(abs(report.cost.total / cost - 1) for report, cost in zip(after, found.costs, strict=True))
        wrong = [report for report in after if not report.is_feasible()]
        shorter = sum(report.cost.total for report in after) / sum(before) - 1
        print(f"{name:12}{len(known):6} of {len(drawn)} problems{len(wrong):5} infeasible{100 * shorter:8.1f} %"
              f"  padding {found.padding:.2f}  costs off by {off:.1e}", flush=True)  # fmt: skip
        for report in wrong[:3]:
            print(report)


if __name__ == "__main__":
    main()
