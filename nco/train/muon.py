"""Muon, all matrices of one shape at a time: the same steps as torch.optim.Muon in a tenth of the kernels.

torch.optim.Muon goes through the matrices one by one, with some twenty-five small kernels for each. Here matrices of
one shape, and those that have it when transposed, are one batch.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class BatchedMuon(torch.optim.Muon):
    """Drop-in for torch.optim.Muon with its defaults and its state (Jordan et al. 2024).

    Newton-Schulz runs in bfloat16 on accelerators, as there, but in float32 on the CPU, where bfloat16 is slow.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step on all matrices that have a gradient."""
        for group in self.param_groups:
            pairs = [(matrix, matrix.grad) for matrix in group["params"] if matrix.grad is not None]
            if pairs:
                self._step([matrix for matrix, _ in pairs], [gradient for _, gradient in pairs], group)

    def _step(self, matrices: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> None:
        rate, momentum = float(group["lr"]), group["momentum"]
        buffers = [self._buffer(matrix) for matrix in matrices]
        torch._foreach_lerp_(buffers, gradients, 1 - momentum)
        updates = list(torch._foreach_lerp(gradients, buffers, momentum) if group["nesterov"] else buffers)
        batches = defaultdict(list)
        for k, matrix in enumerate(matrices):
            batches[tuple(sorted(matrix.shape))].append(k)
        for batch in batches.values():
            flat = torch.stack([_wide(updates[k]) for k in batch])
            flat = flat.float() if flat.device.type == "cpu" else flat.bfloat16()
            steps = orthogonal(flat, group["ns_coefficients"], group["ns_steps"], group["eps"]).float()
            for k, step in zip(batch, steps, strict=True):
                updates[k] = step.t() if _is_tall(matrices[k]) else step
        scales = [-rate * math.sqrt(max(1.0, matrix.shape[0] / matrix.shape[1])) for matrix in matrices]
        torch._foreach_mul_(matrices, 1 - rate * group["weight_decay"])
        torch._foreach_add_(matrices, torch._foreach_mul(updates, scales))

    def _buffer(self, matrix: Tensor) -> Tensor:
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        buffer: Tensor = state["momentum_buffer"]
        return buffer


def orthogonal(matrices: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """Matrices [K, R, C], R <= C, with all singular values moved near one by a quintic Newton-Schulz iteration."""
    a, b, c = coefficients
    x: Tensor = matrices / torch.linalg.vector_norm(matrices, dim=(1, 2), keepdim=True).clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x


def _is_tall(matrix: Tensor) -> bool:
    return matrix.shape[0] > matrix.shape[1]


def _wide(matrix: Tensor) -> Tensor:
    return matrix.t() if _is_tall(matrix) else matrix
