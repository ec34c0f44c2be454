"""The pointer head: from what a decision looks for to logits and log-probabilities over nodes.

Kept apart from the policies as pure functions on tensors: over all steps of all rollouts these are the largest tensors
of training. Decisions whose masks are packed into bits go through one Triton kernel that keeps none of them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Pointing(NamedTuple):
    """A policy's opinion on Q decisions, before clipping and masking."""

    wanted: Tensor  # [B, Q, D] what a decision looks for, scaled so that its products with keys are of order one
    keys: Tensor  # [B, N, D] what nodes are
    distance: Tensor  # [B, N, N] between nodes
    nearness: Tensor  # [B] price of distance
    current: Tensor  # [B, Q] node the vehicle is at
    mask: Tensor  # [B, Q, N] allowed nodes, or packed into words [B, Q, W]
    clip: float  # logits lie in (-clip, clip) (Bello et al. 2017, eq. 16)
    ready: Tensor | None = None  # [B, Q] when the vehicle can leave
    opens: Tensor | None = None  # [B, N] when nodes open; None where nobody ever waits
    patience: Tensor | None = None  # [B] price of waiting


def rows(table: Tensor, node: Tensor) -> Tensor:
    """Rows of table [B, N, D] for nodes [B, Q] -> [B, Q, D]."""
    return table.gather(1, node[..., None].expand(-1, -1, table.shape[-1]))


def pointer_logits(pointing: Pointing) -> Tensor:
    """Logits [B, Q, N] in float32, minus infinity where the mask forbids."""
    way = rows(pointing.distance, pointing.current)
    score = torch.bmm(pointing.wanted, pointing.keys.transpose(1, 2)).float()
    score = score - pointing.nearness[:, None, None] * way
    if pointing.opens is not None and pointing.ready is not None and pointing.patience is not None:
        wait = (pointing.opens[:, None] - pointing.ready[..., None] - way).clamp(min=0.0)
        score = score - pointing.patience[:, None, None] * wait
    return (pointing.clip * torch.tanh(score)).masked_fill(~pointing.mask, -torch.inf)


def pointer_log_probability(pointing: Pointing, action: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities [B, Q] of the chosen nodes [B, Q], and entropies [B, Q], without gradients.

    A decision with a packed mask that allows nothing counts as certain: there was none.
    """
    if pointing.mask.dtype == torch.int32:
        from nco.nn.pointer_kernel import fused_log_probability

        return fused_log_probability(pointing, action)
    logits = pointer_logits(pointing)
    normaliser = logits.logsumexp(dim=-1)
    with torch.no_grad():
        log_p = logits - normaliser[..., None]
        entropy = -(log_p.exp() * log_p.masked_fill(~pointing.mask, 0.0)).sum(dim=-1)
    return logits.gather(-1, action[..., None])[..., 0] - normaliser, entropy
