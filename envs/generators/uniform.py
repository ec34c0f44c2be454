"""The uniform CVRP of Kool et al. (2019), "Attention, Learn to Solve Routing Problems!", the field's usual test.

Depot and clients uniform in the unit square, demands uniform in 1..9, capacity by size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict

from .host import on_host

#: Capacity by number of clients as in the paper; elsewhere 30 + n / 5, which passes through the points of 50 and 100.
CAPACITY = {10: 20.0, 20: 30.0, 50: 40.0, 100: 50.0}


@dataclass(frozen=True, slots=True)
class Uniform:
    """Generator of uniform instances."""

    @on_host
    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device = generator.device
        demand = torch.randint(1, 10, (batch, size + 1), generator=generator, device=device).float()
        demand[:, 0] = 0
        capacity = CAPACITY.get(size, float(30 + size // 5))
        tensors = {
            "locs": torch.rand(batch, size + 1, 2, generator=generator, device=device),
            "demand": demand,
            "capacity": torch.full((batch, 1), capacity, device=device),
            "scale": torch.ones(batch, device=device),
        }
        return TensorDict(tensors, batch_size=[batch], device=device)
