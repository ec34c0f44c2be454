"""Re-scoring: the log-probability of trajectories in one teacher-forced pass, with gradients.

What every decision saw comes from the rollout that recorded it, or is rebuilt from the actions. All decisions are
scored at once: no graph of T steps.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.routing import RoutingEnv
from nco.nn.pointer import pointer_log_probability
from nco.policies.base import Memory, Policy, Query
from nco.rollout.eager import observe


class Decisions(NamedTuple):
    """The decisions of S rollouts that were theirs, step by step: Q = (T - P) * S, after starts of P steps."""

    query: Query  # what they saw; packed masks allow nothing where there was nothing to decide
    action: Tensor  # [B, Q]


@torch.no_grad()
def rebuild(env: RoutingEnv, instances: TensorDict, actions: Tensor, begun: int = 1) -> Decisions:
    """The decisions behind actions [B, S, T], of which the first P = `begun` were given."""
    seen = observe(env, instances, env.replay(instances, actions))
    query = Query._make(part[:, :, begun:].transpose(1, 2).flatten(1, 2) for part in seen if part is not None)
    return Decisions(query, actions[:, :, begun:].transpose(1, 2).flatten(1, 2))


def log_probability(policy: Policy, memory: Memory, decisions: Decisions, rollouts: int) -> tuple[Tensor, Tensor]:
    """Log-probabilities [B, S] of the trajectories, and the sums [B, S] of their decisions' entropies."""
    log_p, entropy = pointer_log_probability(policy.point(memory, decisions.query), decisions.action)
    return log_p.unflatten(1, (-1, rollouts)).sum(dim=1), entropy.unflatten(1, (-1, rollouts)).sum(dim=1)
