"""The heterogeneous fleet of PARCO (Berto et al. 2024) and 2D-Ptr: vehicles differ in capacity and speed.

Places uniform in the unit square, demands in 1..9, capacities in 20..40, speeds uniform in [0.5, 1]. Vehicles refill at
the depot as often as they like; a route's cost is its duration, the distance over the vehicle's speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from .host import on_host


@dataclass(frozen=True, slots=True)
class Fleet:
    """Generator of heterogeneous CVRP instances."""

    vehicles: int = 5  # M
    smallest: int = 20  # capacity
    largest: int = 40
    slowest: float = 0.5  # speed; the fastest is 1

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device, fleet = generator.device, self.vehicles
        speed = self.slowest + (1 - self.slowest) * torch.rand(batch, fleet, generator=generator, device=device)
        capacity = torch.randint(self.smallest, self.largest + 1, (batch, fleet), generator=generator, device=device)
        tensors = common_depot(batch, size, fleet, generator) | {
            "capacity": capacity.float(),
            "unit_cost": 1 / speed,
            "reloads": torch.ones(batch, fleet, dtype=torch.bool, device=device),
        }
        return TensorDict(tensors, batch_size=[batch], device=device)


@dataclass(frozen=True, slots=True)
class Fleets:
    """Fleets of several sizes, for training: one number of vehicles for each batch."""

    fewest: int = 3  # M
    most: int = 7

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        fleet = torch.randint(self.fewest, self.most + 1, (1,), generator=generator, device=generator.device)
        return Fleet(int(fleet))(batch, size, generator)


def common_depot(batch: int, size: int, fleet: int, generator: Generator) -> dict[str, torch.Tensor]:
    """Places and demands of `fleet` vehicles at one depot and `size` clients, both uniform."""
    device = generator.device
    places = torch.rand(batch, size + 1, 2, generator=generator, device=device)
    demand = torch.randint(1, 10, (batch, fleet + size), generator=generator, device=device).float()
    demand[:, :fleet] = 0
    return {
        "locs": torch.cat([places[:, :1].expand(-1, fleet, -1), places[:, 1:]], dim=1),
        "demand": demand,
        "scale": torch.ones(batch, device=device),
    }
