"""Optional clients: the prize-collecting CVRP, in which what is left out costs its prize.

The uniform CVRP of Kool et al. (2019), with prizes as their prize-collecting TSP draws penalties: uniform between 0 and
3 L / n, where L is the length of a good solution with all clients. There L is a table for tours; here it is the
estimate of Daganzo (1984), "The distance traveled to visit N points with a maximum of C stops per vehicle".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator

from .host import on_host
from .uniform import Uniform

MEAN_DISTANCE = 0.5214  # of two points in the unit square
MEAN_DEMAND = 5.0


@dataclass(frozen=True, slots=True)
class Prizes:
    """Generator of uniform instances in which every client is optional."""

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        instances = Uniform()(batch, size, generator)
        length = typical_length(size, float(instances["capacity"][0, 0]))
        prize = 3 * length / size * torch.rand(batch, 1 + size, generator=generator, device=generator.device)
        prize[:, 0] = torch.inf
        instances["prize"] = prize
        return instances


def typical_length(size: int, capacity: float) -> float:
    """Length of good routes to `size` uniform clients: two ways per vehicle load, and a tour."""
    return 2 * MEAN_DISTANCE * size * MEAN_DEMAND / capacity + 0.57 * math.sqrt(size)
