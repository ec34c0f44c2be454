"""The average of the weights over the last steps: steadier than the weights themselves, and what a run hands over.

An exponential moving average (Polyak and Juditsky 1992; Izmailov et al. 2018 for networks). It never looks back over
more than about a tenth of the run, so that what a short run has learnt is not averaged with where it began.
"""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, decay: float, step: int) -> None:
    """Move the average towards the model after step 0, 1, ...: weight decay, or (1 + step) / (10 + step) if less."""
    weight = 1.0 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), weight)
