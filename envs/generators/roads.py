"""Problems on roads, where distances and times depend on the direction: those of Son et al. (2025), "RRNCO".

Every instance draws its places from a city: anywhere, or a random place's nearest ones. Demands in 1..9, capacity by
size; windows and service times in units of an instance's longest travel time, of which the depot is open for 4.6.
Unlike RRNCO's, a clustered instance has its depot anywhere in the cluster, and coordinates keep their proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from nco.errors import ConfigError, Fault

from .cities import city
from .host import on_host
from .routefinder import windows

#: Capacity by number of clients, as in RRNCO; elsewhere, and with time windows, 30 + n / 5.
CAPACITY = {10: 20.0, 20: 30.0, 50: 40.0, 100: 50.0, 200: 70.0, 500: 100.0, 1000: 150.0}


@dataclass(frozen=True, slots=True)
class Roads:
    """Generator of instances on a city's roads. Units of problems: km and minutes.

    path: a city file (see nco.envs.generators.cities); None: a made-up town of 400 places.
    """

    kind: Literal["atsp", "cvrp", "cvrptw"] = "cvrp"
    path: str | None = None
    clustered: bool = False

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device; raises ConfigError for a city that is
        no city, or has fewer places.
        """
        device = generator.device
        xy, distance, duration = (tensor.to(device) for tensor in city(self.path))
        if size >= len(xy):
            what = f"{size} clients and a depot are more than the {len(xy)} places of the city"
            raise ConfigError(Fault("C503", "size", what, "Ask for fewer clients, or give a larger city's file"))
        chosen = self._places(batch, size + 1, xy, generator)
        corner = xy[chosen].amin(dim=1, keepdim=True)
        scale = (xy[chosen] - corner).flatten(1).amax(dim=1)
        ways, times = (matrix[chosen[:, :, None], chosen[:, None]] for matrix in (distance, duration))
        demand = torch.randint(1, 10, (batch, size + 1), generator=generator, device=device).float()
        demand[:, 0] = 0
        capacity = CAPACITY.get(size, 30.0 + size // 5) if self.kind == "cvrp" else 30.0 + size // 5
        tensors = {
            "locs": (xy[chosen] - corner) / scale[:, None, None],
            "distance": ways / scale[:, None, None],
            "demand": demand,
            "capacity": torch.full((batch, 1), capacity, device=device),
            "scale": scale,
        }
        if self.kind == "atsp":
            tensors |= {"demand": torch.zeros_like(demand), "available": torch.ones(batch, 1, device=device)}
        if self.kind == "cvrptw":
            tensors |= _timed(times, generator)
        return TensorDict(tensors, batch_size=[batch], device=device)

    def _places(self, batch: int, count: int, xy: Tensor, generator: Generator) -> Tensor:
        """Numbers [batch, count] of different places in random order."""
        order = torch.rand(batch, len(xy), generator=generator, device=xy.device)
        if not self.clustered:
            return order.topk(count, dim=1).indices
        centre = torch.randint(len(xy), (batch,), generator=generator, device=xy.device)
        near: Tensor = (xy[centre][:, None] - xy).norm(dim=-1).topk(count, dim=1, largest=False).indices
        return near.gather(1, order[:, :count].argsort(dim=1))


def _timed(times: Tensor, generator: Generator) -> dict[str, Tensor]:
    """Travel times [batch, N, N] in minutes in units of the longest, that unit, and windows that both ways leave time
    for."""
    unit = times.flatten(1).amax(dim=1)
    times = times / unit[:, None, None]
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
