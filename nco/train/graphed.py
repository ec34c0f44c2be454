"""The encoder's forward and backward pass, each launched as one: their small kernels take longer to launch than to run.

On a GPU each pass is a CUDA graph, recorded once for every shape of the problems. On a CPU, where tests hold that
nothing changes, the same work is done without graphs.
"""

from __future__ import annotations

from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor

from nco.envs.recorded import overwrite, recorded_in_turn
from nco.policies.base import Memory, Policy


class GraphedEncoder:
    """Drop-in for the `encode` of one policy, whose weights stay the same tensors.

    The policy must not look at the values of tensors while it encodes.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._passes: dict[tuple[object, ...], _Passes] = {}

    def __call__(self, instances: TensorDict) -> Memory:
        """As the policy's; the next call overwrites the memory, and backward goes through it once."""
        key = tuple((name, tensor.shape) for name, tensor in instances.items())
        if key not in self._passes:
            self._passes[key] = _Passes(self.policy, instances)
        return self._passes[key](instances)


class _Passes:
    """Both passes for problems of one shape, on tensors of their own."""

    def __init__(self, policy: Policy, instances: TensorDict) -> None:
        self.policy, self.instances, device = policy, instances.clone(), instances["locs"].device.type
        self.mixed = {"device_type": device, "enabled": torch.is_autocast_enabled(device)}
        self._encode()
        learnt = self._learnt()
        self.gradients = [torch.zeros_like(part) for part in learnt]
        weights = list(policy.parameters())
        found = torch.autograd.grad(learnt, weights, self.gradients, allow_unused=True)
        self.weights = [weight for weight, part in zip(weights, found, strict=True) if part is not None]
        self.forward, self.backward = recorded_in_turn((self._encode, self._differentiate), instances["locs"].device)

    def __call__(self, instances: TensorDict) -> Memory:
        overwrite(list(self.instances.values()), list(instances.values()))
        learnt = iter(_Replay.apply(self, *self.weights))  # type: ignore[no-untyped-call]
        told = (None if part is None else next(learnt) if part.requires_grad else part for part in self.memory)
        return Memory._make(told)

    def _encode(self) -> None:
        # no cache of cast weights: the casts belong into the graph, for weights that change between replays
        with torch.enable_grad(), torch.autocast(**self.mixed, cache_enabled=False):
            self.memory = self.policy.encode(self.instances)

    def _differentiate(self) -> None:
        self.found = torch.autograd.grad(self._learnt(), self.weights, self.gradients)

    def _learnt(self) -> list[Tensor]:
        """The parts of the memory that depend on weights."""
        return [part for part in self.memory if part is not None and part.requires_grad]


class _Replay(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, passes: _Passes, *_: Tensor) -> tuple[Tensor, ...]:
        ctx.passes = passes
        ctx.set_materialize_grads(False)
        passes.forward()
        return tuple(part.detach() for part in passes._learnt())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        passes: _Passes = ctx.passes
        for target, gradient in zip(passes.gradients, gradients, strict=True):
            target.zero_() if gradient is None else target.copy_(gradient)
        passes.backward()
        return None, *(part.detach() for part in passes.found)
