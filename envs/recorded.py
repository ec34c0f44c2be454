"""Work on fixed tensors, launched as one: a CUDA graph, recorded once and replayed.

A step of an environment is some tens of small kernels; launching them one by one costs more than running them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.utils._pytree import tree_leaves

Work = Callable[[], None]


def recorded(work: Work, device: torch.device) -> Work:
    """What does the same as `work`, in one launch on a CUDA device; elsewhere `work` itself.

    `work` reads and writes the same tensors in every call and never waits for the device. It is run while it is
    recorded: give its tensors their values afterwards.
    """
    return recorded_in_turn([work], device)[0]


class Room:
    """Memory in which works are recorded: that of one work's own use is the next one's too.

    What one of them leaves holds until another that was recorded in the same room is done.
    """

    def __init__(self, device: torch.device) -> None:
        with torch.cuda.device(device):
            self.stream, self.pool = torch.cuda.Stream(), torch.cuda.graph_pool_handle()


def recorded_in_turn(works: Sequence[Work], device: torch.device, room: Room | None = None) -> list[Work]:
    """The same for works that are always done one after the other: each may use what those before it have left.

    Raises RuntimeError where one of them waits for the device.
    """
    if device.type != "cuda":
        return list(works)
    room = Room(device) if room is None else room
    with torch.cuda.device(device):
        main, side, pool = torch.cuda.current_stream(), room.stream, room.pool
        graphs = [torch.cuda.CUDAGraph() for _ in works]
        side.wait_stream(main)
        try:
            with torch.cuda.stream(side):
                for _ in range(2):  # warm-up: libraries allocate their workspaces outside the graphs
                    for work in works:
                        work()
            main.wait_stream(side)
            for work, graph in zip(works, graphs, strict=True):  # other threads go on meanwhile
                with torch.cuda.graph(graph, pool=pool, stream=side, capture_error_mode="thread_local"):
                    work()
        finally:  # a recording that fails leaves its stream behind
            torch.cuda.set_stream(main)
    return [graph.replay for graph in graphs]


def overwrite(targets: object, sources: object) -> None:
    """Copy every tensor of one structure into the same place of another; those that are the same stay."""
    for target, source in zip(tree_leaves(targets), tree_leaves(sources), strict=True):
        if target is not source:
            target.copy_(source)
