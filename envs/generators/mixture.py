"""A mixture of distributions: every batch draws one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from tensordict import TensorDict

from .base import Generator
from .host import choose, on_host


@dataclass(frozen=True)
class Mixture:
    """Generators with their weights; the weights need not sum to one."""

    parts: Mapping[Generator, float]

    @on_host
    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] from one of the parts."""
        choice = choose(tuple(self.parts.values()), generator)
        return list(self.parts)[choice](batch, size, generator)
