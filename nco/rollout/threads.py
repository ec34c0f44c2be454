"""How many threads PyTorch may use on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Keep PyTorch to so many threads; None leaves it as it is.

    A step's tensors are small, and waiting for a second thread costs more than it helps: measured on two cores, about
    the same speed when they are idle and a tenth of it when they are busy.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(before if count is None else count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
