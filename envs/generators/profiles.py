"""Vehicles with profiles: preferences and zones, after CAMP (Hua et al. 2025, arXiv 2501.02977).

Places uniform in the unit square or, which is ours, on the roads of cities; demands in 1..9, capacity 40; vehicles
refill at the depot as often as they like. Everything is drawn per instance and for the number of vehicles at hand. Cost
with preferences P in [0, 1]: w1 x distance + w2 x sum over visits of (1 - P).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from .fleet import common_depot
from .host import on_host
from .roads import Roads

Pattern = Literal["random", "angle", "cluster"]


@dataclass(frozen=True, slots=True)
class Preferences:
    """Generator of PVRP-P: soft preferences.

    random: uniform. angle: 1 in the vehicle's sector around the depot, else 0. cluster: falls with the distance from a
    client that the vehicle likes best.
    """

    pattern: Pattern = "random"
    vehicles: int = 5  # M
    weight: float = 0.2  # w2; w1 = 1 - w2
    roads: Roads | None = None

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        tensors = _plain(batch, size, self.vehicles, self.roads, generator)
        liking = _liking(tensors["locs"], self.vehicles, self.pattern, generator)
        penalty = self.weight * (1 - liking)
        penalty[..., : self.vehicles] = 0
        tensors |= {"unit_cost": torch.full_like(tensors["capacity"], 1 - self.weight), "penalty": penalty}
        return TensorDict(tensors, batch_size=[batch], device=generator.device)


@dataclass(frozen=True, slots=True)
class Zones:
    """Generator of PVRP-ZC: hard zones; every client is open to at least one vehicle.

    random: each client is closed to a share of the vehicles, drawn per instance from [0, 2/3). angle: each vehicle is
    closed out of some sectors around the depot. cluster: each vehicle serves the clients nearest to one it likes best,
    as many as two thirds of all.
    """

    pattern: Pattern = "random"
    vehicles: int = 5  # M
    roads: Roads | None = None

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        fleet = self.vehicles
        tensors = _plain(batch, size, fleet, self.roads, generator)
        shape, device = (batch, fleet, fleet + size), generator.device
        if self.pattern == "random":
            share = 2 / 3 * torch.rand(batch, 1, 1, generator=generator, device=device)
            rank = torch.rand(shape, generator=generator, device=device).argsort(dim=1)
            allowed = rank >= (share * fleet).floor()
        elif self.pattern == "angle":
            closed = (
                torch.rand(batch, fleet, fleet, generator=generator, device=device).argsort(dim=-1) < 2 * fleet // 3
            )
            sector = _sector(tensors["locs"], fleet)[:, None].expand(shape)
            allowed = ~closed.gather(2, sector)
        else:
            liking = _liking(tensors["locs"], fleet, "cluster", generator)
            allowed = liking >= liking[..., fleet:].quantile(1 / 3, dim=-1, keepdim=True)
        orphan = ~allowed.any(dim=1, keepdim=True)
        lucky = torch.rand(shape, generator=generator, device=device).argsort(dim=1) == 0
        tensors["allowed"] = allowed | (orphan & lucky)
        return TensorDict(tensors, batch_size=[batch], device=device)


def _plain(batch: int, size: int, fleet: int, roads: Roads | None, generator: Generator) -> dict[str, Tensor]:
    reloads = torch.ones(batch, fleet, dtype=torch.bool, device=generator.device)
    capacity = torch.full((batch, fleet), 40.0, device=generator.device)
    if roads is None:
        places = common_depot(batch, size, fleet, generator)
    else:
        places = _at_one_place(roads(batch, size, generator), fleet)
    return places | {"capacity": capacity, "reloads": reloads}


def _at_one_place(drawn: TensorDict, fleet: int) -> dict[str, Tensor]:
    """Places, ways and demands of instances with one vehicle, for so many at its depot."""
    node = torch.arange(1 - fleet, drawn["locs"].shape[1], device=drawn.device).clamp(min=0)
    ways = drawn["distance"][:, node][:, :, node]
    by_node = {key: drawn[key][:, node] for key in ("locs", "demand")}
    return {**by_node, "distance": ways, "scale": drawn["scale"]}


def _liking(locs: Tensor, fleet: int, pattern: Pattern, generator: Generator) -> Tensor:
    """Preferences [batch, M, N] in [0, 1]; what they say of tokens means nothing."""
    batch, nodes, _ = locs.shape
    if pattern == "random":
        return torch.rand(batch, fleet, nodes, generator=generator, device=locs.device)
    if pattern == "angle":
        return (_sector(locs, fleet)[:, None] == torch.arange(fleet, device=locs.device)[:, None]).float()
    centre = fleet + torch.randint(nodes - fleet, (batch, fleet), generator=generator, device=locs.device)
    centres = locs.gather(1, centre[..., None].expand(-1, -1, 2))
    distance: Tensor = (centres[:, :, None] - locs[:, None]).norm(dim=-1)
    return 1 - distance / math.sqrt(2)


def _sector(locs: Tensor, fleet: int) -> Tensor:
    """Which of M equal sectors around the depot each node is in: [batch, N]."""
    x, y = (locs - locs[:, :1]).unbind(-1)
    turn = torch.atan2(y, x) / (2 * math.pi) % 1
    return (turn * fleet).long().clamp(max=fleet - 1)
