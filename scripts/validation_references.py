"""References of the validation sets: PyVRP's solutions, so that training can show gaps.

python scripts/validation_references.py quick [--seconds 2] [--jobs 1]
python scripts/validation_references.py roads --seconds 20 --jobs 16    # where the folder `cities` is

Solves every problem of configs/validation/NAME.yaml whose set data/references.json does not hold yet and writes them
there, set by set; a run that was stopped goes on where it was. A set of 128 problems takes 128 * seconds / jobs.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import metadata
from importlib.resources import files
from pathlib import Path

import nco
from nco.envs.presets import problems
from nco.train.config import compose
from nco.train.references import Reference, References, reference, stored


def best(seconds: float, problem: nco.Problem) -> float:
    """Cost of PyVRP's solution, which the checker has judged."""
    result = nco.solve(problem, solver="pyvrp", stop=nco.stop.MaxRuntime(seconds), seed=1)
    if not result.is_feasible():
        raise SystemExit(f"{problem.name}: no feasible solution in {seconds:g} s; give it more")
    return round(result.cost(), 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="a file of configs/validation")
    parser.add_argument("--seconds", type=float, default=2.0, help="a problem")
    parser.add_argument("--jobs", type=int, default=1, help="problems at the same time, each on a core")
    options = parser.parse_args()
    path = Path(str(files("nco.data") / "references.json"))
    how = f"PyVRP {metadata.version('pyvrp')}, {options.seconds:g} s a problem, seed 1, one core"
    config = compose([f"validation={options.name}"]).validation
    for preset, size in config.sets:
        if reference(preset, size, config.count, config.seed) is not None:
            continue
        drawn = problems(preset, size, config.count, config.seed)
        with ProcessPoolExecutor(options.jobs) as pool:
            costs = tuple(pool.map(partial(best, options.seconds), drawn))
        found = Reference(preset=preset, size=size, seed=config.seed, how=how, costs=costs)
        path.write_bytes(References.dump_json([*stored(), found]) + b"\n")
        print(f"{preset} {size}: {found.mean:.4f}", flush=True)


if __name__ == "__main__":
    main()
