"""Pickups and deliveries: the PDP of Li et al. (2021), "Heterogeneous Attentions for Solving Pickup and Delivery
Problem via Deep Reinforcement Learning": one vehicle without a limit of load, one tour, places in the unit square.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from nco.errors import ConfigError, Fault


@dataclass(frozen=True, slots=True)
class Shipments:
    """Generator of PDP instances: with n clients, what client i of the first half gives goes to client i + n / 2."""

    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device; raises ConfigError for odd sizes."""
        device = generator.device
        tensors = {
            "locs": torch.rand(batch, size + 1, 2, generator=generator, device=device),
            "demand": torch.zeros(batch, size + 1, device=device),
            "capacity": torch.ones(batch, 1, device=device),
            "available": torch.ones(batch, 1, device=device),
            "scale": torch.ones(batch, device=device),
            "picked_up_at": pairs(size, device).expand(batch, -1),
        }
        return TensorDict(tensors, batch_size=[batch], device=device)


def pairs(size: int, device: torch.device) -> torch.Tensor:
    """Where each of 1 + size nodes' goods are picked up: n / 2 nodes before a delivery, 0 for all others."""
    if size % 2:
        what = f"{size} clients do not make pairs of a pickup and a delivery"
        raise ConfigError(Fault("C503", "size", what, f"Give an even number, such as {size + 1}"))
    node = torch.arange(size + 1, device=device)
    return (node - size // 2).clamp(min=0)
