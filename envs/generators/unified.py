"""All kinds of problems in one distribution: every batch draws one of several, and has all attributes.

Attributes that a problem does not have get their neutral values, so that one environment and one policy run them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict

from ..instances import fleet_size, has
from .base import Generator
from .everything import BY_NODE, BY_VEHICLE
from .host import choose, on_host
from .profiled import equipped
from .straight import euclidean

#: Attributes of the unified environment, by nodes and by vehicles.
NODE, VEHICLE = ("pickup", "opens", "closes", "service"), ("max_distance", "open")


@dataclass(frozen=True)
class Unified:
    """A mixture whose instances all have the attributes of RouteFinder's variants."""

    parts: tuple[tuple[Generator, float], ...]  # with their weights, which need not sum to one

    @on_host
    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] from one of the parts."""
        choice = choose([weight for _, weight in self.parts], generator)
        return completed(self.parts[choice][0](batch, size, generator))


def completed(instances: TensorDict) -> TensorDict:
    """The same problems with neutral values for those of these attributes that they do not have."""
    (batch, nodes, _), fleet = instances["locs"].shape, fleet_size(instances)
    full = equipped(instances)
    if not has(full, "distance"):
        full["distance"] = euclidean(full["locs"])
    if not has(full, "backhaul_last"):
        full["backhaul_last"] = torch.zeros_like(instances["scale"], dtype=torch.bool)
    for keys, values, shape in ((NODE, BY_NODE, (batch, nodes)), (VEHICLE, BY_VEHICLE, (batch, fleet))):
        for key in keys:
            if not has(full, key):
                full[key] = torch.full(shape, values[key], device=instances["locs"].device)
    return full
