"""How large the tiles of the kernels of training should be: times of all launches that fit, on this GPU.

python scripts/tune_kernels.py [--clients 50 100 200] [--policy unified] [--preset unified] [--jobs 8]

Kernels: the rollout (nco/rollout/episode.py), glimpse and pointer, forward and backward. A line each for the launch
that is used and the fastest one, and their ratio. Every launch has a process of its own, so many at once: they compile
side by side and take turns to be timed, at their fastest.
"""

import argparse
import itertools
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

import torch
from tensordict import TensorDict

from nco.envs.presets import preset
from nco.nn import glimpse_kernel, pointer_kernel
from nco.policies import make_policy
from nco.rollout import fused
from nco.rollout.rescore import Decisions, log_probability
from nco.rollout.starts import sampled_starts

BATCH, STARTS, REPEATS = 256, 50, 5
#: Kernel -> module, name of its launch, what the tile is called.
KERNELS = {
    "rollout": (fused, "launch", "BS"),
    "glimpse forward": (glimpse_kernel, "forward_launch", "BQ"),
    "glimpse backward": (glimpse_kernel, "backward_launch", "BQ"),
    "pointer forward": (pointer_kernel, "forward_launch", "BQ"),
    "pointer backward": (pointer_kernel, "backward_launch", "BQ"),
}
TILES, WARPS, STAGES = (16, 32, 64), (2, 4, 8), (1, 2)


class Job(NamedTuple):
    """A launch of a kernel, for a policy on so many clients."""

    policy: str
    preset: str
    clients: int
    kernel: str
    told: dict[str, int] | None  # None: the usual one


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


def timed(alone: AbstractContextManager[object], job: Job) -> float:
    """Fewest milliseconds of the work with a launch of a kernel; infinite where it does not fit or goes wrong.

    In a process of its own: what goes wrong on a GPU spoils all that a process does there afterwards.
    """
    module, name, _ = KERNELS[job.kernel]
    if job.told is not None:
        setattr(module, name, lambda *_: job.told)
    laps = []
    try:
        work = Work(job.policy, job.preset, job.clients)
        work(job.kernel)  # compiles
        with alone:
            for _ in range(REPEATS):
                torch.cuda.synchronize()
                began = time.perf_counter()
                work(job.kernel)
                torch.cuda.synchronize()
                laps.append(time.perf_counter() - began)
    except Exception as error:  # Triton and CUDA have many
        print(f"{job.kernel} {job.told}: {str(error).partition(chr(10))[0]}", file=sys.stderr, flush=True)
        return float("inf")
    return 1e3 * min(laps)


def launches(kernel: str) -> list[dict[str, int]]:
    tile = KERNELS[kernel][2]
    shapes = itertools.product(TILES, WARPS, STAGES)
    return [{tile: size, "num_warps": warps, "num_stages": stages} for size, warps, stages in shapes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--policy", default="unified")
    parser.add_argument("--preset", default="unified")
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--kernels", nargs="+", default=list(KERNELS), choices=list(KERNELS))
    given = parser.parse_args()
    context = get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(given.jobs, context, max_tasks_per_child=1) as pool:
        alone = manager.Lock()
        for clients, kernel in itertools.product(given.clients, given.kernels):
            tried = [None, *launches(kernel)]
            jobs = [Job(given.policy, given.preset, clients, kernel, told) for told in tried]
            usual, *times = pool.map(partial(timed, alone), jobs)
            best = min(range(len(times)), key=times.__getitem__)
            print(f"{clients:4} clients  {kernel:17} now {usual:7.2f} ms  best {times[best]:7.2f} ms "
                  f"({usual / times[best]:.2f} times as fast) {json.dumps(tried[best + 1])}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
