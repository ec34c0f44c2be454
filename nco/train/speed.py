"""How fast training and rollouts are on this machine, beside RL4CO, and how far from what the machine could do."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from nco.rollout.fastest import fastest_rollout
from nco.rollout.starts import first_clients
from nco.rollout.threads import threads
from nco.train.callbacks import learner_of
from nco.train.ceilings import measure_ceilings, seconds, wait
from nco.train.config import TrainConfig, compose
from nco.train.learner import Learner
from nco.train.phases import Step, mixed_precision, operations, phases, traffic
from nco.train.pomo import Pomo, is_there
from nco.train.run import fast_matmul, fit, make_learner, make_trainer, quiet
from nco.train.stepwise import StepByStep

SIGNS = {"G": 1e9, "T": 1e12}


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is measured: one rollout from every client."""

    clients: int
    batches: tuple[int, ...]  # problems of a training step
    greedy: int  # problems of a greedy rollout
    warm: int  # steps before the clock starts
    steps: int


SIZES = {"cuda": Sizes(100, (64, 256), 512, warm=10, steps=30), "cpu": Sizes(20, (8, 32), 64, warm=1, steps=5)}


def report(overrides: Sequence[str] = (), sizes: Sizes | None = None) -> Iterator[str]:
    """Lines of a report in Markdown, each as soon as it is known; overrides are those of nco train.

    RL4CO's POMO is there for the preset "cvrp" only; the same network, trained step by step, for all.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sizes = SIZES[device.type] if sizes is None else sizes
    clients, trainer = sizes.clients, "default" if device.type == "cuda" else "cpu"
    given = ["env=cvrp", "policy=unified", f"trainer={trainer}", f"env.sizes=[{clients}]", "trainer.max_time=null",
             f"trainer.reference_size={clients}", f"trainer.starts={clients}", *overrides]  # fmt: skip
    config = compose([*given, f"trainer.max_steps={sizes.warm + sizes.steps}"])
    name = config.env.preset
    peer = Pomo(clients, device) if is_there() and name == "cvrp" else None
    place = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    with threads(config.trainer.threads), fast_matmul(device), quiet():
        ceilings = measure_ceilings(device)
        starts = config.trainer.starts
        yield f"# {name}{clients}, {starts} rollouts a problem, policy {config.policy['name']}, on {place}"
        yield f"Measured ceilings: {_short(ceilings.operations)}FLOP/s, {_short(ceilings.bandwidth)}B/s copied"
        yield "" if peer else "RL4CO is not installed, or has no such problem\n"
        yield from _table("", "ours", "problems/s", "RL4CO 0.7 POMO", "problems/s", "ratio")
        whole = 0.0
        for batch in sizes.batches:
            whole = _step_seconds(config, batch, sizes)
            theirs = peer.step_seconds(batch, min(sizes.steps, 5)) if peer else None
            yield _row(f"training step, batch {batch}", batch, whole, theirs)
        ours = _greedy_seconds(_learner(config, device), clients, sizes.greedy)
        theirs = peer.greedy_seconds(sizes.greedy, 3) if peer else None
        yield _row(f"greedy rollout, {sizes.greedy} problems", sizes.greedy, ours, theirs)
        yield ""
        yield from _table("the same network", "two phases", "problems/s", "step by step", "problems/s", "ratio")
        batch = sizes.batches[0]
        plain = config.model_copy(update={"trainer": config.trainer.model_copy(update={"graphs": False})})
        ours = _seconds(Step(_learner(config, device), clients, batch), sizes)
        theirs = _seconds(StepByStep(_learner(plain, device), clients, batch), sizes)
        yield _row(f"step without Lightning, batch {batch}", batch, ours, theirs)
        yield ""
        batch = sizes.batches[-1]
        step = Step(_learner(config, device), clients, batch)
        yield from _table(f"part of a step, batch {batch}", "time", "share")
        parts = phases(step, sizes.steps, sizes.warm)
        yield from (f"| {part} | {1e3 * t:.2f} ms | {t / sum(parts.values()):.0%} |" for part, t in parts.items())
        yield f"| sum | {1e3 * sum(parts.values()):.2f} ms | whole step {1e3 * whole:.2f} ms |"
        yield ""
        work = operations(Step(_learner(config, torch.device("cpu")), clients, batch))
        moved = traffic(Step(_learner(plain, device), clients, batch))
        products, copies = work / ceilings.operations, moved / ceilings.bandwidth
        yield f"Floor of a step: {_short(work)}FLOP of matrix products in {1e3 * products:.2f} ms,"
        yield f"{_short(moved)}B kept for the backward pass and moved by the optimisers in {1e3 * copies:.2f} ms;"
        yield f"the step takes {whole / max(products, copies):.1f} times the longer of the two"


class _Stopwatch(Callback):
    """Seconds a step takes once `warm` of them are done."""

    def __init__(self, warm: int) -> None:
        self.warm, self.began, self.mean = warm, 0.0, 0.0

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        done = learner_of(module).steps - self.warm
        if done == 0 or trainer.should_stop:
            wait(module.device)
            now = time.perf_counter()
            self.began, self.mean = (now, 0.0) if done == 0 else (self.began, (now - self.began) / done)


def _step_seconds(config: TrainConfig, batch: int, sizes: Sizes) -> float:
    """Of a real run: Lightning, logs, schedule and all."""
    stopwatch = _Stopwatch(sizes.warm)
    with tempfile.TemporaryDirectory() as folder:
        trainer = config.trainer.model_copy(update={"batch_size": batch})
        config = config.model_copy(update={"out": Path(folder), "trainer": trainer})
        fit(make_trainer(config, [stopwatch]), make_learner(config))
    return stopwatch.mean


def _seconds(step: Step, sizes: Sizes) -> float:
    return seconds(lambda: step(lambda _: None), step.learner.device, sizes.steps, sizes.warm)


def _greedy_seconds(learner: Learner, clients: int, problems: int) -> float:
    instances = learner.problems(problems, clients, torch.Generator(learner.device).manual_seed(1))
    starts = first_clients(instances, clients, learner.env.could(instances))

    @torch.no_grad()
    def rollout() -> None:
        with mixed_precision(learner.device):
            fastest_rollout(learner.policy, learner.env, instances, starts)

    return seconds(rollout, learner.device, 5)


def _learner(config: TrainConfig, device: torch.device) -> Learner:
    return make_learner(config).to(device)


def _table(*head: str) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)


def _row(what: str, problems: int, ours: float, theirs: float | None) -> str:
    cells = [what, f"{1e3 * ours:.1f} ms", f"{problems / ours:,.0f}"]
    cells += (
        ["-"] * 3 if theirs is None else [f"{1e3 * theirs:.1f} ms", f"{problems / theirs:,.0f}", f"{theirs / ours:.1f}"]
    )
    return "| " + " | ".join(cells) + " |"


def _short(number: float) -> str:
    sign = "T" if number >= SIGNS["T"] else "G"
    return f"{number / SIGNS[sign]:,.3g} {sign}"
