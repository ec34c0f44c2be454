"""Instances of different variants in one batch: what an instance does not have gets its neutral value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from tensordict import TensorDict
from torch import Generator, Tensor

from ..instances import fleet_size, has
from . import base
from .host import on_host
from .straight import euclidean

#: Key -> its neutral value, by clients and tokens [B, N], by vehicles [B, M] and by both [B, M, N].
BY_NODE = {"pickup": 0.0, "picked_up_at": 0, "opens": 0.0, "closes": math.inf, "service": 0.0, "prize": math.inf}
BY_VEHICLE = {
    "max_distance": math.inf, "max_duration": math.inf, "open": False, "speed": 1.0, "available": math.inf,
    "reloads": False, "unit_cost": 1.0, "fixed_cost": 0.0,
}  # fmt: skip
BY_BOTH = {"allowed": True, "penalty": 0.0}


@dataclass(frozen=True)
class Everything:
    """Every instance is drawn by one of several generators; all get every key, and the tokens of the largest fleet."""

    parts: tuple[base.Generator, ...]

    @on_host
    def __call__(self, batch: int, size: int, generator: Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
        choice = torch.randint(len(self.parts), (batch,), generator=generator, device=generator.device)
        counts = choice.bincount(minlength=len(self.parts)).tolist()
        drawn = [part(max(count, 1), size, generator) for part, count in zip(self.parts, counts, strict=True)]
        tokens = max(map(fleet_size, drawn))
        whole = [neutral(part, tokens)[:count] for part, count in zip(drawn, counts, strict=True)]
        return torch.cat(whole)[choice.argsort().argsort()]


def neutral(instances: TensorDict, tokens: int) -> TensorDict:
    """The same problems with all keys, and M = `tokens`: those that are added may never begin a route."""
    (batch, nodes, _), fleet, device = instances["locs"].shape, fleet_size(instances), instances["locs"].device
    full = instances.clone(recurse=False)
    if not has(full, "distance"):
        full["distance"] = euclidean(instances["locs"])
    if not has(full, "duration"):
        full["duration"], full["time_scale"] = full["distance"], full["scale"]
    if not has(full, "backhaul_last"):
        full["backhaul_last"] = torch.zeros(batch, dtype=torch.bool, device=device)
    shapes = [(BY_NODE, (batch, nodes)), (BY_VEHICLE, (batch, fleet)), (BY_BOTH, (batch, fleet, nodes))]
    for values, shape in shapes:
        for key, value in values.items():
            full[key] = full[key] if has(full, key) else torch.full(shape, value, device=device)
    extra = [0] * (tokens - fleet)
    vehicle = torch.tensor([*range(fleet), *extra], device=device)
    node = torch.tensor([*range(fleet), *extra, *range(fleet, nodes)], device=device)
    return TensorDict({key: _padded(key, full[key], vehicle, node) for key in sorted(full.keys())}, batch_size=[batch])


def _padded(key: str, values: Tensor, vehicle: Tensor, node: Tensor) -> Tensor:
    """One key with the vehicles and nodes of the wider numbering, which come from those of the old one."""
    if key in BY_VEHICLE or key == "capacity":
        padded = values[:, vehicle]
        if key == "available":
            padded[:, int(vehicle.max()) + 1 :] = 0
        return padded
    if key in BY_BOTH:
        return values[:, vehicle][..., node]
    if key in ("distance", "duration"):
        return values[:, node][..., node]
    if key in BY_NODE or key in ("demand", "locs"):
        padded = values[:, node]
        return padded + (padded > 0) * (len(vehicle) - 1 - int(vehicle.max())) if key == "picked_up_at" else padded
    return values  # of the whole problem
