"""The other way to train the same network, as RL4CO has it: gradients flow through every step of the rollout.

Only for comparison. What a decision computes is kept from the moment it is made, so that nothing is scored twice; but
every small kernel of every step has its twin in the backward pass.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.parallel import ParallelEnv
from nco.envs.routing import RoutingEnv, State
from nco.policies.base import Memory, Policy
from nco.policies.camp import CampPolicy
from nco.rollout.eager import observe, rollout
from nco.rollout.parallel import joined, steps
from nco.train.phases import Step


class StepByStep(Step):
    """A learner's step in one phase."""

    def play(
        self, instances: TensorDict, starts: Tensor, memory: Memory, lap: Callable[[str], object]
    ) -> tuple[Tensor, Tensor]:
        policy, env = self.learner.policy, self.learner.env
        if isinstance(policy, CampPolicy):
            process = ParallelEnv(env.constraints, env.objective)
            done = list(steps(policy, process, memory, instances, starts, self.draw))
            log_p = torch.stack([step.log_p for step in done]).sum(dim=0)
            together: Tensor = log_p.unflatten(0, (len(starts), -1))  # vehicles are rows of their own
            return joined(env, instances, [step.action for step in done]).cost, together.sum(dim=1)
        scored = _Scored()
        cost = rollout(policy, env, instances, starts, self.draw, memory=memory, step=scored).cost
        return cost, torch.stack(scored.log_p[starts.shape[-1] - 1 :]).sum(dim=0)  # what was given is no decision


class _Scored:
    """As nco.rollout.eager.decide, but it keeps log-probabilities [B, S] of samples, with gradients."""

    def __init__(self) -> None:
        self.log_p: list[Tensor] = []

    def __call__(
        self, policy: Policy, env: RoutingEnv, memory: Memory, instances: TensorDict, state: State, noise: Tensor | None
    ) -> tuple[Tensor, State]:
        if noise is None:
            raise ValueError("training samples")
        with torch.enable_grad():
            score = policy.logits(memory, observe(env, instances, state)).log_softmax(dim=-1)
            action = (score.detach() - noise.log()).argmax(dim=-1)
            self.log_p.append(score.gather(-1, action[..., None])[..., 0])
        return action, env.step(instances, state, action)
