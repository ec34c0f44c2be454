"""Which device a solver runs on."""

from __future__ import annotations

import ctypes
import sys

from nco.errors import Fault, SolverError, did_you_mean

DEVICES = ("auto", "cpu", "cuda")


def wants_gpu(device: str, auto: bool = False) -> bool:
    """Whether a name of a device means a GPU; "auto" does where there is one, if `auto` says so.

    Raises SolverError (U305) for one that is unknown or not there.
    """
    if device not in DEVICES:
        raise SolverError(Fault("U305", "device", f"'{device}' is unknown", did_you_mean(device, DEVICES)))
    if device == "cpu" or (device == "auto" and not (auto and _has_driver())):
        return False
    import torch  # two seconds

    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        what = "this machine or this PyTorch has no CUDA device"
        raise SolverError(Fault("U305", "device", what, "Use device='cpu'"))
    return there


def _has_driver() -> bool:
    """Whether the library of NVIDIA's driver is there; without it importing torch to ask is a waste."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def gpus(device: str) -> list[str]:
    """The GPUs that a name of a device means, "auto" all that there are; raises SolverError as `wants_gpu`."""
    if not wants_gpu(device, auto=True):
        return []
    import torch

    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
