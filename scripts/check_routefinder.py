"""Judge every reference solution of RouteFinder's sets: costs and verdicts of the checker against the recomputed ones.

python scripts/check_routefinder.py ../shared/data/routefinder_val --every 1 --solver pyvrp
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

import nco
from nco.io.routefinder import AXES, RoutefinderSet, read_tour


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take one problem out of so many")
    parser.add_argument("--solver", choices=["pyvrp", "ortools"], default="pyvrp")
    options = parser.parse_args()
    began = time.perf_counter()
    index = json.loads((options.folder / "index.json").read_text())["index"]
    store = np.load(options.folder / "arrays.npz")
    totals = np.zeros(5, dtype=int)
    largest = 0.0
    for name, entry in index.items():
        data = {key: store[value] for key, value in entry.items() if isinstance(value, str)}
        problems = RoutefinderSet({key: data[key] for key in data.keys() & AXES.keys()}, name)
        counts = np.zeros(5, dtype=int)
        for k in range(0, len(problems), options.every):
            report = nco.check(problems[k], read_tour(problems[k], data[f"actions_{options.solver}"][k]))
            error = abs(report.cost.total / data[f"cost_{options.solver}"][k] - 1)
            marked, feasible = bool(data[f"feasible_{options.solver}"][k]), report.is_feasible()
            counts += [1, marked, marked and feasible, not marked and not feasible, error <= 1e-6]
            largest = max(largest, error)
        totals += counts
        print(f"{name:24} {counts.tolist()}", flush=True)
    solved, feasible, accepted, rejected, equal = totals.tolist()
    print(
        f"{len(index)} sets, {solved} solutions by {options.solver}: {feasible} marked feasible, {accepted} of them "
        f"accepted; {solved - feasible} marked infeasible, {rejected} of them rejected; {equal} costs equal to 1e-6 "
        f"(largest relative difference {largest:.1e}); {time.perf_counter() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
