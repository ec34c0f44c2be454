"""Memory and time of RRNCO's biases of edges: one narrow network for all layers, beside one wide network a block.

python scripts/edge_memory.py [--batch 64] [--clients 100] [--device cuda] [--forms narrow,plain]

Prints for each form the milliseconds of forward and backward through the biases of 6 layers of two streams, and the
MiB that autograd keeps for the backward pass; on a GPU also the peak. `plain` is what the authors' code does: in each
of the 12 blocks every number of an edge goes through a network of its own of width 128, and a gate blends the results.
"""

import argparse
import statistics
import time

import torch
from torch import Tensor, nn

from nco.nn.edges import EdgeBias, EdgeFunctions
from nco.policies.rrnco import EDGE
from nco.train.phases import mixed_precision

LAYERS, HEADS, NARROW, WIDE, CHANNELS = 6, 8, 32, 128, 3


class Narrow(nn.Module):
    """Ours."""

    def __init__(self) -> None:
        super().__init__()
        self.functions = EdgeFunctions(EDGE, NARROW)
        self.layers = nn.ModuleList(EdgeBias(NARROW, 2 * HEADS) for _ in range(LAYERS))

    def forward(self, edges: Tensor) -> Tensor:
        """Sum of all biases, for a gradient."""
        functions = self.functions(edges)
        return sum((layer(functions).float().mean() for layer in self.layers), torch.zeros(()))


class PlainBlock(nn.Module):
    """One block's bias [B, N, N] from distance, angle and duration, as released."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.ModuleList(
            nn.Sequential(nn.Linear(1, WIDE), nn.ReLU(), nn.Linear(WIDE, WIDE)) for _ in range(CHANNELS)
        )
        self.gate = nn.Sequential(nn.Linear(CHANNELS * WIDE, WIDE), nn.SiLU(), nn.Linear(WIDE, CHANNELS))
        self.out = nn.Linear(WIDE, 1)

    def forward(self, edges: Tensor) -> Tensor:
        """[B, E, N, N] -> [B, N, N]."""
        parts = [layer(edges[:, k, ..., None]) for k, layer in enumerate(self.embed)]
        shares = self.gate(torch.cat(parts, dim=-1)).softmax(dim=-1)
        blended: Tensor = sum(part * shares[..., k : k + 1] for k, part in enumerate(parts))  # type: ignore[assignment]
        bias: Tensor = self.out(blended)[..., 0]
        return bias


class Plain(nn.Module):
    """The authors'."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(PlainBlock() for _ in range(2 * LAYERS))

    def forward(self, edges: Tensor) -> Tensor:
        """Sum of all biases, for a gradient."""
        return sum((block(edges).float().mean() for block in self.blocks), torch.zeros(()))


def measure(model: nn.Module, edges: Tensor, repeats: int) -> str:
    """One line."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    times = []
    with mixed_precision(edges.device), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(edges)
    for turn in range(repeats + 1):
        began = time.perf_counter()
        with mixed_precision(edges.device):
            loss = model(edges)
        loss.backward()
        if edges.device.type == "cuda":
            torch.cuda.synchronize()
        times += [time.perf_counter() - began] if turn else []
    line = f"{1000 * statistics.median(times):9.1f} ms, {sum(kept.values()) / 2**20:9.0f} MiB kept"
    if edges.device.type == "cuda":
        line += f", peak {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--forms", default="narrow,plain")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    nodes = options.clients + 1
    edges = torch.rand(options.batch, EDGE, nodes, nodes, device=options.device)
    for name in options.forms.split(","):
        model = {"narrow": Narrow, "plain": Plain}[name]().to(options.device)
        if options.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        print(f"{name:7s}{measure(model, edges, options.repeats)}", flush=True)


if __name__ == "__main__":
    main()
