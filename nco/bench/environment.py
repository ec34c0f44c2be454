"""What a figure was measured on: versions and devices. Imports none of the packages it asks about."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

#: Packages that results depend on, by distribution name, and those of the extra 'train'.
PACKAGES = ("torch", "tensordict", "numpy", "ortools", "pyvrp", "vrplib")
EXTRA = ("lightning", "hydra-core", "rl4co")


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Version of nco, Python and these packages."""
    return {
        "nco": metadata.version("nco-vrp"),
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def devices() -> dict[str, str]:
    """System, processor, usable cores and graphics processors."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _processor(),
        "cores": str(cores()),
        "gpu": _graphics(),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed (pip install 'nco-vrp[train]')" if name in EXTRA else "not installed"


def _processor() -> str:
    """Model name as Linux gives it, else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _graphics() -> str:
    """Graphics processors as NVIDIA's own tool lists them: asking torch would take seconds."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none found"
    query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        listed = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20).stdout
    except (OSError, subprocess.SubprocessError):
        return "none found"
    return "; ".join(line.strip() for line in listed.splitlines()) or "none found"


def cores() -> int:
    """Processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
