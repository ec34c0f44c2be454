"""Vehicles that differ, in one distribution: preferences, zones, capacities and speeds, weighed differently.

The number of vehicles is one for each batch; who the vehicles are and what counts how much, one for each instance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from tensordict import TensorDict
from torch import Tensor

from ..instances import fleet_size, has
from .fleet import Fleet
from .host import on_host
from .profiles import Preferences, Zones

#: Kind -> its share of the instances: preferences, zones, then a fleet of several kinds.
PARTS: dict[Preferences | Zones | Fleet, float] = {
    Preferences("random"): 0.22, Preferences("angle"): 0.22, Preferences("cluster"): 0.22,
    Zones("random"): 0.08, Zones("angle"): 0.08, Zones("cluster"): 0.08, Fleet(): 0.1,
}  # fmt: skip
#: Shares of instances whose weight of preferences is the usual one of CAMP, and any in [0, 1); others: in [0, 1/2).
USUAL, SHARES = 0.2, (0.25, 0.1)


@dataclass(frozen=True, slots=True)
class Profiled:
    """Every instance is drawn by one of the generators of PARTS."""

    fewest: int = 3  # M
    most: int = 7

    @on_host
    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device = generator.device
        fleet = int(torch.randint(self.fewest, self.most + 1, (1,), generator=generator, device=device))
        shares = torch.tensor(list(PARTS.values()), device=device)
        kinds = torch.multinomial(shares, batch, replacement=True, generator=generator)
        counts = kinds.bincount(minlength=len(PARTS)).tolist()
        parts = [
            equipped(_drawn(replace(part, vehicles=fleet), count, size, generator))
            for part, count in zip(PARTS, counts, strict=True)
            if count
        ]
        return torch.cat(parts)


def equipped(instances: TensorDict) -> TensorDict:
    """The same problems with unit costs, penalties and zones, neutral where they had none."""
    full, fleet = instances.clone(recurse=False), fleet_size(instances)
    shape, device = (len(instances), fleet, instances["locs"].shape[1]), instances["locs"].device
    if not has(full, "unit_cost"):
        full["unit_cost"] = torch.ones(shape[:2], device=device)
    if not has(full, "penalty"):
        full["penalty"] = torch.zeros(shape, device=device)
    if not has(full, "allowed"):
        full["allowed"] = torch.ones(shape, dtype=torch.bool, device=device)
    return full


def _drawn(part: Preferences | Zones | Fleet, count: int, size: int, generator: torch.Generator) -> TensorDict:
    if not isinstance(part, Preferences):
        return part(count, size, generator)
    instances, weight = replace(part, weight=1.0)(count, size, generator), _weights(count, generator)
    instances["unit_cost"] = (1 - weight)[:, None].expand_as(instances["capacity"]).contiguous()
    instances["penalty"] = instances["penalty"] * weight[:, None, None]
    return instances


def _weights(count: int, generator: torch.Generator) -> Tensor:
    """Weights of preferences [count]."""
    kind, value = torch.rand(2, count, generator=generator, device=generator.device)
    usual, any_of_all = SHARES
    return torch.where(kind < usual, USUAL, torch.where(kind < usual + any_of_all, value, value / 2))
