"""A teacher: search improves some of a policy's own rollouts, and the policy imitates what came out.

Expert iteration (Anthony et al. 2017, arXiv 1705.08439) with ruin & recreate as the expert, on the GPU and while the
policy learns: routes keep their order, so that only what is wrong with them is taught.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from tensordict import TensorDict
from torch import Tensor

from nco.envs.routing import RoutingEnv
from nco.errors import ConfigError, Fault
from nco.nn.bits import WORD
from nco.policies.base import Memory, Policy
from nco.rollout.eager import Trajectory
from nco.rollout.fused import covers, recorded_replay
from nco.rollout.rescore import Decisions, rebuild
from nco.search.rollouts import improved_rollouts
from nco.search.tables import unsupported


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TeacherConfig:
    """How much is taught, and how well."""

    weight: Annotated[float, Field(ge=0)] = 0.0  # of imitation beside the loss of the rollouts; 0: no teacher
    rollouts: Annotated[int, Field(ge=1)] = 4  # of each problem, the cheapest
    iterations: Annotated[int, Field(ge=1)] = 1000  # of ruin & recreate on each


def improved(
    env: RoutingEnv, instances: TensorDict, trajectory: Trajectory, config: TeacherConfig, seed: int
) -> Tensor:
    """Actions [B, E, T] of the cheapest rollouts after the search; raises ConfigError for problems it does not know."""
    if faults := unsupported(env, instances):
        raise ConfigError(
            Fault("C503", "trainer.teacher", f"no teacher for {', '.join(faults)}", "Set its weight to 0")
        )
    cheapest = trajectory.cost.topk(min(config.rollouts, trajectory.cost.shape[1]), dim=1, largest=False).indices
    actions = trajectory.actions.gather(1, cheapest[..., None].expand(-1, -1, trajectory.actions.shape[-1]))
    return improved_rollouts(env, instances, actions, config.iterations, seed)


def lesson(
    policy: Policy, env: RoutingEnv, instances: TensorDict, actions: Tensor, memory: Memory
) -> tuple[Decisions, Tensor]:
    """The decisions behind actions [B, E, T], and in which rollouts [B, E] the environment allows all of them.

    The search adds up times and lengths in another order, and single precision may see a limit on its other side.
    """
    if actions.is_cuda and covers(policy, env, instances):
        decisions = recorded_replay(policy, env, instances, actions, memory)[1]
    else:
        decisions = rebuild(env, instances, actions)
    allowed = open_to(decisions).unflatten(1, (-1, actions.shape[1])).all(dim=1)
    return decisions, allowed


def open_to(decisions: Decisions) -> Tensor:
    """Whether each decision's mask allows what was done: [B, Q]; True where there was nothing to decide."""
    mask, action = decisions.query.mask, decisions.action.long()[..., None]
    if mask.dtype == torch.bool:
        return mask.gather(-1, action)[..., 0]
    bit = mask.gather(-1, action // WORD) >> (action % WORD) & 1
    return bit[..., 0].bool() | ~mask.any(dim=-1)
