"""The fastest rollout that there is for a policy, an environment and a device."""

from __future__ import annotations

from tensordict import TensorDict
from torch import Generator, Tensor

from nco.envs.routing import RoutingEnv
from nco.policies.base import Memory, Policy
from nco.policies.camp import CampPolicy
from nco.rollout.eager import Trajectory, rollout
from nco.rollout.fused import covers, fused_rollout
from nco.rollout.parallel import parallel_rollout


def fastest_rollout(
    policy: Policy,
    env: RoutingEnv,
    instances: TensorDict,
    starts: Tensor,
    generator: Generator | None = None,
    *,
    memory: Memory | None = None,
) -> Trajectory:
    """As nco.rollout.eager.rollout: in one kernel on a GPU where that covers it, step by step elsewhere."""
    if isinstance(policy, CampPolicy):
        return parallel_rollout(policy, env, instances, starts, generator, memory=memory)
    if starts.device.type == "cuda" and covers(policy, env, instances):
        return fused_rollout(policy, env, instances, starts, generator, memory=memory)
    return rollout(policy, env, instances, starts, generator, memory=memory)
