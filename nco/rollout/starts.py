"""Start rules: the first node of every rollout."""

from __future__ import annotations

import torch
from tensordict import TensorDict
from torch import Tensor


def first_clients(instances: TensorDict, rollouts: int) -> Tensor:
    """Starts [B, min(S, n)] at the first S clients: all of them when S >= n (POMO's rule).

    Clients of generated problems are in random order, so that the first ones are a random sample.
    """
    batch, nodes, _ = instances["locs"].shape
    count = min(rollouts, nodes - 1)
    return torch.arange(1, count + 1, device=instances["locs"].device).expand(batch, -1)
