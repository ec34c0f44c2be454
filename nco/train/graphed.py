"""The encoder's forward and backward pass, each launched as one: their small kernels take longer to launch than to run.

On a GPU each pass is a CUDA graph, recorded once for every shape of the problems. On a CPU, where tests hold that
nothing changes, the same work is done without graphs.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor, nn
from torch.func import functional_call

from nco.envs.recorded import Room, overwrite, recorded_in_turn
from nco.errors import GraphWarning
from nco.policies.base import Memory, Policy


class GraphedEncoder:
    """Drop-in for the `encode` of one policy, whose weights stay the same tensors.

    A policy that looks at the values of tensors while it encodes cannot be recorded: a GraphWarning says so.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._encoder, self._works = _Encoder(policy), True
        self._passes: dict[tuple[object, ...], _Passes] = {}
        self._room: Room | None = None  # one for all shapes

    def __call__(self, instances: TensorDict) -> Memory:
        """As the policy's; the next call overwrites the memory and its gradients, and backward goes through it once."""
        key = tuple((name, tensor.shape) for name, tensor in instances.items())
        if key not in self._passes and self._works:
            device = instances["locs"].device
            if self._room is None and device.type == "cuda":
                self._room = Room(device)
            try:
                self._passes[key] = _Passes(self._encoder, instances, self._room)
            except RuntimeError as error:  # what CUDA and PyTorch have for it
                self._works = False
                what = f"policy '{self.policy.name}' is encoded kernel by kernel: {str(error).partition(chr(10))[0]}"
                warnings.warn(what, GraphWarning, stacklevel=2)
        return self._passes[key](instances) if key in self._passes else self.policy.encode(instances)


class _Encoder(nn.Module):
    """A policy that can be called with other weights than its own."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy

    def forward(self, instances: TensorDict) -> Memory:
        return self.policy.encode(instances)


class _Passes:
    """Both passes for problems of one shape, on tensors of their own.

    The weights go by other names in here: what autograd keeps of a weight remembers the stream on which it was first
    used, which must be that of the recording.
    """

    def __init__(self, encoder: _Encoder, instances: TensorDict, room: Room | None) -> None:
        self.encoder, self.instances, device = encoder, instances.clone(), instances["locs"].device
        self.mixed = {"device_type": device.type, "enabled": torch.is_autocast_enabled(device.type)}
        self.alias = {name: weight.detach().requires_grad_() for name, weight in encoder.named_parameters()}
        self.memory: Memory | None = None
        self._encode()
        self.gradients = [torch.zeros_like(part) for part in self.learnt()]
        every = list(self.alias.values())
        one = torch.ones((), device=device, requires_grad=True)
        torch.autograd.grad(one.sin(), one)  # autograd's thread would warn if its first work were a product of matrices
        found = torch.autograd.grad(self.learnt(), every, self.gradients, allow_unused=True)
        used = [part is not None for part in found]
        self.weights = [weight for weight, is_used in zip(encoder.parameters(), used, strict=True) if is_used]
        self.aliases = [weight for weight, is_used in zip(every, used, strict=True) if is_used]
        self.forward, self.backward = recorded_in_turn((self._encode, self._differentiate), device, room)

    def __call__(self, instances: TensorDict) -> Memory:
        overwrite(list(self.instances.values()), list(instances.values()))
        learnt = iter(_Replay.apply(self, *self.weights))  # type: ignore[no-untyped-call]
        told = (None if part is None else next(learnt) if part.requires_grad else part for part in self.memory or ())
        return Memory._make(told)

    def learnt(self) -> list[Tensor]:
        """The parts of the memory that depend on weights."""
        return [part for part in self.memory or () if part is not None and part.requires_grad]

    def _encode(self) -> None:
        self.memory = None  # and with it all that autograd keeps of the pass before
        # no cache of cast weights: the casts belong into the graph, for weights that change between replays
        with torch.enable_grad(), torch.autocast(**self.mixed, cache_enabled=False):
            self.memory = functional_call(self.encoder, self.alias, (self.instances,))

    def _differentiate(self) -> None:
        self.found = torch.autograd.grad(self.learnt(), self.aliases, self.gradients)


class _Replay(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, passes: _Passes, *_: Tensor) -> tuple[Tensor, ...]:
        ctx.passes = passes
        ctx.set_materialize_grads(False)
        passes.forward()
        return tuple(part.detach() for part in passes.learnt())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        passes: _Passes = ctx.passes
        for target, gradient in zip(passes.gradients, gradients, strict=True):
            target.zero_() if gradient is None else target.copy_(gradient)
        passes.backward()
        return None, *(part.detach() for part in passes.found)
