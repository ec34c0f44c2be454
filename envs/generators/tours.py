"""Travelling salesmen: one vehicle, no load; places in the unit square, or a random asymmetric matrix.

The matrices are those of Kwon et al. (2021), "Matrix Encoding Networks for Neural Combinatorial Optimization": uniform
entries, shortened until no detour is shorter.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from .host import on_host

#: Matrices that are shortened together.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Tours:
    """Generator of TSP instances: node 0 is where the tour starts and ends; `size` counts the others."""

    asymmetric: bool = False

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        device, nodes = generator.device, size + 1
        tensors = {
            "locs": torch.zeros(batch, nodes, 2, device=device),
            "demand": torch.zeros(batch, nodes, device=device),
            "capacity": torch.ones(batch, 1, device=device),
            "available": torch.ones(batch, 1, device=device),
            "scale": torch.ones(batch, device=device),
        }
        if self.asymmetric:
            tensors["distance"] = _shortest(torch.rand(batch, nodes, nodes, generator=generator, device=device))
        else:
            tensors["locs"] = torch.rand(batch, nodes, 2, generator=generator, device=device)
        return TensorDict(tensors, batch_size=[batch], device=device)


def _shortest(distance: Tensor) -> Tensor:
    """Lengths of the shortest paths [batch, N, N]: Floyd and Warshall, all pairs at once for each node between.

    In place, and a few instances at a time: as many as stay in a core's cache.
    """
    distance.diagonal(dim1=1, dim2=2).zero_()
    for part in distance.split(AT_ONCE):
        for between in range(distance.shape[-1]):
            torch.minimum(part, part[:, :, between, None] + part[:, None, between], out=part)
    return distance
