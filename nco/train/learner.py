"""The learner: REINFORCE with the shared baseline of POMO (Kwon et al. 2020), in two phases per step.

1. Encode once, with gradients. 2. Roll out S trajectories a problem without gradients. 3. Score all their decisions in
one teacher-forced pass and push up the probability of those better than the mean of their problem.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import lightning
import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.generators.base import Generator
from nco.envs.instances import fleet_size
from nco.envs.routing import RoutingEnv
from nco.errors import ConfigError, Fault
from nco.policies.base import Memory, Policy
from nco.policies.camp import CampPolicy
from nco.rollout.eager import Step, Trajectory, decide, rollout
from nco.rollout.fused import covers, recorded_rollout
from nco.rollout.graphed import GraphedStep
from nco.rollout.parallel import recorded_parallel_rollout
from nco.rollout.rescore import Decisions, log_probability, rebuild
from nco.rollout.starts import first_clients
from nco.train.optimizers import OptimizerConfig, make_optimizers, schedule

#: Looking whether the loss is finite waits for the device: look only every so many steps.
LOOK_EVERY = {"cpu": 1, "cuda": 50}


@dataclass(frozen=True, slots=True)
class LearnerConfig:
    """Hyper-parameters of the learning step."""

    batch_size: int = 256  # problems a step at `reference_size` clients; smaller problems get more, larger fewer
    reference_size: int = 100
    starts: int = 50  # S: rollouts a problem, at most one per client, at least two
    sizes: tuple[int, ...] = (100,)  # numbers of clients, at least two; every step draws one
    max_seconds: float = math.inf  # wall-clock length of the learning-rate schedule
    max_steps: int = 0  # length of the schedule in steps (0: by time only)
    seed: int = 1


class Learner(lightning.LightningModule):
    """Trains a policy on problems generated on its own device.

    Step k draws everything from a generator seeded with (seed, rank, k): an interrupted run that resumes at step k
    goes on as if nothing had happened.
    """

    def __init__(
        self, policy: Policy, env: RoutingEnv, generator: Generator, config: LearnerConfig, optimizer: OptimizerConfig
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.policy, self.env, self.problems = policy, env, generator
        self.config, self.optimizer_config = config, optimizer
        self.seconds = 0.0  # trained so far, over all resumptions
        self.problems_seen = 0
        self._clock = time.perf_counter()
        self._alarm = torch.zeros(())  # not finite once learning has failed
        self._decide: Step = decide

    def on_fit_start(self) -> None:
        if self.device.type == "cuda":
            self._decide = GraphedStep()
        self._clock = time.perf_counter()

    def on_train_start(self) -> None:
        if self.progress >= 1.0:
            fix = "Raise trainer.max_steps or trainer.max_time to go on"
            raise ConfigError(Fault("C503", "resume", f"the run has already ended at step {self.steps}", fix))

    def training_step(self, beat: int, index: int) -> None:
        began = time.perf_counter()
        draw = torch.Generator(self.device).manual_seed(_mix(self.config.seed, self.global_rank, self.steps))
        instances = self._draw_problems(draw)
        starts = first_clients(instances, self.config.starts, self.env.could(instances))
        memory = self.policy.encode(instances)
        trajectory, decisions = self._play(instances, starts, draw, memory.detach())
        log_p, entropy = log_probability(self.policy, memory, decisions, starts.shape[1])
        log_p, entropy = (part.unflatten(0, (len(starts), -1)).sum(dim=1) for part in (log_p, entropy))  # of vehicles
        loss = reinforce(trajectory.cost, log_p) / instances["locs"].shape[1]
        self._update(loss)
        self._report(loss, trajectory, entropy, instances, began)
        self.trainer.should_stop = self.progress >= 1.0

    def _play(
        self, instances: TensorDict, starts: Tensor, draw: torch.Generator, memory: Memory
    ) -> tuple[Trajectory, Decisions]:
        """Sampled rollouts and what they saw: in one kernel where there is one, step by step elsewhere."""
        policy, env = self.policy, self.env
        if isinstance(policy, CampPolicy):
            return recorded_parallel_rollout(policy, env, instances, starts, draw, memory)
        if self.device.type == "cuda" and covers(policy, env, instances):
            return recorded_rollout(policy, env, instances, starts, draw, memory)
        trajectory = rollout(policy, env, instances, starts, draw, memory=memory, step=self._decide)
        return trajectory, rebuild(env, instances, trajectory.actions, starts.shape[-1])

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        return make_optimizers(self.policy, self.optimizer_config)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["seconds"], checkpoint["problems"] = self.seconds, self.problems_seen

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.seconds, self.problems_seen = checkpoint["seconds"], checkpoint["problems"]
        ours, theirs = self.state_dict(), checkpoint["state_dict"]
        if {name: t.shape for name, t in ours.items()} != {name: t.shape for name, t in theirs.items()}:
            fix = "Give the overrides of the run that left it"
            raise ConfigError(Fault("C503", "resume", "the checkpoint belongs to another policy", fix))

    def require_finite(self) -> None:
        """Raise ConfigError when the last loss or gradient was not a finite number: the policy is lost."""
        if not torch.isfinite(self._alarm):
            fix = "Lower the learning rates and resume"
            raise ConfigError(Fault("C504", f"step {self.steps}", "the loss or its gradient is not finite", fix))

    @property
    def progress(self) -> float:
        """Fraction of the schedule that is behind us, by steps or by time, whichever is further."""
        by_steps = self.steps / self.config.max_steps if self.config.max_steps else 0.0
        return min(1.0, max(by_steps, self.seconds / self.config.max_seconds))

    @property
    def steps(self) -> int:
        """Learning steps so far. Lightning counts every optimiser's step."""
        return self.global_step // max(1, len(self.trainer.optimizers))

    def _draw_problems(self, draw: torch.Generator) -> TensorDict:
        sizes = self.config.sizes
        size = sizes[int(torch.randint(len(sizes), (1,), generator=draw, device=draw.device))]
        scale = (self.config.reference_size / size) ** 2 if size > self.config.reference_size else 1.0
        return self.problems(max(1, int(self.config.batch_size * scale)), size, draw)

    def _update(self, loss: Tensor) -> None:
        optimizers: list[Any] = self.optimizers()  # type: ignore[assignment]
        for optimizer, rate in zip(optimizers, schedule(self.optimizer_config, self.steps, self.progress), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
        self.manual_backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.optimizer_config.clip)
        self._alarm = loss.detach() + norm
        self.log("gradient_norm", norm)
        for optimizer in optimizers:
            optimizer.step()

    def _report(
        self, loss: Tensor, trajectory: Trajectory, entropy: Tensor, instances: TensorDict, began: float
    ) -> None:
        now, cost = time.perf_counter(), trajectory.cost
        self.seconds, self._clock = self.seconds + now - self._clock, now
        self.problems_seen += cost.shape[0]
        self.log_dict({"loss": loss, "cost": cost.mean(), "best_cost": cost.amin(dim=1).mean()})
        self.log("entropy", entropy.mean() / trajectory.actions.shape[-1])  # of a decision
        self.log_dict({"seconds": self.seconds, "size": float(instances["locs"].shape[1] - fleet_size(instances))})
        self.log("throughput", cost.shape[0] / (now - began))  # problems a second
        if self.steps % LOOK_EVERY[self.device.type] == 0:
            self.require_finite()


def reinforce(cost: Tensor, log_p: Tensor) -> Tensor:
    """Loss from costs [B, S] and log-probabilities [B, S]: the baseline is the mean cost of the problem's rollouts.

    Advantages are divided by their standard deviation, so that every problem weighs the same; differences far below a
    ten-thousandth of the cost are rounding and count as none.
    """
    mean = cost.mean(dim=1, keepdim=True)
    advantage = (cost - mean) / (cost.std(dim=1, keepdim=True) + 1e-4 * mean + 1e-9)
    return (advantage.detach() * log_p).mean()


def _mix(*numbers: int) -> int:
    """One seed from several numbers, well spread."""
    value = 0
    for number in numbers:
        value = (value * 0x9E3779B97F4A7C15 + number + 0x7F4A7C15) % 2**63
    return value
