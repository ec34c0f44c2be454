"""Random numbers that the host needs to know: drawn without waiting for the device of the generator.

Reading a number that a GPU has drawn waits until the GPU has done all that was asked of it before.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

#: Offsets of CUDA's generators are multiples of this.
STRIDE = 4


def fresh_seed(generator: torch.Generator) -> int:
    """A number below 2**31, a new one each time; on an accelerator made of the generator's seed and offset."""
    host = generator
    if generator.device.type != "cpu":
        offset = generator.get_offset()
        generator.set_offset(offset + STRIDE)
        host = torch.Generator().manual_seed((generator.initial_seed() * 0x9E3779B97F4A7C15 + offset) % 2**63)
    return int(torch.randint(2**31, (), generator=host))


def choose(weights: Sequence[float], generator: torch.Generator) -> int:
    """An index, drawn with these weights, which need not sum to one."""
    host = generator if generator.device.type == "cpu" else torch.Generator().manual_seed(fresh_seed(generator))
    return int(torch.multinomial(torch.tensor(weights), 1, generator=host))
