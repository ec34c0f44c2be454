"""Does the search on a CPU gain from the policy's first routes? python scripts/neural_start.py [--count 6]

Mean costs with 100 clients, one thread and one chain: the policy's first batch of rollouts with its seconds of
computing, then the search from nothing and from those routes after as many rounds, with the seconds from nothing.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

import nco
from nco.envs.presets import problems
from nco.errors import NcoWarning
from nco.stop import MaxIterations


def timed(solve: Callable[[nco.Problem], nco.Result], drawn: list[nco.Problem]) -> tuple[list[nco.Result], float]:
    """Results, and seconds of computing a problem."""
    began = time.process_time()
    results = [solve(problem) for problem in drawn]
    return results, (time.process_time() - began) / len(drawn)


def search(stop: MaxIterations, routes: dict[int, tuple[nco.Route, ...]], problem: nco.Problem) -> nco.Result:
    """One chain, from the routes that are known of this problem or from nothing."""
    return nco.solve(problem, "search", stop, chains=1, initial_solution=routes.get(id(problem)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("presets", nargs="*", default=["cvrp", "pvrp_p", "mdvrptw"])
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--rounds", type=int, nargs="+", default=[20, 60, 200, 600])
    options = parser.parse_args()
    warnings.simplefilter("ignore", NcoWarning)
    torch.set_num_threads(1)
    for name in options.presets:
        drawn = problems(name, 100, options.count, seed=7)
        nco.solve(drawn[0], "neural", MaxIterations(1))  # what is loaded once does not count
        starts, spent = timed(lambda problem: nco.solve(problem, "neural", MaxIterations(1)), drawn)
        routes = {id(start.problem): start.routes for start in starts}
        print(f"{name}: policy {np.mean([start.cost() for start in starts]):.4f}, {spent:.2f} s", flush=True)
        for rounds in options.rounds:
            stop = MaxIterations(rounds)
            plain, spent = timed(partial(search, stop, {}), drawn)
            begun, _ = timed(partial(search, stop, routes), drawn)
            nothing, from_routes = (np.mean([result.cost() for result in results]) for results in (plain, begun))
            print(f"  {rounds} rounds: {nothing:.4f} in {spent:.2f} s; from the policy's {from_routes:.4f}", flush=True)


if __name__ == "__main__":
    main()
