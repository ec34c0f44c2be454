"""Problems on roads, where distances and times depend on the direction: those of Son et al. (2025), "RRNCO".

Every instance draws its places from one of the cities: anywhere, or a random place's nearest ones. Demands in 1..9,
capacity by size; windows and service times in units of an instance's longest travel time; the depot is open for 4.6 of
it. Unlike RRNCO's, a clustered instance has its depot anywhere in the cluster, and coordinates keep their proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.errors import ConfigError, Fault

from .cities import cities
from .host import on_host
from .routefinder import windows

#: Capacity by number of clients, as in RRNCO; elsewhere, and with time windows, 30 + n / 5.
CAPACITY = {10: 20.0, 20: 30.0, 50: 40.0, 100: 50.0, 200: 70.0, 500: 100.0, 1000: 150.0}


class Atlas(NamedTuple):
    """K cities in one: the places of city k are those from number begins[k] on, sizes[k] of them.

    Matrices are flat, city after city and row after row: a host picks numbers of a vector faster than rows and columns.
    """

    xy: Tensor  # [P, 2] in km
    distance: Tensor  # [sum of sizes ** 2] in km
    duration: Tensor  # [sum of sizes ** 2] in minutes
    begins: Tensor  # [K] of places
    starts: Tensor  # [K] of matrices
    sizes: Tensor  # [K]

    def entries(self, city: Tensor, chosen: Tensor) -> Tensor:
        """Where the matrices have the ways between the chosen places [B, N] of cities [B]: [B * N * N]."""
        row = self.starts[city, None] + chosen * self.sizes[city, None]
        return (row[:, :, None] + chosen[:, None]).flatten()


@dataclass(frozen=True, slots=True)
class Roads:
    """Generator of instances on the roads of cities. Units of problems: km and minutes.

    path: a city file or a folder of such (see nco.envs.generators.cities), of which every instance draws one; None: a
    made-up town of 400 places. clustered: share of the instances whose places are near each other. placed: share of
    those whose coordinates are known.
    """

    kind: Literal["atsp", "cvrp", "cvrptw"] = "cvrp"
    path: str | None = None
    clustered: float = 0.0
    placed: float = 1.0

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device; raises ConfigError for a city that is
        no city, or has fewer places.
        """
        device, atlas = generator.device, Atlas._make(part.to(generator.device) for part in _atlas(self.path))
        fewest = int(_atlas(self.path).sizes.min())
        if size >= fewest:
            what = f"{size} clients and a depot are more than the {fewest} places of the city"
            raise ConfigError(Fault("C503", "size", what, "Ask for fewer clients, or give a larger city's file"))
        city = torch.zeros(batch, dtype=torch.long, device=device)
        if len(atlas.sizes) > 1:
            city = torch.randint(len(atlas.sizes), (batch,), generator=generator, device=device)
            city = city.sort().values  # one city's matrices after the other's stay in the cache
        chosen = self._places(city, size + 1, atlas, generator)
        xy = atlas.xy[atlas.begins[city, None] + chosen]
        corner = xy.amin(dim=1, keepdim=True)
        scale = (xy - corner).flatten(1).amax(dim=1)
        entries, square = atlas.entries(city, chosen), (batch, size + 1, size + 1)
        distance = atlas.distance.index_select(0, entries).view(square)
        demand = torch.randint(1, 10, (batch, size + 1), generator=generator, device=device).float()
        demand[:, 0] = 0
        capacity = CAPACITY.get(size, 30.0 + size // 5) if self.kind == "cvrp" else 30.0 + size // 5
        tensors = {
            "locs": (xy - corner) / scale[:, None, None],
            "distance": distance.div_(scale[:, None, None]),
            "demand": demand,
            "capacity": torch.full((batch, 1), capacity, device=device),
            "scale": scale,
        }
        if self.kind == "atsp":
            tensors |= {"demand": torch.zeros_like(demand), "available": torch.ones(batch, 1, device=device)}
        if self.kind == "cvrptw":
            tensors |= _timed(atlas.duration.index_select(0, entries).view(square), generator)
        if self.placed < 1:
            tensors["placed"] = torch.rand(batch, generator=generator, device=device) < self.placed
        return TensorDict(tensors, batch_size=[batch], device=device)

    def _places(self, city: Tensor, count: int, atlas: Atlas, generator: Generator) -> Tensor:
        """Numbers [batch, count] of different places of cities [batch], in random order."""
        batch, most, device = len(city), int(_atlas(self.path).sizes.max()), city.device
        place = torch.arange(most, device=device)
        inside = place < atlas.sizes[city, None]
        order = torch.rand(batch, most, generator=generator, device=device)
        anywhere = order.masked_fill(~inside, -1.0).topk(count, dim=1).indices
        if not self.clustered:
            return anywhere
        draw, close = torch.rand(2, batch, generator=generator, device=device)
        number = (atlas.begins[city, None] + place).clamp(max=len(atlas.xy) - 1)
        centre = (draw * atlas.sizes[city]).long().clamp(max=atlas.sizes[city] - 1)
        gap = (atlas.xy[number] - atlas.xy[atlas.begins[city] + centre][:, None]).norm(dim=-1)
        near = gap.masked_fill(~inside, torch.inf).topk(count, dim=1, largest=False).indices
        near = near.gather(1, order[:, :count].argsort(dim=1))
        return torch.where((close < self.clustered)[:, None], near, anywhere)


@cache
def _atlas(path: str | None) -> Atlas:
    """The cities of a path, on the CPU."""
    found = cities(path)
    sizes = torch.tensor([len(city.xy) for city in found])
    xy = torch.cat([city.xy for city in found])
    distance, duration = (torch.cat([city[k].flatten() for city in found]) for k in (1, 2))
    begins, starts = (many.cumsum(dim=0) - many for many in (sizes, sizes**2))
    return Atlas(xy, distance, duration, begins, starts, sizes)


def _timed(times: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Travel times [batch, N, N] in minutes in units of the longest, that unit, and windows that both ways leave time
    for."""
    unit = times.flatten(1).amax(dim=1)
    times.div_(unit[:, None, None])
    there, back = times[:, 0, 1:], times[:, 1:, 0]
    longer = torch.maximum(there, back)
    tensors = windows(longer.clamp(min=1e-6), 1, generator)
    shift = torch.nn.functional.pad(longer - there, (1, 0))
    return tensors | {
        "duration": times,
        "time_scale": unit,
        "opens": (tensors["opens"] - shift).clamp(min=0.0),
        "closes": tensors["closes"] - shift,
    }
