"""How large the tiles of the kernels of training should be: times of all launches that fit, on this GPU.

python scripts/tune_kernels.py [--clients 50 100 200] [--policy unified] [--preset unified] [--jobs 8]

Kernels: the rollout (nco/rollout/episode.py), glimpse and pointer, forward and backward. A line each for the launch
that is used and the fastest one, and their ratio. So many processes compile them first, then one times them.
"""

import argparse
import itertools
import json
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
from tensordict import TensorDict

from nco.envs.presets import preset
from nco.nn import glimpse_kernel, pointer_kernel
from nco.policies import make_policy
from nco.rollout import fused
from nco.rollout.rescore import Decisions, log_probability
from nco.rollout.starts import sampled_starts

BATCH, STARTS, REPEATS = 256, 50, 5
#: Problems of the processes that only compile: kernels do not depend on it.
FEW = 2
#: Kernel -> module, name of its launch, what the tile is called.
KERNELS = {
    "rollout": (fused, "launch", "BS"),
    "glimpse forward": (glimpse_kernel, "forward_launch", "BQ"),
    "glimpse backward": (glimpse_kernel, "backward_launch", "BQ"),
    "pointer forward": (pointer_kernel, "forward_launch", "BQ"),
    "pointer backward": (pointer_kernel, "backward_launch", "BQ"),
}
TILES, WARPS, STAGES = (16, 32, 64), (2, 4, 8), (1, 2, 3)


class Work:
    """A rollout and its re-scoring, forward and backward."""

    def __init__(self, name: str, problems: str, clients: int, batch: int = BATCH) -> None:
        known = preset(problems)
        torch.manual_seed(1)
        self.env, self.policy = known.env, make_policy(name, {"features": known.env.num_features}).cuda()
        self.instances: TensorDict = known.generator(batch, clients, torch.Generator().manual_seed(1)).cuda()
        self.starts = sampled_starts(self.instances, STARTS, self.env.could(self.instances))
        with torch.autocast("cuda", torch.bfloat16):
            self.memory = self.policy.encode(self.instances)
        self.decisions = self.roll()

    def roll(self) -> Decisions:
        draw = torch.Generator("cuda").manual_seed(1)
        with torch.autocast("cuda", torch.bfloat16):
            return fused.recorded_rollout(
                self.policy, self.env, self.instances, self.starts, draw, self.memory.detach()
            )[1]

    def score(self) -> None:
        with torch.autocast("cuda", torch.bfloat16):
            log_p, _ = log_probability(self.policy, self.memory, self.decisions, STARTS)
        log_p.sum().backward(retain_graph=True)

    def __call__(self, kernel: str) -> None:
        self.roll() if kernel == "rollout" else self.score()


def timed(work: Work, kernel: str, told: dict[str, int] | None) -> float:
    """Median milliseconds of the work with this launch of a kernel; infinite where it does not fit."""
    module, name, _ = KERNELS[kernel]
    usual = getattr(module, name)
    if told is not None:
        setattr(module, name, lambda *_: told)
    try:
        laps = []
        for _ in range(REPEATS + 1):
            torch.cuda.synchronize()
            began = time.perf_counter()
            work(kernel)
            torch.cuda.synchronize()
            laps.append(time.perf_counter() - began)
        return 1e3 * statistics.median(laps[1:])
    except Exception as error:  # Triton has several for too much of something
        if "out of resource" not in str(error).lower() and "CompilationError" not in type(error).__name__:
            raise
        return float("inf")
    finally:
        setattr(module, name, usual)


def launches(kernel: str) -> list[dict[str, int]]:
    tile = KERNELS[kernel][2]
    shapes = [{tile: size, "num_warps": warps} for size, warps in itertools.product(TILES, WARPS)]
    return [{**s, "num_stages": k} for s in shapes for k in STAGES] if "backward" in kernel else shapes  # it loops


def compile_all(job: tuple[str, str, int, list[tuple[str, dict[str, int]]]]) -> None:
    name, problems, clients, todo = job
    work = Work(name, problems, clients, FEW)
    for kernel, told in todo:
        timed(work, kernel, told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--policy", default="unified")
    parser.add_argument("--preset", default="unified")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--kernels", nargs="+", default=list(KERNELS), choices=list(KERNELS))
    told = parser.parse_args()
    todo = [(kernel, shape) for kernel in told.kernels for shape in launches(kernel)]
    for clients in told.clients:
        jobs = [(told.policy, told.preset, clients, todo[k :: told.jobs]) for k in range(told.jobs)]
        with ProcessPoolExecutor(told.jobs, get_context("spawn")) as pool:
            list(pool.map(compile_all, jobs))
        work = Work(told.policy, told.preset, clients)
        for kernel in told.kernels:
            usual = timed(work, kernel, None)
            times = {json.dumps(shape): timed(work, kernel, shape) for shape in launches(kernel)}
            best = min(times, key=times.__getitem__)
            print(f"{clients:4} clients  {kernel:17} now {usual:7.2f} ms  best {times[best]:7.2f} ms "
                  f"({usual / times[best]:.2f} times as fast) {best}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
