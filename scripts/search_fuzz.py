"""Ruin & recreate on a GPU over presets, every solution judged: python scripts/search_fuzz.py cvrp vrptw --count 200

Problems of several sizes in one batch, from routes of one client each. `--more time prizes` gives the vehicles of any
preset prices of time, and makes half of the clients optional. Prints, by preset, how much cheaper the solutions have
become, the share of padding and how far the kernel's costs are from the checker's; says what the checker objects.
"""

import argparse
from dataclasses import replace

import numpy as np
import torch

import nco
from nco.envs.presets import problems
from nco.reach import Reach
from nco.search.data import search_data, to_solution
from nco.search.gpu import search
from nco.search.packing import Routes, unsupported
from nco.solvers.neural import most_routes

SIZES = (10, 24, 50, 100)  # even: shipments are pairs
LAUNCHES = 5


def alone(problem: nco.Problem) -> Routes:
    """Every client or shipment by itself, with the first kind of vehicle that can serve it."""
    reaches = [Reach(problem, vehicle) for vehicle in problem.vehicle_types]
    goods = {shipment.pickup: shipment.delivery for shipment in problem.shipments}
    trips = [(k, goods[k]) if k in goods else (k,) for k in range(problem.num_clients) if k not in goods.values()]
    return [(next(kind for kind, reach in enumerate(reaches) if reach.failure(trip) is None), list(trip))
            for trip in trips]  # fmt: skip


def paying_for_time(problem: nco.Problem, rng: np.random.Generator) -> nco.Problem:
    """The problem with a price of time of its own for every kind of vehicle; nothing for one in four."""
    rates = rng.uniform(0, 2, len(problem.vehicle_types)) * (rng.random(len(problem.vehicle_types)) < 0.75)
    kinds = zip(problem.vehicle_types, rates.tolist(), strict=True)
    return replace(problem, vehicle_types=tuple(replace(kind, unit_duration_cost=rate) for kind, rate in kinds))


def with_prizes(problem: nco.Problem, rng: np.random.Generator) -> nco.Problem:
    """The problem with half of its clients optional, for prizes up to the way there and back from a depot.

    Both ends of a shipment are optional, or none.
    """
    reach = 2 * problem.distance_matrix(0)[: problem.num_depots, problem.num_depots :].min(axis=0)
    chosen = rng.random(len(reach)) < 0.5
    for shipment in problem.shipments:
        chosen[shipment.delivery] = chosen[shipment.pickup]
    prizes = zip(problem.clients, (reach * rng.random(len(reach))).tolist(), chosen, strict=True)
    return replace(problem, clients=tuple(replace(c, required=False, prize=p) if left else c
                                          for c, p, left in prizes))  # fmt: skip


#: What may be added to the problems of any preset.
MORE = {"time": paying_for_time, "prizes": with_prizes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="+")
    parser.add_argument("--count", type=int, default=200, help="problems of a preset, of all sizes together")
    parser.add_argument("--iterations", type=int, default=2000)
    parser.add_argument("--chains", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--more", nargs="*", default=[], choices=MORE)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    for name in options.presets:
        drawn = [p for size in SIZES for p in problems(name, size, options.count // len(SIZES), options.seed)]
        for number, feature in enumerate(options.more):
            rngs = np.random.default_rng((options.seed, number)).spawn(len(drawn))
            drawn = [MORE[feature](problem, rng) for problem, rng in zip(drawn, rngs, strict=True)]
        known = [p for p in drawn if not unsupported(p) and most_routes(p) > p.num_clients]  # a tour has no such start
        if not known:
            print(f"{name:12}{0:6} of {len(drawn)} problems")
            continue
        starts = [alone(problem) for problem in known]
        found = search([search_data(p) for p in known], starts, nco.stop.MaxIterations(LAUNCHES),
                       options.iterations // LAUNCHES, chains=options.chains, seed=options.seed,
                       device=options.device)  # fmt: skip
        before = [nco.check(p, to_solution(p, routes)).cost.total for p, routes in zip(known, starts, strict=True)]
        after = [nco.check(p, to_solution(p, routes)) for p, routes in zip(known, found.routes, strict=True)]
        off = max(abs(report.cost.total / cost - 1) for report, cost in zip(after, found.costs, strict=True))
        wrong = [report for report in after if not report.is_feasible()]
        cheaper = sum(report.cost.total for report in after) / sum(before) - 1
        print(f"{name:12}{len(known):6} of {len(drawn)} problems{len(wrong):5} infeasible{100 * cheaper:8.1f} %"
              f"  padding {found.padding:.2f}  costs off by {off:.1e}", flush=True)  # fmt: skip
        for report in wrong[:3]:
            print(report)


if __name__ == "__main__":
    main()
