"""nco.solve_batch as users call it: many problems, from the call to the return, checked.

python scripts/batch_speed.py [--seconds 5 10] [--count 1000] [--device cuda]

The first problems of Kool et al.'s CVRP100 (scripts/kool_cvrp100.py), and as many of mixed variants and sizes. The gap
is to the mean of the best known, where that is known. A first call, of ten problems, loads and compiles.
"""

import argparse
import time

import numpy as np
from kool_cvrp100 import BEST_KNOWN, kool

import nco
from nco.envs.instances import to_problems
from nco.envs.presets import problems

#: Variants of the mixed batch and their sizes.
MIXED = [("cvrp", 50), ("vrptw", 80), ("ovrpb", 60), ("mdvrptw", 100), ("hcvrp", 60), ("pvrp_p", 80), ("pvrp_zc", 100),
         ("rcvrptw", 70)]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 10.0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    mixed = [p for name, size in MIXED for p in problems(name, size, -(-options.count // len(MIXED)), 1)]
    for name, drawn in (("cvrp", to_problems(kool(options.count))), ("mixed", mixed)):
        nco.solve_batch(drawn[:: len(drawn) // 10], nco.stop.MaxRuntime(5), device=options.device)
        for seconds in options.seconds:
            began = time.perf_counter()
            results = nco.solve_batch(drawn, nco.stop.MaxRuntime(seconds), device=options.device)
            took, told = time.perf_counter() - began, results[0].provenance
            cost = np.mean([result.cost() for result in results])
            known = BEST_KNOWN.get(options.count) if name == "cvrp" else None
            gap = f", gap {100 * (cost / known - 1):.3f} %" if known else ""
            on_gpu = sum("padding" in result.provenance for result in results)
            how = f"{on_gpu} on the GPU, chains {told.get('chains')}, padding {told.get('padding')}"
            print(f"{name}: {len(drawn)} in {took:.2f} s of {seconds:g}, {how}, cost {cost:.4f}{gap}", flush=True)


if __name__ == "__main__":
    main()
