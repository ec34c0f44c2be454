"""Re-scoring: the log-probability of trajectories in one teacher-forced pass, with gradients.

What every decision saw comes from the rollout that recorded it, or is rebuilt from the actions. All decisions are
scored at once: no graph of T steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from tensordict import TensorDict
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from nco.envs.routing import RoutingEnv
from nco.nn.pointer import pointer_log_probability
from nco.policies.base import Memory, Policy, Query
from nco.rollout.eager import observe


class Decisions(NamedTuple):
    """The decisions of S rollouts that were theirs, step by step: Q = (T - P) * S, after starts of P steps."""

    query: Query  # what they saw; packed masks allow nothing where there was nothing to decide
    action: Tensor  # [B, Q]

    def piece(self, begin: int, length: int) -> Decisions:
        """So many of them, from number `begin` on."""
        query = (None if part is None else part[:, begin : begin + length] for part in self.query)
        return Decisions(Query._make(query), self.action[:, begin : begin + length])


@torch.no_grad()
def rebuild(env: RoutingEnv, instances: TensorDict, actions: Tensor, begun: int = 1) -> Decisions:
    """The decisions behind actions [B, S, T], of which the first P = `begun` were given."""
    seen = observe(env, instances, env.replay(instances, actions))
    query = Query._make(part[:, :, begun:].transpose(1, 2).flatten(1, 2) for part in seen if part is not None)
    return Decisions(query, actions[:, :, begun:].transpose(1, 2).flatten(1, 2))


def log_probability(
    policy: Policy, memory: Memory, decisions: Decisions, rollouts: int, budget: float = math.inf
) -> tuple[Tensor, Tensor]:
    """Log-probabilities [B, S] of the trajectories, and the sums [B, S] of their decisions' entropies.

    budget: bytes that may be kept for the backward pass. Where that is too little, steps are scored in pieces that
    keep nothing and are scored again when their gradient is wanted (Chen et al. 2016, "sublinear memory cost").
    """
    steps = decisions.action.shape[1] // rollouts
    pieces = min(steps, math.ceil(kept_bytes(policy, memory, decisions) / budget))
    if pieces <= 1:
        log_p, entropy = _score(policy, memory, decisions)
    else:
        length = math.ceil(steps / pieces) * rollouts
        begins = range(0, decisions.action.shape[1], length)
        scores = [checkpoint(_score, policy, memory, decisions.piece(k, length), use_reentrant=False) for k in begins]
        log_p, entropy = (torch.cat(part, dim=1) for part in zip(*scores, strict=True))
    return log_p.unflatten(1, (-1, rollouts)).sum(dim=1), entropy.unflatten(1, (-1, rollouts)).sum(dim=1)


def kept_bytes(policy: Policy, memory: Memory, decisions: Decisions) -> float:
    """No less than what scoring all decisions at once keeps for the backward pass, and about what it takes at its peak.

    So many vectors for each as the policy says; without packed masks also as many numbers for each node.
    """
    query = decisions.query
    width, nodes = memory.query.shape[-1], memory.query.shape[1]
    by_node = 0 if query.mask.dtype == torch.int32 else 4 * nodes
    return float(policy.keeps) * decisions.action.numel() * (width * memory.query.element_size() + by_node)


def memory_budget(device: torch.device) -> float:
    """Bytes that re-scoring may take where nothing else is said: half of a GPU's memory, 4 GiB on a CPU."""
    return torch.cuda.get_device_properties(device).total_memory / 2 if device.type == "cuda" else 2.0**32


def _score(policy: Policy, memory: Memory, decisions: Decisions) -> tuple[Tensor, Tensor]:
    return pointer_log_probability(policy.point(memory, decisions.query), decisions.action)
