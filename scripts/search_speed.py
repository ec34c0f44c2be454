"""Ruin & recreate on a GPU from greedy starts of the policy: gaps after so many seconds, and iterations per second.

python scripts/search_speed.py cvrp vrptw [--folder ../shared/data/routefinder_val] [--count 1000]
python scripts/search_speed.py pcvrp pdptw vrptw_shifts hours --count 1000

cvrp: the first problems of Kool et al.'s CVRP100, numpy seed 1234 (scripts/kool_cvrp100.py), weights "cvrp"; the gap is
to the mean of the best known, 15.654 for the first 1,000. vrptw: RouteFinder's VRPTW with 100 clients, weights
"unified"; the mean gap to PyVRP's solutions in the folder. Any other set is a preset with 100 clients, or a kind of
scripts/rich_gaps.py; it starts as nco.solve_batch does, and the gap is to the start. The time is that of the search
from prepared problems and starts to routes on the host, packing included. The checker judges every solution and gives
its cost.
"""

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from kool_cvrp100 import BEST_KNOWN, kool
from rich_gaps import KINDS, drawn
from tensordict import TensorDict

import nco
from nco.envs.generators.unified import completed
from nco.envs.instances import from_problem, to_problems, to_routes
from nco.envs.presets import preset
from nco.envs.presets import problems as of_preset
from nco.io.routefinder import AXES, RoutefinderSet
from nco.policies.weights import load
from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients
from nco.search import gpu
from nco.search.data import SearchData, from_solution, search_data, to_solution
from nco.search.packing import Routes
from nco.solvers.together import complete_starts


@dataclass(frozen=True)
class Bench:
    """Problems with greedy starts and known costs."""

    name: str
    problems: list[nco.Problem]
    data: list[SearchData]
    starts: list[Routes]
    known: np.ndarray
    pool: ProcessPoolExecutor

    def gap(self, routes: Sequence[Routes]) -> float:
        """In per cent, of the mean cost; raises if the checker objects."""
        costs = list(self.pool.map(cost, self.problems, routes, chunksize=25))
        return 100 * (np.mean(costs) / self.known.mean() - 1)


def cost(problem: nco.Problem, routes: Routes) -> float:
    report = nco.check(problem, to_solution(problem, routes))
    if not report.is_feasible():
        raise SystemExit(f"{problem.name}: {report}")
    return report.cost.total


def cvrp(count: int, device: str, pool: ProcessPoolExecutor) -> Bench:
    instances = kool(count)
    problems = to_problems(instances)
    known = np.full(count, BEST_KNOWN.get(count, np.nan))
    return _bench("cvrp", problems, instances, "cvrp", known, device, pool)


def vrptw(count: int, device: str, pool: ProcessPoolExecutor, folder: Path) -> Bench:
    entry = json.loads((folder / "index.json").read_text())["index"]["val/100/vrptw"]
    store = np.load(folder / "arrays.npz")
    arrays = {key: store[value] for key, value in entry.items() if isinstance(value, str)}
    problems = RoutefinderSet({key: arrays[key] for key in arrays.keys() & AXES.keys()}, "vrptw")[:count]
    instances = torch.cat([completed(from_problem(p, range(p.num_clients))) for p in problems])
    return _bench("vrptw", problems, instances, "unified", arrays["cost_pyvrp"][: len(problems)], device, pool)


def other(name: str, count: int, device: str, pool: ProcessPoolExecutor) -> Bench:
    every = [drawn(name, 100, k) for k in range(count)] if name in KINDS else of_preset(name, 100, count, seed=1)
    began = time.perf_counter()
    begun = complete_starts(every, seed=1, device=device)
    problems = [every[k] for k in begun]
    starts = [from_solution(problem, start) for problem, start in zip(problems, begun.values(), strict=True)]
    print(f"{name}: starts of {len(problems)} of {count} problems in {time.perf_counter() - began:.1f} s", flush=True)
    known = np.array(list(pool.map(cost, problems, starts, chunksize=25)))
    return Bench(name, problems, [search_data(problem) for problem in problems], starts, known, pool)


def _bench(
    name: str, problems: list[nco.Problem], instances: TensorDict, weights: str, known: np.ndarray, device: str,
    pool: ProcessPoolExecutor,
) -> Bench:  # fmt: skip
    began = time.perf_counter()
    data = [search_data(problem) for problem in problems]
    prepared = time.perf_counter()
    policy, card = load(weights, device)
    env, starts = preset(card.preset).env, []
    for part in completed(instances).to(device).split(500):
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=device == "cuda"):
            actions, costs = fastest_rollout(policy, env, part, first_clients(part, part["locs"].shape[1]))
        best = actions[torch.arange(len(part), device=device), costs.argmin(1)].tolist()
        routes = [nco.Solution(tuple(to_routes(part, path, row))) for row, path in enumerate(best)]
        starts += [from_solution(p, r) for p, r in zip(problems[len(starts) :], routes, strict=False)]
    bench = Bench(name, problems, data, starts, known, pool)
    print(f"{name}: {len(problems)} problems prepared in {prepared - began:.1f} s, greedy starts of {weights} in "
          f"{time.perf_counter() - prepared:.1f} s: gap {bench.gap(starts):.3f} %", flush=True)  # fmt: skip
    return bench


def run(bench: Bench, seconds: float, chains: int, heat: tuple[float, float], device: str) -> str:
    """A search, judged, as a line."""
    stop = nco.stop.MaxRuntime(seconds)
    found = gpu.search(bench.data, bench.starts, stop, chains=chains, seed=1, heat=heat, device=device)
    total = found.iterations * chains * len(bench.problems)
    return (f"{bench.name:13}{seconds:6.1f} s{chains:4} chains  heat {heat[0]:.3g} to {heat[1]:.3g}  "
            f"{gpu.SLOTS_PER_WARP:4} slots a warp  took {found.seconds:6.2f} s{found.iterations:9} iterations each"
            f"{total / found.seconds / 1e6:8.1f} M/s  gap {bench.gap(found.routes):7.3f} %")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=["cvrp", "vrptw"])
    parser.add_argument("--folder", type=Path, default=Path("../shared/data/routefinder_val"))
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seconds", type=float, nargs="*", default=[0.5, 1, 10])
    parser.add_argument("--chains", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--heat", type=float, nargs=2, default=gpu.HEAT)
    parser.add_argument("--slots-per-warp", type=int, nargs="*", default=[gpu.SLOTS_PER_WARP])
    options = parser.parse_args()
    torch.set_num_threads(1)
    with ProcessPoolExecutor() as pool:
        pool.submit(int).result()  # processes begin before the GPU is in use
        for name in options.sets:
            if name == "cvrp":
                bench = cvrp(options.count, options.device, pool)
            elif name == "vrptw":
                bench = vrptw(options.count, options.device, pool, options.folder)
            else:
                bench = other(name, options.count, options.device, pool)
            for gpu.SLOTS_PER_WARP in options.slots_per_warp:
                began = time.perf_counter()
                gpu.search(bench.data[:10], bench.starts[:10], nco.stop.MaxIterations(1), 10, device=options.device)
                print(f"{name}: compiled in {time.perf_counter() - began:.1f} s", flush=True)
                for seconds in options.seconds:
                    for chains in options.chains:
                        print(run(bench, seconds, chains, tuple(options.heat), options.device), flush=True)


if __name__ == "__main__":
    main()
