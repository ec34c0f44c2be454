"""Several trips a vehicle: a small fleet refills and sets out again, within one limit or shift for all trips together.

After Taillard, Laporte & Gendreau (1996), "Vehicle routeing with multiple use of vehicles", whose vehicles share out
1.1 times the length of a good solution, and with time windows Cattaruzza, Absi & Feillet (2016), "Vehicle routing
problems with multiple trips". Both ask for all clients; here a client that no vehicle serves goes by courier, at the
price of a return trip, so that there always is a solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from .fleet import common_depot
from .host import on_host
from .prizes import typical_length
from .routefinder import windows


@dataclass(frozen=True, slots=True)
class Trips:
    """Generator of multi-trip instances: uniform places, demands in 1..9, capacity 30 + n / 5.

    timed: RouteFinder's windows and service times bound the trips of a vehicle; else a limit of their length.
    """

    timed: bool = False
    vehicles: int = 5  # M

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device, fleet, capacity = generator.device, self.vehicles, 30.0 + size // 5
        tensors = common_depot(batch, size, fleet, generator)
        to_depot = (tensors["locs"][:, fleet:] - tensors["locs"][:, :1]).norm(dim=-1)
        courier = torch.full((batch, fleet + size), torch.inf, device=device)
        courier[:, fleet:] = 2 * to_depot
        tensors |= {
            "capacity": torch.full((batch, fleet), capacity, device=device),
            "reloads": torch.ones(batch, fleet, dtype=torch.bool, device=device),
            "available": torch.ones(batch, fleet, device=device),
            "prize": courier,
        }
        if self.timed:
            tensors |= windows(to_depot, fleet, generator)
        else:
            share = 1.1 * typical_length(size, capacity) / fleet
            farthest = 2 * to_depot.amax(dim=1, keepdim=True) + 1e-4  # out of the reach of rounding
            tensors["max_distance"] = farthest.clamp(min=share).expand(-1, fleet)
        return TensorDict(tensors, batch_size=[batch], device=device)
