"""The learner: REINFORCE with the shared baseline of POMO (Kwon et al. 2020), in two phases per step.

1. Encode once, with gradients. 2. Roll out S trajectories a problem without gradients. 3. Score all their decisions in
one teacher-forced pass and push up the probability of those better than the mean of their problem.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import lightning
import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.generators.base import Generator
from nco.envs.generators.host import fresh_seed
from nco.envs.instances import fleet_size
from nco.envs.routing import RoutingEnv
from nco.errors import ConfigError, Fault
from nco.policies.base import Memory, Policy
from nco.policies.camp import CampPolicy
from nco.rollout.eager import Step, Trajectory, decide, rollout
from nco.rollout.fused import covers, recorded_rollout
from nco.rollout.graphed import GraphedStep
from nco.rollout.parallel import Act, act, recorded_parallel_rollout
from nco.rollout.rescore import Decisions, log_probability, memory_budget, rebuild
from nco.rollout.starts import free_starts, sampled_starts
from nco.train.ahead import Ahead
from nco.train.average import follow
from nco.train.graphed import GraphedEncoder
from nco.train.losses import preference, reinforce
from nco.train.optimizers import OptimizerConfig, make_optimizers, schedule
from nco.train.processes import average_gradients
from nco.train.teacher import TeacherConfig, improved, lesson

#: Looking whether the loss is finite waits for the device: look only every so many steps.
LOOK_EVERY = {"cpu": 1, "cuda": 50}


#: Problems, and the generator that drew them.
Drawn = tuple[TensorDict, torch.Generator]


@dataclass(frozen=True, slots=True)
class LearnerConfig:
    """Hyper-parameters of the learning step."""

    batch_size: int = 256  # problems a step at `reference_size` clients; smaller problems get more, larger fewer
    reference_size: int = 100
    starts: int = 50  # S: rollouts a problem, at most one per client, at least two
    sizes: tuple[int, ...] = (100,)  # numbers of clients, at least two; every step draws one
    loss: Literal["reinforce", "preference"] = "reinforce"
    best_of: int = 1  # with reinforce: the mean of the best of so many rollouts is to become cheap
    rescore_memory: float | None = None  # GiB of re-scoring; None: half of the device's
    ema: float = 0.999  # decay a step of the averaged weights; 0: those of the last step
    graphs: bool = True  # on a GPU the encoder's passes are CUDA graphs
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    log_every: int = 50  # steps
    max_seconds: float = math.inf  # wall-clock length of the learning-rate schedule
    max_steps: int = 0  # length of the schedule in steps (0: by time only)
    seed: int = 1


class Learner(lightning.LightningModule):
    """Trains a policy on problems that the host draws, one step ahead of a GPU.

    Step k draws everything from generators seeded with (seed, rank, k): an interrupted run that resumes at step k goes
    on as if nothing had happened, and the problems are the same on every device. Several processes (DDP) draw different
    problems of the same size, and the clock of the first one counts for all.
    """

    def __init__(
        self, policy: Policy, env: RoutingEnv, generator: Generator, config: LearnerConfig, optimizer: OptimizerConfig
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.policy, self.env, self.problems = policy, env, generator
        self.averaged = copy.deepcopy(policy).requires_grad_(False)  # what is measured and written
        self.config, self.optimizer_config = config, optimizer
        self.seconds = 0.0  # trained so far, over all resumptions
        self.problems_seen = 0
        self._clock = time.perf_counter()
        self._alarm = torch.zeros(())  # not finite once learning has failed
        self._decide: Step = decide
        self._act: Act = act
        self._drawn: Callable[[int], Drawn] = self.draw
        self.encode: Callable[[TensorDict], Memory] = policy.encode

    def on_fit_start(self) -> None:
        if self.config.teacher.weight:
            self._require_teacher()
        if self.device.type == "cuda":
            self._decide, self._act = GraphedStep(decide), GraphedStep(act)
            self._drawn = Ahead(self._draw_pinned)
            if self.config.graphs:
                self.encode = GraphedEncoder(self.policy)

    def on_train_start(self) -> None:
        self._clock = time.perf_counter()  # the first validation is behind us
        if self.progress >= 1.0:
            fix = "Raise trainer.max_steps or trainer.max_time to go on"
            raise ConfigError(Fault("C503", "resume", f"the run has already ended at step {self.steps}", fix))

    def training_step(self, beat: int, index: int) -> None:
        began = time.perf_counter()
        instances, draw = self._drawn(self.steps)
        if self.device.type != "cpu":
            instances = instances.to(self.device, non_blocking=True)
            draw = torch.Generator(self.device).manual_seed(draw.initial_seed())
        starts = self.starts(instances)
        memory = self.encode(instances)
        trajectory, decisions = self.play(instances, starts, draw, memory.detach())
        log_p, entropy = self.score(memory, decisions, starts)
        loss = self.loss(trajectory.cost, log_p)
        if self.config.teacher.weight:
            loss = loss + self.config.teacher.weight * self.imitate(instances, memory, trajectory, draw)
        loss = loss / instances["locs"].shape[1]
        norm = self._update(loss)
        self._report(loss, norm, trajectory, entropy, instances, began)
        self.trainer.should_stop = self.progress >= 1.0

    def starts(self, instances: TensorDict) -> Tensor:
        """How the rollouts begin [B, S, P].

        Where vehicles act at once and the largest total counts, as they choose: a client that is first by decree is
        seldom first on the way of the fastest vehicle, and makes all rollouts dear that have it.
        """
        if isinstance(self.policy, CampPolicy) and self.env.objective == "max":
            return free_starts(instances, self.config.starts)
        return sampled_starts(instances, self.config.starts, self.env.could(instances))

    def score(self, memory: Memory, decisions: Decisions, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies [B, S] of trajectories, in as many pieces as the memory demands.

        Those of vehicles that decide side by side, each in a row of its own, are added up.
        """
        given, (batch, rollouts, _) = self.config.rescore_memory, starts.shape
        budget = memory_budget(self.device) if given is None else given * 2**30
        log_p, entropy = log_probability(self.policy, memory, decisions, rollouts, budget)
        return log_p.unflatten(0, (batch, -1)).sum(dim=1), entropy.unflatten(0, (batch, -1)).sum(dim=1)

    def loss(self, cost: Tensor, log_p: Tensor) -> Tensor:
        """What is to become smaller, from costs [B, S] and log-probabilities [B, S]."""
        if self.config.loss == "preference":
            return preference(cost, log_p)
        return reinforce(cost, log_p, self.config.best_of)

    def imitate(self, instances: TensorDict, memory: Memory, trajectory: Trajectory, draw: torch.Generator) -> Tensor:
        """How unlikely the policy's own rollouts are once search has improved them."""
        actions = improved(self.env, instances, trajectory, self.config.teacher, fresh_seed(draw))
        decisions, allowed = lesson(self.policy, self.env, instances, actions, memory.detach())
        log_p, _ = self.score(memory, decisions, actions)
        return -log_p.where(allowed, 0.0).mean()

    def play(
        self, instances: TensorDict, starts: Tensor, draw: torch.Generator, memory: Memory
    ) -> tuple[Trajectory, Decisions]:
        """Sampled rollouts and what they saw: in one kernel where there is one, step by step elsewhere."""
        policy, env = self.policy, self.env
        if isinstance(policy, CampPolicy):
            return recorded_parallel_rollout(policy, env, instances, starts, draw, memory, self._act)
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

    def draw(self, step: int) -> Drawn:
        """The problems of a step, on the host, and the generator that drew them."""
        draw = torch.Generator().manual_seed(_mix(self.config.seed, self.global_rank, step))
        size = random.Random(_mix(self.config.seed, step)).choice(self.config.sizes)
        scale = (self.config.reference_size / size) ** 2 if size > self.config.reference_size else 1.0
        return self.problems(max(1, int(self.config.batch_size * scale)), size, draw), draw

    def _draw_pinned(self, step: int) -> Drawn:
        """The same, where a GPU fetches it while the host goes on."""
        instances, draw = self.draw(step)
        return instances.contiguous().pin_memory(num_threads=0), draw  # in this thread

    def _require_teacher(self) -> None:
        """Raise ConfigError where the teacher cannot work."""
        if self.device.type != "cuda":
            what, fix = "the teacher's search needs a GPU", "Train without it"
        elif isinstance(self.policy, CampPolicy):
            what, fix = "vehicles that act at once have no teacher", "Take another policy, or set it to 0"
        else:
            return
        raise ConfigError(Fault("C503", "trainer.teacher.weight", what, fix))

    def _update(self, loss: Tensor) -> Tensor:
        """A step of the optimisers; returns the norm of the gradient."""
        given: Any = self.optimizers()
        optimizers = given if isinstance(given, list) else [given]
        for optimizer, rate in zip(optimizers, schedule(self.optimizer_config, self.steps, self.progress), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad()
        self.manual_backward(loss)
        if self.trainer.world_size > 1:
            average_gradients(self.policy)
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.optimizer_config.clip)
        self._alarm = loss.detach() + norm
        for optimizer in optimizers:
            optimizer.step()
        follow(self.averaged, self.policy, self.config.ema, self.steps - 1)
        return norm

    def _report(
        self, loss: Tensor, norm: Tensor, trajectory: Trajectory, entropy: Tensor, instances: TensorDict, began: float
    ) -> None:
        now, cost = time.perf_counter(), trajectory.cost
        self.seconds, self._clock = self._agreed(self.seconds + now - self._clock), now
        problems = cost.shape[0] * self.trainer.world_size
        self.problems_seen += problems
        if self.steps == 1 or self.steps % self.config.log_every == 0:  # Lightning takes its time
            self.log_dict({
                "loss": loss, "gradient_norm": norm, "cost": cost.mean(), "best_cost": cost.amin(dim=1).mean(),
                "entropy": entropy.mean() / trajectory.actions.shape[-1],  # of a decision
                "seconds": self.seconds, "size": float(instances["locs"].shape[1] - fleet_size(instances)),
                "throughput": problems / (now - began),  # problems a second
            })  # fmt: skip
        if self.steps % LOOK_EVERY[self.device.type] == 0:
            self.require_finite()

    def _agreed(self, seconds: float) -> float:
        """The same time in all processes: they must decide alike when to stop and how fast to learn."""
        return self.trainer.strategy.broadcast(seconds) if self.trainer.world_size > 1 else seconds


def _mix(*numbers: int) -> int:
    """One seed from several numbers, well spread."""
    value = 0
    for number in numbers:
        value = (value * 0x9E3779B97F4A7C15 + number + 0x7F4A7C15) % 2**63
    return value
