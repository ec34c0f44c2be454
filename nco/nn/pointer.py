"""The pointer head: from what a decision looks for to logits and log-probabilities over nodes.

Kept apart from the policies as pure functions on tensors: over all steps of all rollouts these are the largest tensors
of training. Decisions whose masks are packed into bits go through one Triton kernel that keeps none of them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

#: What is left for a vehicle for which nothing is left.
NOTHING = 1e-6


class Pointing(NamedTuple):
    """A policy's opinion on Q decisions, before clipping and masking."""

    wanted: Tensor  # [B, Q, D] what a decision looks for, scaled so that its products with keys are of order one
    keys: Tensor  # [B, N, D] what nodes are
    distance: Tensor  # [B, N, N] between nodes
    nearness: Tensor  # [B, Q] price of distance
    current: Tensor  # [B, Q] node the vehicle is at
    mask: Tensor  # [B, Q, N] allowed nodes, or packed into words [B, Q, W]
    clip: float  # logits lie in (-clip, clip) (Bello et al. 2017, eq. 16)
    ready: Tensor | None = None  # [B, Q] when the vehicle can leave
    opens: Tensor | None = None  # [B, N] when nodes open; None where nobody ever waits
    patience: Tensor | None = None  # [B] price of waiting
    active: Tensor | None = None  # [B, Q] the vehicle
    liking: Tensor | None = None  # [B, M, N] how much each vehicle wants nodes; None where all want the same
    promise: Tensor | None = None  # [B, M, N] how much a client that is left is worth to each vehicle
    left: Tensor | None = None  # [B, Q, N] nodes that are not visited yet, as the mask
    duration: Tensor | None = None  # [B, N, N] travel times between nodes; None where they are the distances
    haste: Tensor | None = None  # [B] price of travel time


def rows(table: Tensor, node: Tensor) -> Tensor:
    """Rows of table [B, N, D] for nodes [B, Q] -> [B, Q, D]."""
    return table.gather(1, node[..., None].expand(-1, -1, table.shape[-1]))


def of_vehicles(table: Tensor, active: Tensor) -> Tensor:
    """Rows of table [*, M, N] for vehicles [*, Q] -> [*, Q, N]."""
    return table.gather(-2, active[..., None].expand(*active.shape, table.shape[-1]))


def pointer_logits(pointing: Pointing) -> Tensor:
    """Logits [B, Q, N] in float32, minus infinity where the mask forbids."""
    way = rows(pointing.distance, pointing.current)
    score = torch.bmm(pointing.wanted, pointing.keys.transpose(1, 2)).float()
    score = score - pointing.nearness[..., None] * way
    trip = way
    if pointing.duration is not None and pointing.haste is not None:
        trip = rows(pointing.duration, pointing.current)
        score = score - pointing.haste[:, None, None] * trip
    if pointing.opens is not None and pointing.ready is not None and pointing.patience is not None:
        wait = (pointing.opens[:, None] - pointing.ready[..., None] - trip).clamp(min=0.0)
        score = score - pointing.patience[:, None, None] * wait
    if pointing.liking is not None and pointing.promise is not None:
        score = score + _wishes(pointing, pointing.liking.float(), pointing.promise.float())
    return (pointing.clip * torch.tanh(score)).masked_fill(~pointing.mask, -torch.inf)


def _wishes(pointing: Pointing, liking: Tensor, promise: Tensor) -> Tensor:
    """Scores [B, Q, N]: of nodes by how much the vehicle wants them, of tokens by what is left for their vehicles.

    The latter is the soft maximum, log-sum-exp, over the clients that are left.
    """
    if pointing.active is None or pointing.left is None:
        raise ValueError("vehicles that want different nodes need to know who is active and what is left")
    with torch.autocast(liking.device.type, enabled=False):
        worth = torch.log(torch.bmm(pointing.left.float(), promise.transpose(1, 2)) + NOTHING)
    return of_vehicles(liking, pointing.active) + F.pad(worth, (0, liking.shape[-1] - worth.shape[-1]))


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
