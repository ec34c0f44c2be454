"""CVRP instances in the manner of the X set: Uchoa et al. (2017), "New benchmark instances for the CVRP", section 4.

On a grid of 1000 x 1000: depot central, eccentric or random; clients random, clustered or half and half; seven demand
distributions; the average route length r drawn from a triangular distribution sets the capacity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from .host import on_host

GRID = 1000.0
#: Ranges of demand kinds 0 to 4. Kind 5 takes the last two by quadrant, kind 6 takes 1 (many small) or 4 (few large).
RANGES = torch.tensor([[1, 1], [1, 10], [5, 10], [1, 100], [50, 100], [1, 50], [51, 100]], dtype=torch.float32)


@dataclass(frozen=True, slots=True)
class Uchoa:
    """Generator of X-like instances; each instance of a batch draws its own depot, clustering, demand and r."""

    decay: float = 40.0  # length on the grid over which a cluster thins out
    shortest: float = 3.0  # r is triangular on (shortest, likeliest, longest) clients a route
    likeliest: float = 6.0
    longest: float = 25.0

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        clients = self._clients(batch, size, generator)
        locs = torch.cat([_depots(batch, generator)[:, None], clients], dim=1) / GRID
        demand = _demands(clients, generator)
        route = self._route_length(batch, generator)
        capacity = torch.maximum((route * demand.mean(dim=1)).ceil(), demand.amax(dim=1))
        tensors = {
            "locs": locs,
            "demand": torch.cat([torch.zeros_like(demand[:, :1]), demand], dim=1),
            "capacity": capacity[:, None],
            "scale": torch.ones(batch, device=locs.device),
        }
        return TensorDict(tensors, batch_size=[batch], device=locs.device)

    def _clients(self, batch: int, size: int, generator: Generator) -> Tensor:
        """Clients [batch, size, 2]: the first `centres` are cluster seeds, the others surround a seed or nothing."""
        uniform = _rand(generator, batch, size, 2) * GRID
        kind = _randint(generator, 3, batch)  # 0 random, 1 clustered, 2 half random half clustered
        free = (kind == 0)[:, None] | ((kind == 2)[:, None] & (_rand(generator, batch, size) < 0.5))
        centres = 3 + _randint(generator, 6, batch)
        chosen = (_rand(generator, batch, size) * centres[:, None]).long()
        seed = uniform.gather(1, chosen.clamp(max=size - 1)[..., None].expand(-1, -1, 2))
        # density proportional to exp(-distance / decay) around a seed: the radius is the sum of two exponentials
        tries = 4  # the first of some draws that falls inside the grid
        radius = -self.decay * (_rand(generator, batch, size, tries, 2).clamp(min=1e-9).log()).sum(-1)
        angle = 2 * math.pi * _rand(generator, batch, size, tries)
        around = seed[:, :, None] + radius[..., None] * torch.stack([angle.cos(), angle.sin()], dim=-1)
        inside = ((around >= 0) & (around <= GRID)).all(dim=-1)
        first = inside.float().argmax(dim=-1)
        around = around.gather(2, first[..., None, None].expand(-1, -1, 1, 2))[:, :, 0].clamp(0, GRID)
        is_seed = torch.arange(size, device=uniform.device) < centres[:, None]
        return torch.where((free | is_seed)[..., None], uniform, around).round()

    def _route_length(self, batch: int, generator: Generator) -> Tensor:
        """Triangular r by inversion of its distribution function."""
        low, mode, high = self.shortest, self.likeliest, self.longest
        u = _rand(generator, batch)
        rising = low + (u * (high - low) * (mode - low)).sqrt()
        falling = high - ((1 - u) * (high - low) * (high - mode)).sqrt()
        return torch.where(u < (mode - low) / (high - low), rising, falling)


def _depots(batch: int, generator: Generator) -> Tensor:
    """Depots [batch, 2]: central, in the corner, or random."""
    kind = _randint(generator, 3, batch)[:, None]
    anywhere = (_rand(generator, batch, 2) * GRID).round()
    return torch.where(kind == 0, GRID / 2, torch.where(kind == 1, 0.0, anywhere))


def _demands(clients: Tensor, generator: Generator) -> Tensor:
    """Demands [batch, size] of one of seven kinds per instance."""
    batch, size, _ = clients.shape
    kind = _randint(generator, 7, batch)[:, None]
    ranges = RANGES.to(clients.device)
    odd = (clients[..., 0] < GRID / 2) == (clients[..., 1] < GRID / 2)  # the first and the third quadrant
    share = 0.7 + 0.25 * _rand(generator, batch, 1)
    small = _rand(generator, batch, size) < share
    row = torch.where(kind == 5, torch.where(odd, 6, 5), torch.where(kind == 6, torch.where(small, 1, 4), kind))
    low, high = ranges[row].unbind(-1)
    return low + (_rand(generator, batch, size) * (high - low + 1)).floor()


def _rand(generator: Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator, device=generator.device)


def _randint(generator: Generator, high: int, batch: int) -> Tensor:
    return torch.randint(high, (batch,), generator=generator, device=generator.device)
