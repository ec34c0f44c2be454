"""Drivers' shifts: time windows, and a limit of the time from leaving to returning that is shorter than the day.

RouteFinder's VRPTW with a limit of every route's duration, as in Cordeau, Laporte & Mercier (2001), "A unified tabu
search heuristic for vehicle routing problems with time windows": who leaves later waits less and lasts longer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from .host import on_host
from .routefinder import HORIZON, RouteFinder

EDGE = 1e-3  # time to spare, out of the reach of rounding


@dataclass(frozen=True, slots=True)
class Shifts:
    """Generator of VRPTW instances with shifts: a share of the day, or what the client that takes longest needs."""

    share: float = 0.4  # of the time that the depot is open

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        instances = RouteFinder({"TW": 1.0})(batch, size, generator)
        alone = instances["distance"][:, 0] + instances["service"] + instances["distance"][:, :, 0]
        longest = alone.amax(dim=1, keepdim=True) + EDGE
        instances["max_duration"] = torch.clamp(longest, min=self.share * HORIZON)
        return instances
