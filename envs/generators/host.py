"""Random numbers come from the host: the same problems on every device, and no wait for what a device has drawn.

Every kind of device has random numbers of its own; those of the host are the same wherever it is. Reading a number that
a GPU has drawn also waits until the GPU has done all that was asked of it before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import TypeVar, cast

import torch
from tensordict import TensorDict

#: Offsets of CUDA's generators are multiples of this.
STRIDE = 4

Call = TypeVar("Call", bound=Callable[..., TensorDict])


def on_host(call: Call) -> Call:
    """For `__call__` of a generator of problems: draw on the host, and move to the device what was drawn."""

    @wraps(call)
    def drawn(self: object, batch: int, size: int, generator: torch.Generator) -> TensorDict:
        if generator.device.type == "cpu":
            return call(self, batch, size, generator)
        return call(self, batch, size, twin(generator)).to(generator.device)

    return cast(Call, drawn)


def twin(generator: torch.Generator) -> torch.Generator:
    """The host's generator of the same seed, as far as an accelerator's one has come.

    A second batch is the second one of the host, too. Where something else was drawn in between, or a state was set,
    what follows is made of seed and offset: the same every time, but not what the host would draw.
    """
    seed, offset, known = generator.initial_seed(), generator.get_offset(), _twin(generator)
    if known.goes_on_at != (seed, offset):
        known.host.manual_seed(_mixed(seed, offset) if offset else seed)
    known.goes_on_at = seed, offset + STRIDE
    generator.set_offset(offset + STRIDE)
    return known.host


@dataclass(slots=True)
class _Twin:
    host: torch.Generator = field(default_factory=torch.Generator)
    goes_on_at: tuple[int, int] | None = None  # seed and offset of the accelerator's


@lru_cache(maxsize=64)  # PyTorch's generators cannot carry it, and older ones take no weak references
def _twin(_: torch.Generator) -> _Twin:
    """The one that belongs to a generator of an accelerator."""
    return _Twin()


def fresh_seed(generator: torch.Generator) -> int:
    """A number below 2**31, a new one each time; on an accelerator made of the generator's seed and offset."""
    host = generator
    if generator.device.type != "cpu":
        offset = generator.get_offset()
        generator.set_offset(offset + STRIDE)
        host = torch.Generator().manual_seed(_mixed(generator.initial_seed(), offset))
    return int(torch.randint(2**31, (), generator=host))


def choose(weights: Sequence[float], generator: torch.Generator) -> int:
    """An index, drawn with these weights, which need not sum to one, by a generator of the host."""
    return int(torch.multinomial(torch.tensor(weights), 1, generator=generator))


def _mixed(seed: int, offset: int) -> int:
    return (seed * 0x9E3779B97F4A7C15 + offset) % 2**63
