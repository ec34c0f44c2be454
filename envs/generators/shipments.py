"""Pickups and deliveries in the unit square: with n clients, what client i of the first half gives goes to i + n / 2.

The PDP is that of Li et al. (2021), "Heterogeneous Attentions for Solving Pickup and Delivery Problem via Deep
Reinforcement Learning": one vehicle without a limit of load, one tour. With time windows (PDPTW) there are many
vehicles, and loads, capacity, horizon and service times of RouteFinder's VRPTW; Li & Lim's instances are alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from nco.errors import ConfigError, Fault

from .host import on_host
from .routefinder import HORIZON
from .straight import euclidean

EDGE = 1e-3  # time to spare, out of the reach of rounding


@dataclass(frozen=True, slots=True)
class Shipments:
    """Generator of PDP instances."""

    @on_host
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


@dataclass(frozen=True, slots=True)
class TimedShipments:
    """Generator of PDPTW instances; every pair can be served by a route of its own."""

    shortest: float = 0.5  # window
    longest: float = 1.0

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device; raises ConfigError for odd sizes."""
        device, half = generator.device, size // 2
        origin = pairs(size, device).expand(batch, -1)
        locs = torch.rand(batch, size + 1, 2, generator=generator, device=device)
        distance = euclidean(locs)
        load = torch.randint(1, 10, (batch, half), generator=generator, device=device).float()
        nothing = torch.zeros(batch, 1, device=device)
        draw = torch.rand(4, batch, size, generator=generator, device=device)
        service = 0.15 + 0.03 * draw[0]
        between = distance.diagonal(half, 1, 2)[:, 1:]
        there, back = distance[:, 0, 1 : half + 1], distance[:, half + 1 :, 0]
        latest = HORIZON - EDGE - service[:, half:] - back  # to deliver
        early = there + draw[1, :, :half] * (latest - between - service[:, :half] - there)
        late = early + service[:, :half] + between
        late = late + draw[1, :, half:] * (latest - late)
        length = self.shortest + (self.longest - self.shortest) * draw[2]
        planned = torch.cat([early, late], dim=1)  # when a vehicle of its own would come
        opens = (planned - draw[3] * length).clamp(min=0.0)
        tensors = {
            "locs": locs,
            "distance": distance,
            "demand": torch.zeros(batch, size + 1, device=device),
            "pickup": torch.cat([nothing, load, -load], dim=1),
            "capacity": torch.full((batch, 1), 30.0 + size // 5, device=device),
            "scale": torch.ones(batch, device=device),
            "picked_up_at": origin,
            "opens": torch.cat([nothing, opens], dim=1),
            "closes": torch.cat([nothing + HORIZON, opens + length + EDGE], dim=1),
            "service": torch.cat([nothing, service], dim=1),
        }
        return TensorDict(tensors, batch_size=[batch], device=device)


def pairs(size: int, device: torch.device) -> torch.Tensor:
    """Where each of 1 + size nodes' goods are picked up: n / 2 nodes before a delivery, 0 for all others."""
    if size % 2:
        what = f"{size} clients do not make pairs of a pickup and a delivery"
        raise ConfigError(Fault("C503", "size", what, f"Give an even number, such as {size + 1}"))
    node = torch.arange(size + 1, device=device)
    return (node - size // 2).clamp(min=0)
