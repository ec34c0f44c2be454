"""Gaps on the roads of cities, RRNCO's three problems with 100 clients: every start, greedy; 8 symmetries; the search.

python scripts/road_gaps.py cities/heldout --make-references [--seconds 20] [--jobs 8]
python scripts/road_gaps.py cities/heldout --weights rrnco [--kinds ratsp] [--search 1 --chains 1] [--improve]

A set is 1,000 problems drawn from the city files of the folder (scripts/make_cities.py) with a fixed seed. References
are kept beside this script, by the cities' names and a hash of their places: LKH for all tours (extra `lkh`), PyVRP for
the first 50 of the other two, for sets that have none yet; --improve puts ours in where they are better, of all
problems. --search goes on from the routes of the policy with ruin & recreate on the GPU, for so many seconds for each
set. The checker judges every solution and gives its cost. A line per set: mean gaps in per cent over the problems with
a reference.
"""

import hashlib
import json
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from gaps import construct, judged, options, searching
from tensordict import TensorDict

import nco
from nco.envs.instances import to_problems
from nco.envs.presets import preset
from nco.policies.weights import load
from nco.search.gpu import improve

REFERENCES = Path(__file__).parent / "road_references.json"
KINDS, SIZE, COUNT, REFERRED, SEED = ("ratsp", "rcvrp", "rcvrptw"), 100, 1000, 50, 3333
#: Of LKH on each tour.
RUNS = 10


def drawn(kind: str, folder: str, count: int = COUNT) -> tuple[TensorDict, list[nco.Problem]]:
    """The first problems of a set, and their instances; cities take turns at random."""
    generator = torch.Generator().manual_seed(SEED)
    instances = preset(f"{kind}:{folder}").generator(COUNT, SIZE, generator)
    instances = instances[torch.randperm(COUNT, generator=generator)[:count]]
    return instances, to_problems(instances)


def place(kind: str, folder: str) -> str:
    """The name of a set in the references: kind and cities; OSRM's distances may differ by 0.1 m from run to run."""
    files = sorted(Path(folder).glob("*.npz"))
    arrays = b"".join(np.load(file)["points"].tobytes() for file in files)
    return f"{kind} {' '.join(file.stem for file in files)} {hashlib.sha256(arrays).hexdigest()[:12]}"


def refer(seconds: float, problem: nco.Problem) -> float:
    """Cost of LKH's tour, or of PyVRP's routes."""
    if problem.vehicle_types[0].num_available == 1:
        return nco.solve(problem, "lkh", nco.stop.MaxIterations(RUNS)).cost()
    return nco.solve(problem, "pyvrp", nco.stop.MaxRuntime(seconds)).cost()


def make_references(folder: str, seconds: float, jobs: int) -> None:
    known = read()
    with ProcessPoolExecutor(jobs) as pool:
        for kind in (kind for kind in KINDS if place(kind, folder) not in known):
            _, problems = drawn(kind, folder)
            many = COUNT if kind == "ratsp" else REFERRED
            found = pool.map(partial(refer, seconds), problems[:many])
            known[place(kind, folder)] = {str(k): round(cost, 6) for k, cost in enumerate(found)}
            write(known)
            print(f"{kind}: {many} references", flush=True)


def read() -> dict[str, dict[str, float]]:
    """Set -> number of the problem -> cost."""
    return json.loads(REFERENCES.read_text(encoding="utf-8")) if REFERENCES.exists() else {}


def write(known: dict[str, dict[str, float]]) -> None:
    lines = (f"{json.dumps(name)}: {json.dumps(costs)}" for name, costs in known.items())
    REFERENCES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def line(kind: str, best: dict[str, float], stages: dict[str, list[float]]) -> str:
    """What to say of a set: the mean gap of each stage's costs of the first problems to the references of these."""
    at = sorted(k for k in map(int, best) if k < len(next(iter(stages.values()))))
    means = {name: np.mean([costs[k] / best[str(k)] - 1 for k in at]) for name, costs in stages.items()}
    return f"{kind:10}{len(at):5} references" + "".join(f"{name:>9} {100 * gap:6.2f} %" for name, gap in means.items())


def main() -> None:
    parser = searching(options(__doc__, "rrnco", 20.0))
    parser.add_argument("folder", help="with city files (nco city build)")
    parser.add_argument("--count", type=int, default=COUNT, help="use the first problems of each set only")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="of problems that weights solve")
    told = parser.parse_args()
    if told.make_references:
        make_references(told.folder, told.seconds, told.jobs)
        return
    torch.set_num_threads(1)
    policy, card = load(told.weights, told.device)
    known = read()
    for kind in told.kinds:
        instances, problems = drawn(kind, told.folder, told.count)
        began = time.perf_counter()
        plain, routes = construct(policy, preset(card.preset).env, instances, problems, told.device)
        spent = time.perf_counter() - began
        stages = {"greedy": (plain * instances["scale"]).tolist()}
        stages["x8"] = [judged(*row).cost.total for row in zip(problems, routes, strict=True)]
        if told.search:
            stop = nco.stop.MaxRuntime(told.search)
            found = improve(problems, routes, stop, chains=told.chains, device=told.device)
            stages["search"] = [judged(*row).cost.total for row in zip(problems, found.routes, strict=True)]
        best = known.setdefault(place(kind, told.folder), {})
        if told.improve:
            last = list(stages.values())[-1]
            best |= {str(k): round(cost, 6) for k, cost in enumerate(last) if cost < best.get(str(k), np.inf)}
            write(known)
        print(f"{line(kind, best, stages)}   construction {spent:.0f} s", flush=True)


if __name__ == "__main__":
    main()
