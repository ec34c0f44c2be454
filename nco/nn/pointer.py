"""The pointer head: from compatibilities of queries and nodes to logits and log-probabilities.

Kept apart from the policies as pure functions on tensors: over all steps of all rollouts these are the largest tensors
of training, and torch.compile turns each function into one kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Pointing(NamedTuple):
    """A policy's opinion on Q decisions, before clipping and masking."""

    score: Tensor  # [B, Q, N] compatibility of query and node, of order one
    distance: Tensor  # [B, N, N] between nodes
    nearness: Tensor  # [] weight of the distance before softplus
    current: Tensor  # [B, Q] node the vehicle is at
    mask: Tensor  # [B, Q, N] allowed nodes
    clip: float  # logits lie in (-clip, clip) (Bello et al. 2017, eq. 16)


def rows(table: Tensor, node: Tensor) -> Tensor:
    """Rows of table [B, N, D] for nodes [B, Q] -> [B, Q, D]."""
    return table.gather(1, node[..., None].expand(-1, -1, table.shape[-1]))


def pointer_logits(pointing: Pointing) -> Tensor:
    """Logits [B, Q, N] in float32, minus infinity where the mask forbids."""
    score, distance, nearness, current, mask, clip = pointing
    score = score.float() - F.softplus(nearness) * rows(distance, current)
    return (clip * torch.tanh(score)).masked_fill(~mask, -torch.inf)


def pointer_log_probability(pointing: Pointing, action: Tensor) -> Tensor:
    """Log-probabilities [B, Q] of the chosen nodes [B, Q]."""
    logits = pointer_logits(pointing)
    return logits.gather(-1, action[..., None])[..., 0] - logits.logsumexp(dim=-1)
