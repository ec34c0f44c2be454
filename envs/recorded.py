"""Work on fixed tensors, launched as one: a CUDA graph, recorded once and replayed.

A step of an environment is some tens of small kernels; launching them one by one costs more than running them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils._pytree import tree_leaves


def recorded(work: Callable[[], None], device: torch.device) -> Callable[[], None]:
    """What does the same as `work`, in one launch on a CUDA device; elsewhere `work` itself.

    `work` reads and writes the same tensors in every call and never waits for the device. It is run while it is
    recorded: give its tensors their values afterwards.
    """
    if device.type != "cuda":
        return work
    with torch.cuda.device(device):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):  # warm-up: libraries allocate their workspaces outside the graph
                work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=side, capture_error_mode="thread_local"):  # others go on meanwhile
            work()
    return graph.replay


def overwrite(targets: object, sources: object) -> None:
    """Copy every tensor of one structure into the same place of another; those that are the same stay."""
    for target, source in zip(tree_leaves(targets), tree_leaves(sources), strict=True):
        if target is not source:
            target.copy_(source)
