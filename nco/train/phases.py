"""A training step in parts: the time of each, and the work that it cannot do without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from nco.policies.base import Memory
from nco.train.average import follow
from nco.train.ceilings import wait
from nco.train.learner import Learner
from nco.train.optimizers import make_optimizers

#: Times that the optimisers and the average move every number of the policy: weight, gradient, moments and average
#: are read and, but for the gradient, written.
MOVES = 9


class Step:
    """A learner's step without Lightning, logs or schedule."""

    def __init__(self, learner: Learner, size: int, batch: int) -> None:
        self.learner, self.size, self.batch = learner, size, batch
        self.optimizers = make_optimizers(learner.policy, learner.optimizer_config)
        self.draw = torch.Generator(learner.device).manual_seed(1)
        learner.on_fit_start()

    def __call__(self, lap: Callable[[str], object]) -> None:
        """One step; lap(name) is called at the end of every part."""
        learner, policy = self.learner, self.learner.policy
        instances = learner.problems(self.batch, self.size, self.draw)
        starts = learner.starts(instances)
        lap("draw problems")
        with mixed_precision(learner.device):
            memory = learner.encode(instances)
            lap("encode")
            loss = learner.loss(*self.play(instances, starts, memory, lap))
        lap("re-score")
        loss.backward()
        lap("backward")
        torch.nn.utils.clip_grad_norm_(policy.parameters(), learner.optimizer_config.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        follow(learner.averaged, policy, learner.config.ema, 0)
        lap("optimisers")

    def play(
        self, instances: TensorDict, starts: Tensor, memory: Memory, lap: Callable[[str], object]
    ) -> tuple[Tensor, Tensor]:
        """Costs [B, S] and log-probabilities [B, S] of sampled rollouts, in two phases."""
        trajectory, decisions = self.learner.play(instances, starts, self.draw, memory.detach())
        lap("rollout")
        return trajectory.cost, self.learner.score(memory, decisions, starts)[0]


def mixed_precision(device: torch.device) -> AbstractContextManager[object]:
    """As the trainer has it: bfloat16 on a GPU, float32 on the CPU."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


def phases(step: Step, repeats: int, warm: int) -> dict[str, float]:
    """Median seconds of each part; waiting for the device after each makes their sum longer than a step."""
    device = step.learner.device
    times: dict[str, list[float]] = {}
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        wait(device)
        now = time.perf_counter()
        times.setdefault(name, []).append(now - last)
        last = now

    for _ in range(warm + repeats):
        wait(device)
        last = time.perf_counter()
        step(lap)
    return {name: statistics.median(laps[warm:]) for name, laps in times.items()}


def operations(step: Step) -> float:
    """Operations of all products of matrices in a step: counted for one problem, by the plain PyTorch twins."""
    if step.learner.device.type != "cpu":
        raise ValueError("operations are counted on the CPU")
    before, counts = 0, {}
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:

        def lap(name: str) -> None:
            nonlocal before
            counts[name], before = counter.get_total_flops() - before, counter.get_total_flops()

        batch, step.batch = step.batch, 1
        step(lap)
        step.batch = batch
    return float(batch * sum(counts.values()) - (batch - 1) * counts["optimisers"])


def traffic(step: Step) -> float:
    """Bytes that this step must move: what is kept for the backward pass, which is written once and read once, and
    what the optimisers change."""
    kept: dict[int, int] = {}
    owned = {parameter.untyped_storage().data_ptr() for parameter in step.learner.policy.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in owned:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        step(lambda _: None)
    size = sum(parameter.numel() * parameter.element_size() for parameter in step.learner.policy.parameters())
    return 2.0 * sum(kept.values()) + MOVES * size
