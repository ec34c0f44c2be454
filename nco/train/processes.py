"""Several processes, each with a device and problems of its own, that learn as one with all their problems."""

from __future__ import annotations

import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import distributed, nn


class Processes(DDPStrategy):
    """Lightning's processes without the wrapper around the model.

    The gradients of a policy are a few megabytes: one message when all are there. What the wrapper would add, messages
    that overlap with the backward pass, costs more than it saves, and it has no patience with unused parameters.
    """

    def configure_ddp(self) -> None:
        """Leave the model as it is; the learner calls `average_gradients`."""


@torch.no_grad()
def average_gradients(model: nn.Module) -> None:
    """Replace all gradients by their mean over the processes; where a parameter was not used it is zero."""
    for parameter in model.parameters():
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    parts = (flat / distributed.get_world_size()).split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [part.view(g.shape) for part, g in zip(parts, gradients, strict=True)])
