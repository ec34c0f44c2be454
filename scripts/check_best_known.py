"""Read every published file of the shared folders, judge their solutions at their costs, and meet costs by solving.

python scripts/check_best_known.py ../shared/data --seconds 5 --solver pyvrp

Where costs are published without routes, a solver works until it meets the cost or its time is over: a cost below it
would mean that the checker or the reader is wrong. Costs with a number of vehicles are compared with that many.
RouteFinder's sets have a script of their own: check_routefinder.py.
"""

import argparse
import json
import math
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nco
from nco.rounding import Rounding
from nco.stop import MaxRuntime, Running

#: Folder with solutions, suffix of problems, rounding under which costs were published (None: the format's own).
SOLUTIONS: list[tuple[str, str, Rounding | None]] = [
    ("cvrplib_x", ".vrp", None),
    ("cvrplib_ags_xxl", ".vrp", None),
    ("cvrplib_xl_demo", ".vrp", None),
    ("dimacs_real_cvrp", ".vrp", None),
    ("ortec_vrptw_asym", ".txt", None),
    ("vrptw_homberger_1000", ".vrp", "dimacs"),
    ("vrptw_solomon", ".txt", "dimacs"),
]
#: Folder with costs only -> suffix of problems and the file of costs, by stem.
COSTS = {
    "mdvrp_cordeau": (".txt", "BKS.json"),
    "pdptw_li_lim": (".txt", "BKS.json"),
    "vrptw_homberger_200": (".txt", "BKS_all_sizes_vroom.json"),
    "tsplib_atsp": (".atsp", None),
}
#: Optima of TSPLIB's asymmetric problems.
OPTIMA = {
    "br17": 39, "ft53": 6905, "ft70": 38673, "ftv33": 1286, "ftv35": 1473, "ftv38": 1530, "ftv44": 1613,
    "ftv47": 1776, "ftv55": 1608, "ftv64": 1839, "ftv70": 1950, "ftv170": 2755, "kro124p": 36230, "p43": 5620,
    "rbg323": 1326, "rbg358": 1163, "rbg403": 2465, "rbg443": 2720, "ry48p": 14422,
}  # fmt: skip
#: Published costs have two decimals.
SLACK = 0.005


@dataclass(frozen=True)
class Target:
    """Stop at a cost, or after some seconds."""

    cost: float
    seconds: float

    def start(self) -> "Reaching":
        return Reaching(self.cost + SLACK, MaxRuntime(self.seconds).start())


@dataclass(frozen=True)
class Reaching:
    enough: float
    clock: Running

    def __call__(self, best_cost: float) -> bool:
        return best_cost <= self.enough or self.clock(best_cost)

    def seconds_left(self) -> float:
        return self.clock.seconds_left()

    def progress(self) -> float:
        return self.clock.progress()


def solution_beside(path: Path) -> Path:
    beside = path.with_suffix(".sol")
    return beside if beside.exists() else path.with_name(f"{path.name}.sol")


def judged(path: Path, rounding: Rounding | None) -> tuple[nco.Report, float]:
    """The verdict on the solution beside a problem, and the cost it was published at."""
    problem = nco.read(path, rounding=rounding)
    published = re.search(r"^Cost\s+(\S+)", solution_beside(path).read_text(), re.MULTILINE)
    if published is None:
        raise ValueError(f"{solution_beside(path)} has no cost")
    return nco.check(problem, nco.read_solution(solution_beside(path), problem)), float(published[1])


def accepted(path: Path, rounding: Rounding | None) -> bool:
    report, published = judged(path, rounding)
    return report.is_feasible() and abs(report.cost.total - published) <= 1e-6


def published(folder: Path) -> Iterator[tuple[Path, nco.Problem, float]]:
    """Every problem of a folder of costs, with as many vehicles as its cost was found with, and that cost."""
    suffix, costs = COSTS[folder.name]
    known = {} if costs is None else json.loads((folder / costs).read_text())
    for path in sorted(folder.glob(f"*{suffix}")):
        problem = nco.read(path)
        facts = known.get(path.stem, {"best_known_cost": OPTIMA.get(path.stem), "jobs": problem.num_clients})
        if problem.num_clients != facts["jobs"] or problem.delivery.sum() not in (0, facts.get("total_demand")):
            raise ValueError(f"{path.name} was read with other clients than published")
        if vehicles := facts.get("solved_with_vehicles"):
            problem = replace(problem, vehicle_types=(replace(problem.vehicle_types[0], num_available=vehicles),))
        yield path, problem, float(facts["best_known_cost"])


def line(name: str, work: Callable[[], tuple[int, str, bool]]) -> bool:
    """Print a line about a folder; whether all is well."""
    began = time.perf_counter()
    files, found, good = work()
    print(f"{name:22}{files:6}  {found:66}{time.perf_counter() - began:7.1f}", flush=True)
    return good


def judge_folder(folder: Path, suffix: str, rounding: Rounding | None) -> tuple[int, str, bool]:
    paths = sorted(folder.glob(f"*{suffix}"))
    good = [path for path in paths if accepted(path, rounding)]
    return len(paths), f"{len(good)} solutions accepted at their cost", bool(paths) and len(good) == len(paths)


def meet_folder(folder: Path, seconds: float, solver: str) -> tuple[int, str, bool]:
    cases = list(published(folder))
    if not seconds:
        return len(cases), "costs only; add --seconds to meet them", bool(cases)
    costs = [
        (path.name, cost, nco.solve(problem, solver, Target(cost, seconds)).cost()) for path, problem, cost in cases
    ]
    below = [name for name, cost, found in costs if found < cost - SLACK]
    met = sum(abs(found - cost) <= SLACK for _, cost, found in costs)
    gaps = [found / cost - 1 for _, cost, found in costs if math.isfinite(found)]
    text = f"{met} costs met, worst gap {100 * max(gaps, default=0):.2f} %, {len(cases) - len(gaps)} unsolved"
    return len(cases), f"{text}, {len(below)} below {' '.join(below)}", bool(cases) and not below


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=0.0, help="of solving, for each cost without a solution")
    parser.add_argument("--solver", default="pyvrp")
    options = parser.parse_args()
    print(f"{'folder':22}{'files':>6}  {'published':66}seconds")
    good = [
        line(name, lambda: judge_folder(options.folder / name, suffix, rounding))  # noqa: B023
        for name, suffix, rounding in SOLUTIONS
    ]
    good += [
        line(name, lambda: meet_folder(options.folder / name, options.seconds, options.solver))  # noqa: B023
        for name in COSTS
    ]
    sys.exit(not all(good))


if __name__ == "__main__":
    main()
