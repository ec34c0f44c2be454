"""Muon, all matrices of one shape at a time: the same steps as torch.optim.Muon in a tenth of the kernels.

torch.optim.Muon goes through the matrices one by one, with some twenty-five small kernels for each. Here matrices of
one shape, and those that have it when transposed, are one batch, and on a GPU the whole step is one CUDA graph.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from nco.envs.recorded import recorded


class BatchedMuon(torch.optim.Muon):
    """Drop-in for torch.optim.Muon with its defaults and its state (Jordan et al. 2024).

    Newton-Schulz runs in bfloat16 on accelerators, as there, but in float32 on the CPU, where bfloat16 is slow. Between
    steps the rate may change; momentum and weight decay are those of the first step.
    """

    def __init__(self, params: Iterable[torch.nn.Parameter], **options: Any) -> None:
        super().__init__(params, **options)
        self._updates: dict[tuple[int, ...], _Update] = {}

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One step on all matrices that have a gradient."""
        for group in self.param_groups:
            matrices = [matrix for matrix in group["params"] if matrix.grad is not None]
            key = tuple(map(id, matrices))
            if key not in self._updates:
                self._updates[key] = _Update(matrices, [self._buffer(matrix) for matrix in matrices], group)
            self._updates[key](float(group["lr"]))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As the parent's; momentum is in other tensors from now on."""
        super().load_state_dict(state_dict)
        self._updates.clear()

    def _buffer(self, matrix: Tensor) -> Tensor:
        state = self.state[matrix]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        buffer: Tensor = state["momentum_buffer"]
        return buffer


class _Update:
    """A step on some matrices, always the same ones."""

    def __init__(self, matrices: list[Tensor], buffers: list[Tensor], group: dict[str, Any]) -> None:
        self.matrices, self.buffers, self.group = matrices, buffers, group
        self.gradients = [torch.zeros_like(matrix) for matrix in matrices]
        self.step = self._work
        if matrices:
            self.rate = torch.zeros((), device=matrices[0].device)
            before = [tensor.clone() for tensor in (*matrices, *buffers)]
            self.step = recorded(self._work, self.rate.device)
            torch._foreach_copy_([*matrices, *buffers], before)

    def __call__(self, rate: float) -> None:
        if self.matrices:
            given = [matrix.grad for matrix in self.matrices if matrix.grad is not None]
            torch._foreach_copy_(self.gradients, given)
            self.rate.fill_(rate)
            self.step()

    def _work(self) -> None:
        momentum, options = self.group["momentum"], self.group
        torch._foreach_lerp_(self.buffers, self.gradients, 1 - momentum)
        updates = torch._foreach_lerp(self.gradients, self.buffers, momentum) if options["nesterov"] else self.buffers
        updates, batches = list(updates), defaultdict(list)
        for k, matrix in enumerate(self.matrices):
            batches[tuple(sorted(matrix.shape))].append(k)
        for batch in batches.values():
            flat = torch.stack([_wide(updates[k]) for k in batch])
            flat = flat.float() if flat.device.type == "cpu" else flat.bfloat16()
            steps = orthogonal(flat, options["ns_coefficients"], options["ns_steps"], options["eps"]).float()
            for k, step in zip(batch, steps, strict=True):
                updates[k] = step.t() if _is_tall(self.matrices[k]) else step
        shapes = [matrix.shape for matrix in self.matrices]
        updates = list(torch._foreach_mul(updates, [math.sqrt(max(1.0, rows / columns)) for rows, columns in shapes]))
        torch._foreach_mul_(updates, -self.rate)
        torch._foreach_mul_(self.matrices, 1 - self.rate * options["weight_decay"])
        torch._foreach_add_(self.matrices, updates)


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
