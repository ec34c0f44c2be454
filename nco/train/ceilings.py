"""What a device can do at best, measured: products of matrices and copies. A step's floor is stated against them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Of one device, in its working precision: bfloat16 on a GPU, float32 on a CPU."""

    operations: float  # of products of large square matrices, a second
    bandwidth: float  # bytes read plus bytes written by a copy, a second


def measure_ceilings(device: torch.device) -> Ceilings:
    """Measure both in about a second."""
    gpu = device.type == "cuda"
    size, dtype, length = (8192, torch.bfloat16, 2**30) if gpu else (1024, torch.float32, 2**26)
    matrix = torch.randn(size, size, device=device).to(dtype)
    source, target = (torch.empty(length, dtype=torch.uint8, device=device) for _ in range(2))
    product = seconds(lambda: matrix @ matrix, device, 10)
    copy = seconds(lambda: target.copy_(source), device, 10)
    return Ceilings(2 * size**3 / product, 2 * length / copy)


def seconds(work: Callable[[], object], device: torch.device, repeats: int, warm: int = 2) -> float:
    """Median time of some work, after it has been done `warm` times."""
    times = []
    for _ in range(warm + repeats):
        wait(device)
        began = time.perf_counter()
        work()
        wait(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times[warm:])


def wait(device: torch.device) -> None:
    """Until the device has done all that it was asked for."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
