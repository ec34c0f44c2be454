"""Re-scoring: the log-probability of trajectories in one teacher-forced pass, with gradients.

States of all steps are rebuilt from the actions, and all decisions are scored at once: no graph of T steps.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.routing import RoutingEnv
from nco.nn.pointer import Pointing, pointer_log_probability
from nco.policies.base import Memory, Policy


def log_probability(
    policy: Policy,
    env: RoutingEnv,
    memory: Memory,
    instances: TensorDict,
    actions: Tensor,
    *,
    head: Callable[[Pointing, Tensor], Tensor] = pointer_log_probability,
) -> Tensor:
    """Log-probability [B, S] of the actions [B, S, T] after the first, which was given.

    head: `pointer_log_probability`, possibly compiled.
    """
    with torch.no_grad():
        state = env.replay(instances, actions)
        mask = env.action_mask(instances, state)[:, :, 1:].flatten(1, 2)
        features = env.features(instances, state)[:, :, 1:].flatten(1, 2)
        current = state.current[:, :, 1:].flatten(1, 2)
    pointing = policy.point(memory, current, features, mask)
    decisions: Tensor = head(pointing, actions[:, :, 1:].flatten(1, 2)).unflatten(1, (actions.shape[1], -1))
    return decisions.sum(dim=-1)
