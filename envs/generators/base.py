"""What a generator is: a distribution of problems."""

from __future__ import annotations

from typing import Protocol

import torch
from tensordict import TensorDict


class Generator(Protocol):
    """Draws instances: the same seed gives the same ones, `on_host` on every device."""

    def __call__(self, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        """Instances [batch] with `size` clients each, on the generator's device."""
