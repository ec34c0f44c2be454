"""All kinds of problems in one distribution: every batch draws one of several, and has all attributes.

Attributes that a problem does not have get their neutral values, so that one environment and one policy run them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from tensordict import TensorDict

from ..instances import fleet_size, has
from .base import Generator


@dataclass(frozen=True)
class Unified:
    """A mixture whose instances all have the attributes of RouteFinder's variants."""

    parts: tuple[tuple[Generator, float], ...]  # with their weights, which need not sum to one

    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] from one of the parts."""
        weights = torch.tensor([weight for _, weight in self.parts], device=generator.device)
        choice = int(torch.multinomial(weights, 1, generator=generator))
        return completed(self.parts[choice][0](batch, size, generator))


def completed(instances: TensorDict) -> TensorDict:
    """The same problems with neutral values for the attributes that they do not have."""
    demand, fleet = instances["demand"], fleet_size(instances)
    zeros, never = torch.zeros_like(demand), torch.full_like(demand, torch.inf)
    neutral = {
        "pickup": zeros,
        "backhaul_last": torch.zeros_like(instances["scale"], dtype=torch.bool),
        "opens": zeros,
        "closes": never,
        "service": zeros,
        "max_distance": never[:, :fleet],
        "open": torch.zeros_like(instances["capacity"], dtype=torch.bool),
    }
    full = instances.clone(recurse=False)
    full.update({key: values for key, values in neutral.items() if not has(instances, key)})
    return full
