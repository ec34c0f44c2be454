"""Re-scoring: the log-probability of trajectories in one teacher-forced pass, with gradients.

States of all steps are rebuilt from the actions, and all decisions are scored at once: no graph of T steps.
"""

from __future__ import annotations

from tensordict import TensorDict
from torch import Tensor

from nco.envs.routing import RoutingEnv
from nco.policies.base import Memory, Policy


def log_probability(policy: Policy, env: RoutingEnv, memory: Memory, instances: TensorDict, actions: Tensor) -> Tensor:
    """Log-probability [B, S] of the actions [B, S, T] after the first, which was given."""
    state = env.replay(instances, actions)
    mask = env.action_mask(instances, state)[:, :, 1:].flatten(1, 2)
    features = env.features(instances, state)[:, :, 1:].flatten(1, 2)
    logits = policy.logits(memory, state.current[:, :, 1:].flatten(1, 2), features, mask)
    chosen = logits.gather(-1, actions[:, :, 1:].flatten(1, 2)[..., None])[..., 0]
    scores = chosen - logits.logsumexp(dim=-1)
    return scores.unflatten(1, (actions.shape[1], -1)).sum(dim=-1)
