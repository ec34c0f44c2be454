"""Gaps of RL4CO's MatNet, trained for so many seconds, on the tours on the roads of cities of road_gaps.py.

python scripts/matnet_baseline.py cities/train cities/heldout --seconds 440 [--batch 256] [--rate 1e-4]

Needs the extra `train`. Model and learning are RL4CO's: width 256, 16 heads, 5 layers, a rollout from every place, Adam
at 1e-4, which falls tenfold after 80 and after 95 % of the run (its default milestones, of 100 epochs). Places are as
many as in the problems of road_gaps.py; matrices are in units of their problem's extent, of order one. A thread of the
host draws the next batch meanwhile. Then every problem is solved greedily from every place with one draw of MatNet's
random one-hot columns, and with the best of eight draws, without autocast; the checker judges all tours and gives their
costs. What stands beside it, trained as long on as many places (its time includes validations):

nco train experiment=rrnco name=tours env.preset=ratsp:cities/train env.sizes=[100] trainer.max_time=440 \\
  validation.sets=[[ratsp:cities/heldout,100]] validation.every=440
python scripts/road_gaps.py cities/heldout --weights runs/tours/tours.safetensors --kinds ratsp
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import torch
from gaps import TOGETHER, judged
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Timer
from rl4co.models import MatNet, MatNetPolicy
from rl4co.utils.ops import unbatchify
from rl4co.utils.trainer import RL4COTrainer
from road_gaps import COUNT, SIZE, drawn, line, place, read
from tensordict import TensorDict
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import IterableDataset

import nco
from nco.envs.instances import to_routes
from nco.envs.rl4co import PresetEnv
from nco.search.data import from_solution
from nco.train.ahead import Ahead

#: Draws of the random columns: what are symmetries to other policies.
DRAWS = 8
#: Of the run: where RL4CO's learning rate falls tenfold.
MILESTONES = (0.80, 0.95)
#: Seconds between two lines about the training.
EVERY = 30.0


class Batches(IterableDataset[TensorDict]):
    """Endless batches of fresh problems, drawn one ahead; `seconds`: what drawing has taken so far.

    RL4CO draws a whole epoch at once and keeps it as a list of problems: 41 kB each, and the GPU waits.
    """

    def __init__(self, env: PresetEnv, size: int) -> None:
        self.seconds, self._env, self._size = 0.0, env, size

    def __iter__(self) -> Iterator[TensorDict]:
        return map(Ahead(self._draw), count())

    def _draw(self, step: int) -> TensorDict:
        began = time.perf_counter()
        self._env.rng.manual_seed(step)
        problems: TensorDict = self._env.generator([self._size])
        self.seconds += time.perf_counter() - began
        return problems


class Clock(Timer):
    """Ends the training after so many seconds, lets the learning rate fall until then, and prints how it goes."""

    def __init__(self, seconds: float) -> None:
        super().__init__(timedelta(seconds=seconds), verbose=False)
        self._seconds, self._told = seconds, 0.0

    def factor(self, _: int) -> float:
        """Of the learning rate, now."""
        return 0.1 ** sum(self.time_elapsed() >= share * self._seconds for share in MILESTONES)

    def on_train_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        super().on_train_batch_end(trainer, *args, **kwargs)
        if self.time_elapsed() >= self._told + EVERY or trainer.should_stop:
            self._told = self.time_elapsed()
            cost = -trainer.callback_metrics["train/reward"].item()
            print(f"{self._told:6.0f} s {trainer.global_step:7} steps   sampled tours cost {cost:.3f}", flush=True)


def train(env: PresetEnv, batch: int, rate: float, seconds: float, device: str) -> MatNetPolicy:
    """MatNet after so many seconds of training, with so many problems in a batch; prints what was done."""
    torch.manual_seed(1)
    clock, batches = Clock(seconds), Batches(env, batch)
    model = MatNet(
        env,
        train_data_size=1,  # RL4CO draws its data sets, used or not
        val_data_size=1,
        test_data_size=1,
        optimizer_kwargs={"lr": rate},
        lr_scheduler=LambdaLR,
        lr_scheduler_kwargs={"lr_lambda": clock.factor},
        lr_scheduler_interval="step",
    )
    trainer = RL4COTrainer(
        accelerator=device,
        devices=1,
        precision="bf16-mixed" if device == "cuda" else "32-true",
        max_epochs=-1,
        limit_val_batches=0,
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(model, train_dataloaders=batches)
    steps, took = trainer.global_step, clock.time_elapsed()
    memory = f"   {torch.cuda.max_memory_allocated() / 2**30:.0f} GiB" if device == "cuda" else ""
    told = f"{steps} steps   {steps * batch} problems   {took:.0f} s of the {device}{memory}"
    print(f"MatNet   {told}   drawing {batches.seconds:.0f} s, beside it", flush=True)
    return model.policy


@torch.no_grad()
def evaluate(
    policy: MatNetPolicy, env: PresetEnv, instances: TensorDict, problems: Sequence[nco.Problem], device: str
) -> dict[str, list[float]]:
    """The checker's costs of all problems, of one draw of the random columns and of the best of eight."""
    policy = policy.to(device).eval()
    stages = defaultdict[str, list[float]](list)
    for begin in range(0, len(problems), TOGETHER):
        part = instances[begin : begin + TOGETHER]
        given = TensorDict(env.words.problems(part), batch_size=part.batch_size).to(device)
        costs, tours = map(torch.stack, zip(*(best_tours(policy, env, given) for _ in range(DRAWS)), strict=True))
        best = costs.argmin(dim=0)
        for name, draw in {"greedy": torch.zeros_like(best), f"x{DRAWS}": best}.items():
            chosen = tours[draw, torch.arange(len(part), device=device)]
            paths = env.words.path(chosen[:, None])[:, 0].tolist()
            for row, (problem, path) in enumerate(zip(problems[begin:], paths, strict=False)):
                routes = from_solution(problem, nco.Solution(tuple(to_routes(part, path, row))))
                stages[name].append(judged(problem, routes).cost.total)
    return stages


def best_tours(policy: MatNetPolicy, env: PresetEnv, given: TensorDict) -> tuple[Tensor, Tensor]:
    """Cost [B] and tour [B, N] of the cheapest greedy rollout of problems [B] over all starts, with one draw."""
    td = env.reset(given)
    starts = env.get_num_starts(td)
    out = policy(td, env, phase="test", decode_type="multistart_greedy", num_starts=starts)
    cost, best = (-unbatchify(out["reward"], starts)).min(dim=1)
    return cost, unbatchify(out["actions"], starts)[torch.arange(len(best), device=best.device), best]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", help="folder with the city files of the training (nco city build)")
    parser.add_argument("folder", help="folder with those of the problems to solve")
    parser.add_argument("--seconds", type=float, required=True, help="of training")
    parser.add_argument("--batch", type=int, default=256, help="problems of a step")
    parser.add_argument("--rate", type=float, default=1e-4, help="at which Adam learns at first")
    parser.add_argument("--count", type=int, default=COUNT, help="solve the first problems only")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    told = parser.parse_args()
    best = read().get(place("ratsp", told.folder))
    if best is None:
        raise SystemExit(f"{told.folder} has no references yet: road_gaps.py --make-references")
    instances, problems = drawn("ratsp", told.folder, told.count)
    env = PresetEnv(f"ratsp:{told.trained}", SIZE)
    policy = train(env, told.batch, told.rate, told.seconds, told.device)
    began = time.perf_counter()
    stages = evaluate(policy, env, instances, problems, told.device)
    spent = time.perf_counter() - began
    print(f"{line('ratsp', best, stages)}   construction and checks {spent:.0f} s", flush=True)


if __name__ == "__main__":
    main()
