"""The variants of Berto et al. (2024), "RouteFinder: Towards Foundation Models for Vehicle Routing Problems".

Uniform places, capacity 30 + n / 5, demands in 1..9; any of: open routes (O), backhauls (B, or MB when deliveries and
pickups may mix), a limit on the route's length (L), time windows (TW); one depot or several (MD). Limits and windows
leave every client within reach of every depot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from .host import on_host
from .straight import euclidean

HORIZON = 4.6  # when the depot closes; speed is 1
LONGEST = 2.8  # largest limit of a route's length


@dataclass(frozen=True)
class RouteFinder:
    """Generator of instances with some attributes: letters of "O", "B", "MB", "L", "TW" and their probabilities.

    Every instance of a batch draws its own attributes; those it does not have get their neutral values. An instance
    with both B and MB is mixed.
    """

    attributes: Mapping[str, float] = field(default_factory=dict)
    depots: int = 1  # M: 3 in the multi-depot variants

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device = generator.device
        locs = torch.rand(batch, self.depots + size, 2, generator=generator, device=device)
        tensors = {
            "locs": locs,
            "distance": euclidean(locs),
            "capacity": torch.full((batch, self.depots), 30.0 + size // 5, device=device),
            "scale": torch.ones(batch, device=device),
        }
        has = {name: _chance(share, batch, generator) for name, share in self.attributes.items()}
        never = torch.zeros(batch, dtype=torch.bool, device=device)
        mixed = has.get("MB", never)
        tensors |= _demands(locs, self.depots, has.get("B", never) | mixed, generator)
        to_depot = tensors["distance"][:, self.depots :, : self.depots].amax(dim=-1)  # the farthest
        if {"B", "MB"} & has.keys():
            tensors["backhaul_last"] = has.get("B", never) & ~mixed
        else:
            del tensors["pickup"]
        if "O" in has:
            tensors["open"] = has["O"][:, None].expand(-1, self.depots)
        if "TW" in has:
            absent = ~has["TW"][:, None]
            for key, values in windows(to_depot, self.depots, generator).items():
                tensors[key] = values.masked_fill(absent, torch.inf if key == "closes" else 0.0)
        if "L" in has:
            limit = _limit(to_depot, generator).masked_fill(~has["L"], torch.inf)
            tensors["max_distance"] = limit[:, None].expand(-1, self.depots)
        return TensorDict(tensors, batch_size=[batch], device=device)


def _chance(share: float, batch: int, generator: Generator) -> Tensor:
    return torch.rand(batch, generator=generator, device=generator.device) < share


def _demands(locs: Tensor, depots: int, backhauls: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Deliveries and pickups [batch, N]: a fifth of the clients are pickups where there are backhauls."""
    shape, device = locs.shape[:2], generator.device
    amount = torch.randint(1, 10, shape, generator=generator, device=device).float()
    amount[:, :depots] = 0
    back = (torch.rand(shape, generator=generator, device=device) < 0.2) & backhauls[:, None]
    return {"demand": amount.masked_fill(back, 0.0), "pickup": amount.masked_fill(~back, 0.0)}


def windows(to_depot: Tensor, depots: int, generator: Generator) -> dict[str, Tensor]:
    """Windows and service times [batch, N]; every client can be served by a route of its own (Liu et al. 2024)."""
    draw = torch.rand(3, *to_depot.shape, generator=generator, device=to_depot.device)
    service, length = 0.15 + 0.03 * draw[0], 0.18 + 0.02 * draw[1]
    latest = (HORIZON - service - length) / to_depot - 1  # a start at latest * to_depot still lets the vehicle get home
    start = (1 + (latest - 1) * draw[2]) * to_depot
    depot = torch.zeros(len(start), depots, device=start.device)
    return {
        "opens": torch.cat([depot, start], dim=1),
        "closes": torch.cat([depot + HORIZON, start + length], dim=1),
        "service": torch.cat([depot, service], dim=1),
    }


def _limit(to_depot: Tensor, generator: Generator) -> Tensor:
    """Limits [batch], uniform between what the farthest client needs and the largest."""
    least = 2 * to_depot.amax(dim=1) + 1e-4  # out of the reach of rounding
    share = torch.rand(len(least), generator=generator, device=least.device)
    return least + share * (LONGEST - least).clamp(min=0.0)
